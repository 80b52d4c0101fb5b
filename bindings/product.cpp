// Products of matrices, and a GRU forward and backward, as Python sees them.

#include "product_kernels.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Strided = nb::ndarray<const float, nb::ndim<2>, nb::device::cpu>;
using In = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using OutRows = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using OutSounds = nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

Matrix matrix(const Strided& from) { return {from.data(), from.stride(0), from.stride(1)}; }

void multiply(Strided left, Strided right, OutRows to) {
  const std::size_t m = left.shape(0), k = left.shape(1), n = right.shape(1);
  if (right.shape(0) != k || to.shape(0) != m || to.shape(1) != n)
    throw nb::value_error("multiply wants [m, k], [k, n] and [m, n]");
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  product_kernels()->multiply(matrix(left), matrix(right), m, k, n, to.data(), n, false);
}

// What both ways of a GRU are given, checked.
template <typename Sounds>
GruShape shape_of(const Sounds& y, const Strided& weight) {
  const GruShape shape{y.shape(0), y.shape(1), y.shape(2)};
  if (weight.shape(0) != 3 * shape.hidden || weight.shape(1) != shape.hidden)
    throw nb::value_error("weight_hh wants [3 hidden, hidden]");
  return shape;
}

void gru_forward(OutSounds gates, Strided weight_hh, In bias, In first, OutSounds y, Out late) {
  const GruShape shape = shape_of(y, weight_hh);
  const std::size_t sounds = shape.batch * shape.hidden, all = sounds * shape.samples;
  check_size("gates", gates, 3 * all);
  check_size("bias", bias, 4 * shape.hidden);
  check_size("first", first, sounds);
  check_size("late", late, all);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  product_kernels()->gru(shape, gates.data(), matrix(weight_hh), bias.data(), first.data(), y.data(), late.data());
}

void gru_backward(In gates, Strided weight_hh, In first, OutSounds y, In late, In dy, Out d_last, Out slopes) {
  const GruShape shape = shape_of(y, weight_hh);
  const std::size_t sounds = shape.batch * shape.hidden, all = sounds * shape.samples;
  check_size("gates", gates, 3 * all);
  check_size("first", first, sounds);
  check_size("late", late, all);
  check_size("dy", dy, all);
  check_size("d_last", d_last, sounds);
  check_size("slopes", slopes, 4 * all);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  product_kernels()->gru_back(shape, gates.data(), matrix(weight_hh), first.data(), y.data(), late.data(), dy.data(),
                              d_last.data(), slopes.data());
}

}  // namespace

void bind_product(nb::module_& m) {
  m.def("multiply", &multiply, nb::arg("left").noconvert(), nb::arg("right").noconvert(), nb::arg("to").noconvert());
  m.def("gru_forward", &gru_forward, nb::arg("gates").noconvert(), nb::arg("weight_hh").noconvert(),
        nb::arg("bias").noconvert(), nb::arg("first").noconvert(), nb::arg("y").noconvert(), nb::arg("late").noconvert());
  m.def("gru_backward", &gru_backward, nb::arg("gates").noconvert(), nb::arg("weight_hh").noconvert(),
        nb::arg("first").noconvert(), nb::arg("y").noconvert(), nb::arg("late").noconvert(), nb::arg("dy").noconvert(),
        nb::arg("d_last").noconvert(), nb::arg("slopes").noconvert());
}
