// The inner loops of wide convolutions, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "wide.inl"

namespace tonewright {
const WideKernels kWideKernels8{kWidth, play_wide};
}
