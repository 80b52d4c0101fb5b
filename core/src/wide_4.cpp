// The inner loops of wide convolutions, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "wide.inl"

namespace tonewright {
const WideKernels kWideKernels4{kWidth, play_wide};
}
