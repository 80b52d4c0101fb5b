// The inner loops of convolutions of many channels, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "wide_tile.inl"

#include "wide_turns.inl"

#include "wide_heard.inl"

#include "wide_strips.inl"

#include "wide.inl"

#include "wide_slopes.inl"

namespace tonewright {
const WideKernels kWideKernels16{kWidth, gather, spread, slopes};
}
