// The inner loops of wide convolutions, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "wide.inl"

namespace tonewright {
const WideKernels kWideKernels16{kWidth, play_wide};
}
