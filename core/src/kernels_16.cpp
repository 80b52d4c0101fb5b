// The inner loops, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "kernels.inl"

namespace tonewright {
const Kernels kKernels16{kWidth, convolve, unary, binary};
}
