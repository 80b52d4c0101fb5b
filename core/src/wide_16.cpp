// The inner loops of convolutions of many channels, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "wide_tile.inl"

#include "wide_strips.inl"

#include "wide.inl"

namespace tonewright {
const WideKernels kWideKernels16{kWidth, gather, spread, slopes};
}
