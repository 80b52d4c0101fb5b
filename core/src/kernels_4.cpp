// The inner loops, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "kernels.inl"

namespace tonewright {
const Kernels kKernels4{kWidth, convolve, unary, binary};
}
