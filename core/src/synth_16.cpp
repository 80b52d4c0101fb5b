// Harmonics and filtered noise, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "synth.inl"

namespace tonewright {
const SynthKernels kSynthKernels16{kWidth, turn, sum, sum_back, filter, filter_back};
}
