// Convolutions of many channels and their gradients, as Python sees them.

#include "teaching_wide_kernels.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Weights = nb::ndarray<const float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Bias = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using In = nb::ndarray<const float, nb::ndim<3>, nb::device::cpu>;
using Out = nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

constexpr std::size_t kMost = std::size_t{1} << 20;  // of taps, steps and samples beside a sound

template <typename Sample, typename Array>
Sounds<Sample> sounds(const Array& array, std::size_t batch, std::size_t channels) {
  if (array.shape(0) != batch || array.shape(1) != channels || (array.shape(2) > 1 && array.stride(2) != 1))
    throw nb::value_error("a convolution wants sounds [B, channels of its weights, T], their samples side by side");
  return {array.data(), array.stride(0), array.stride(1), array.shape(2)};
}

// A sound with its past, of which there may be nothing but the length; `slope` of a leaky ReLU.
Heard heard(const In& now, const In& past, std::size_t before, float slope, std::size_t batch, std::size_t channels) {
  Heard made{sounds<const float>(now, batch, channels), {}, before, slope};
  if (past.is_valid()) made.past = sounds<const float>(past, batch, channels);
  if (before > kMost || (past.is_valid() && past.shape(2) != before))
    throw nb::value_error("a convolution wants a past of as many samples as are said");
  return made;
}

template <typename Array>
TeachingWideShape shape_of(std::size_t batch, const Array& weights, std::size_t stride, std::size_t dilation) {
  const TeachingWideShape shape{batch, weights.shape(1), weights.shape(0), weights.shape(2), stride, dilation};
  if (shape.kernel - 1 >= kMost || stride - 1 >= kMost || dilation - 1 >= kMost || shape.span() >= kMost)
    throw nb::value_error("a convolution wants a kernel, a stride and a dilation of 1 or more, and not of millions");
  return shape;
}

const float* bias_of(const Bias& bias, std::size_t channels) {
  if (!bias.is_valid()) return nullptr;
  check_size("bias", bias, channels);
  return bias.data();
}

Bent bent_of(const In& at, float slope, const Sounds<float>& to, std::size_t batch, std::size_t channels) {
  if (!at.is_valid()) return {};
  const Bent bent{sounds<const float>(at, batch, channels), slope};
  if (bent.at.samples != to.samples) throw nb::value_error("a convolution wants as many samples of what was bent as it makes");
  return bent;
}

void gather(Weights weights, Bias bias, In fine, In past, std::size_t before, float slope, In bent, float bent_slope,
            Out coarse, std::size_t stride, std::size_t dilation) {
  const TeachingWideShape shape = shape_of(fine.shape(0), weights, stride, dilation);
  const Heard from = heard(fine, past, before, slope, shape.batch, shape.fine);
  const Sounds<float> to = sounds<float>(coarse, shape.batch, shape.coarse);
  const float* offsets = bias_of(bias, shape.coarse);
  const Bent shades = bent_of(bent, bent_slope, to, shape.batch, shape.coarse);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  teaching_wide_kernels()->gather(shape, weights.data(), offsets, from, shades, to);
}

void spread(Weights weights, Bias bias, In coarse, In past, std::size_t before, float slope, std::size_t skip, In bent,
            float bent_slope, Out fine, std::size_t stride, std::size_t dilation) {
  const TeachingWideShape shape = shape_of(coarse.shape(0), weights, stride, dilation);
  const Heard from = heard(coarse, past, before, slope, shape.batch, shape.coarse);
  const Sounds<float> to = sounds<float>(fine, shape.batch, shape.fine);
  const float* offsets = bias_of(bias, shape.fine);
  const Bent shades = bent_of(bent, bent_slope, to, shape.batch, shape.fine);
  if (skip > kMost * kMost) throw nb::value_error("wide_spread wants to skip fewer samples");
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  teaching_wide_kernels()->spread(shape, weights.data(), offsets, from, skip, shades, to);
}

void slopes(In fine, In fine_past, std::size_t fine_before, float fine_slope, In coarse, In coarse_past,
            std::size_t coarse_before, float coarse_slope, Out weights, std::size_t stride, std::size_t dilation) {
  const TeachingWideShape shape = shape_of(fine.shape(0), weights, stride, dilation);
  const Heard x = heard(fine, fine_past, fine_before, fine_slope, shape.batch, shape.fine);
  const Heard dy = heard(coarse, coarse_past, coarse_before, coarse_slope, shape.batch, shape.coarse);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  teaching_wide_kernels()->slopes(shape, x, dy, weights.data());
}

}  // namespace

void bind_wide(nb::module_& m) {
  const auto given = [](const char* name) { return nb::arg(name).noconvert(); };
  const auto perhaps = [](const char* name) { return nb::arg(name).noconvert().none(); };
  m.def("wide_gather", &gather, given("weights"), perhaps("bias"), given("fine"), perhaps("past"), nb::arg("before"),
        nb::arg("slope"), perhaps("bent"), nb::arg("bent_slope"), given("coarse"), nb::arg("stride"), nb::arg("dilation"));
  m.def("wide_spread", &spread, given("weights"), perhaps("bias"), given("coarse"), perhaps("past"), nb::arg("before"),
        nb::arg("slope"), nb::arg("skip"), perhaps("bent"), nb::arg("bent_slope"), given("fine"), nb::arg("stride"),
        nb::arg("dilation"));
  m.def("wide_slopes", &slopes, given("fine"), perhaps("fine_past"), nb::arg("fine_before"), nb::arg("fine_slope"),
        given("coarse"), perhaps("coarse_past"), nb::arg("coarse_before"), nb::arg("coarse_slope"), given("weights"),
        nb::arg("stride"), nb::arg("dilation"));
}
