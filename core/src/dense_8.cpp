// The inner loop of layers that hear one sample at a time, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "dense.inl"

namespace tonewright {
const DenseKernels kDenseKernels8{kWidth, true, play_dense, look_ahead};
}
