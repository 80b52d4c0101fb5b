// Harmonics and filtered noise, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "synth.inl"

namespace tonewright {
const SynthKernels kSynthKernels4{kWidth, turn, sum, sum_back, filter, filter_back};
}
