// The inner loops of convolutions of many channels, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "teaching_wide_tile.inl"

#include "teaching_wide_turns.inl"

#include "teaching_wide_heard.inl"

#include "teaching_wide_strips.inl"

#include "teaching_wide.inl"

#include "teaching_wide_slopes.inl"

namespace tonewright {
const TeachingWideKernels kTeachingWideKernels16{kWidth, gather, spread, slopes};
}
