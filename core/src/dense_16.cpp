// The inner loop of layers that hear one sample at a time, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "dense.inl"

namespace tonewright {
const DenseKernels kDenseKernels16{kWidth, true, play_dense, look_ahead};
}
