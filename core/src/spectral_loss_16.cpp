// Spectra compared, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "spectral_loss.inl"

namespace tonewright {
const SpectralKernels kSpectralKernels16{kWidth, compare, energy};
}
