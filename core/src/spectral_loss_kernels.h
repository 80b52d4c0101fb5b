// The inner loops of spectral_loss.h, compiled three times (16, 8 and 4 floats wide) as those of kernels.h are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lines.h"

namespace tonewright {

// One scale: windows of `size` samples that overlap by three quarters. As many frames as a vector has floats are
// transformed at once, one in each lane: the transforms are short, and so need not be cut for vectors.
struct SpectralScale {
  std::size_t size = 0, hop = 0, half = 0;  // half as many complex numbers as samples
  Floats window;                            // [size]
  std::vector<int> radices;                 // of the passes, the first of them 4
  std::vector<std::size_t> turns_at;        // of each pass, in `turns`
  Floats turns;                             // of each pass: for each butterfly w, w^2 .. as re, im
  std::vector<std::uint32_t> places;        // [half], where the passes leave number k
  Floats bin_turns;                         // [half / 2 + 1], e^(-2 pi i k / size) as re, im
};

// Signals as sheets of hop rows: row m has every hop-th sample from m on, so that neighbours in a row are the same
// sample of neighbouring frames. Rows are `stride` floats apart.
struct SpectralSheets {
  const float *target = nullptr, *estimate = nullptr;
  float* slope = nullptr;  // of the loss, by the estimate: added to; none where nobody asks
  const float* counts = nullptr;  // of each frame: 1, or 0 where it is none and only fills the sheet
  std::size_t stride = 0;
};

// How a bin's magnitudes a and b are compared, and what that weighs in the slope.
struct SpectralTerms {
  float weight = 1.0f;
  float square = 0.0f;  // weight of (a - b)^2 beside the logarithms; 0 takes |a - b| instead, with a weight of 1
  float epsilon = 0.0f;
};

struct SpectralKernels {
  int width;
  // The frames from `first` (a multiple of the width) on: the sum over them and their bins of the distances; slope
  // grows by `weight` times what it changes by. z: scratch, 2 * size * width floats.
  double (*compare)(const SpectralScale& scale, const SpectralSheets& sheets, std::size_t first,
                    const SpectralTerms& terms, float* z);
  // The sum over those frames of the target and their bins of the squares of the magnitudes.
  double (*energy)(const SpectralScale& scale, const SpectralSheets& sheets, std::size_t first);
};

extern const SpectralKernels kSpectralKernels16, kSpectralKernels8, kSpectralKernels4;

}  // namespace tonewright
