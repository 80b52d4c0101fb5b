// The inner loops of convolutions of many channels, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "teaching_wide_tile.inl"

#include "teaching_wide_turns.inl"

#include "teaching_wide_heard.inl"

#include "teaching_wide_strips.inl"

#include "teaching_wide.inl"

#include "teaching_wide_slopes.inl"

namespace tonewright {
const TeachingWideKernels kTeachingWideKernels8{kWidth, gather, spread, slopes};
}
