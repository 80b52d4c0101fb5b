// The inner loops, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "kernels.inl"

namespace tonewright {
const Kernels kKernels8{kWidth, convolve, unary, binary};
}
