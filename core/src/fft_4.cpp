// Transforms and long sums over taps, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "fft.inl"

namespace tonewright {
const FftKernels kFftKernels4{kWidth, transform, add_product, direct};
}
