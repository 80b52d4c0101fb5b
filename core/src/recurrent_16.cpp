// The inner loops of lstm and gru, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "recurrent.inl"

namespace tonewright {
const RecurrentKernels kRecurrentKernels16{kWidth, play_recurrent};
}
