// The inner loops, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "convolve.inl"
#include "elementwise.inl"

namespace tonewright {
const Kernels kKernels8{kWidth, tile_of, convolve, unary, binary};
}
