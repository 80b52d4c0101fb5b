// Transforms and long sums over taps, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "fft.inl"

namespace tonewright {
const FftKernels kFftKernels8{kWidth, transform, add_product, direct};
}
