// The inner loops, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "convolve.inl"
#include "elementwise.inl"

namespace tonewright {
const Kernels kKernels4{kWidth, tile_of, convolve, unary, binary};
}
