// Spectra compared, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "spectral_loss.inl"

namespace tonewright {
const SpectralKernels kSpectralKernels4{kWidth, compare, energy};
}
