// The inner loops of lstm and gru, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "recurrent.inl"

namespace tonewright {
const RecurrentKernels kRecurrentKernels8{kWidth, play_recurrent};
}
