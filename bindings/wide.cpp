// Convolutions of many channels and their gradients, as Python sees them.

#include "wide_kernels.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Weights = nb::ndarray<const float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Bias = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using In = nb::ndarray<const float, nb::ndim<3>, nb::device::cpu>;
using Out = nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

template <typename Sample, typename Array>
Sounds<Sample> sounds(const Array& array) {
  if (array.stride(2) != 1 && array.shape(2) > 1) throw nb::value_error("a sound wants its samples side by side");
  return {array.data(), array.stride(0), array.stride(1)};
}

// What both sounds and the weights say of each other, checked.
template <typename Fine, typename Coarse, typename Heard>
WideShape shape_of(const Fine& fine, const Coarse& coarse, const Heard& weights, std::size_t stride, std::size_t dilation) {
  const WideShape shape{fine.shape(0),    weights.shape(1), weights.shape(0), weights.shape(2),
                        stride,           dilation,         fine.shape(2),    coarse.shape(2)};
  constexpr std::size_t kMost = std::size_t{1} << 20;
  if (shape.kernel > kMost || stride > kMost || dilation > kMost || coarse.shape(0) != shape.batch ||
      fine.shape(1) != shape.fine || coarse.shape(1) != shape.coarse || !shape.fits())
    throw nb::value_error("a convolution wants sounds [B, fine, T] and [B, coarse, N], and weights [coarse, fine, kernel]");
  return shape;
}

const float* bias_of(const Bias& bias, std::size_t channels) {
  if (!bias.is_valid()) return nullptr;
  check_size("bias", bias, channels);
  return bias.data();
}

void gather(Weights weights, Bias bias, In fine, Out coarse, std::size_t stride, std::size_t dilation) {
  const WideShape shape = shape_of(fine, coarse, weights, stride, dilation);
  const float* offsets = bias_of(bias, shape.coarse);
  const auto from = sounds<const float>(fine);
  const auto to = sounds<float>(coarse);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  wide_kernels()->gather(shape, weights.data(), offsets, from, to);
}

void spread(Weights weights, Bias bias, In coarse, Out fine, std::size_t stride, std::size_t dilation) {
  const WideShape shape = shape_of(fine, coarse, weights, stride, dilation);
  const float* offsets = bias_of(bias, shape.fine);
  const auto from = sounds<const float>(coarse);
  const auto to = sounds<float>(fine);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  wide_kernels()->spread(shape, weights.data(), offsets, from, to);
}

void slopes(In fine, In coarse, Out weights, std::size_t stride, std::size_t dilation) {
  const WideShape shape = shape_of(fine, coarse, weights, stride, dilation);
  const auto x = sounds<const float>(fine), dy = sounds<const float>(coarse);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  wide_kernels()->slopes(shape, x, dy, weights.data());
}

}  // namespace

void bind_wide(nb::module_& m) {
  m.def("wide_gather", &gather, nb::arg("weights").noconvert(), nb::arg("bias").noconvert().none(),
        nb::arg("fine").noconvert(), nb::arg("coarse").noconvert(), nb::arg("stride"), nb::arg("dilation"));
  m.def("wide_spread", &spread, nb::arg("weights").noconvert(), nb::arg("bias").noconvert().none(),
        nb::arg("coarse").noconvert(), nb::arg("fine").noconvert(), nb::arg("stride"), nb::arg("dilation"));
  m.def("wide_slopes", &slopes, nb::arg("fine").noconvert(), nb::arg("coarse").noconvert(),
        nb::arg("weights").noconvert(), nb::arg("stride"), nb::arg("dilation"));
}
