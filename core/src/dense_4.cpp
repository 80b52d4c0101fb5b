// The inner loop of layers that hear one sample at a time, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "dense.inl"

namespace tonewright {
const DenseKernels kDenseKernels4{kWidth, false, play_dense, look_ahead};
}
