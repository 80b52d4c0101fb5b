// Spectra compared, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "spectral_loss.inl"

namespace tonewright {
const SpectralKernels kSpectralKernels8{kWidth, compare, energy};
}
