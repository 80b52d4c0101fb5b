// The inner loops, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "convolve.inl"
#include "elementwise.inl"

namespace tonewright {
const Kernels kKernels16{kWidth, tile_of, convolve, unary, binary};
}
