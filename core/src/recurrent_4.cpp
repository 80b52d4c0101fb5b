// The inner loops of lstm and gru, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "recurrent.inl"

namespace tonewright {
const RecurrentKernels kRecurrentKernels4{kWidth, play_recurrent};
}
