// Harmonics and filtered noise, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "synth.inl"

namespace tonewright {
const SynthKernels kSynthKernels8{kWidth, turn, sum, sum_back, filter, filter_back};
}
