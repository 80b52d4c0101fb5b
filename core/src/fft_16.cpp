// Transforms and long sums over taps, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "fft.inl"

namespace tonewright {
const FftKernels kFftKernels16{kWidth, transform, add_product, direct};
}
