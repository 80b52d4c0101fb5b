// How far the magnitude spectra of two sounds are apart at several scales, and how that changes with one of them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace tonewright {

// How sounds of several channels are compared in parts of their own loudness.
struct RelativeSpectra {
  float epsilon = 1e-7f;  // above 0
  double floor = 1e-4;    // above 0: an item whose channels add to a fainter mean square counts as so loud
};

// For each scale, the mean over all frames and bins of |A - B| + |log((A + 1e-7) / (B + 1e-7))|, of the magnitudes A of
// the target and B of the estimate, and the sum of these over the scales. Frames are `size` samples by Hann's window,
// size / 4 apart, the first centred on the first sample; beyond its ends a sound is mirrored.
//
// The slope of a magnitude is 0 where it is 0, and fades towards that below 1e-15. One object may be used by several
// threads at once.
class SpectralLoss {
 public:
  // Whether windows can be so long: 32 times a product of twos and threes, up to 2^16.
  static bool can(std::size_t size) noexcept;
  // Sizes for which can() is true, at least one. `width`: floats that one instruction works on, or 0 for the widest.
  explicit SpectralLoss(const std::vector<std::size_t>& sizes, int width = 0);
  ~SpectralLoss();

  // target and estimate [items][samples], more samples than half the longest window. Into d_estimate, of that shape
  // too and untouched where it is nullptr, comes how the value changes with the estimate. Allocates.
  double operator()(const float* target, const float* estimate, std::size_t items, std::size_t samples,
                    float* d_estimate) const;
  // Of sounds [items][channels][samples], for each scale and item, the sum of (A - B)^2 in parts of the sum of A^2,
  // over channels, frames and bins, plus the mean of |log((A + epsilon) / (B + epsilon))|; a mean over the items.
  double operator()(const float* target, const float* estimate, std::size_t items, std::size_t channels,
                    std::size_t samples, const RelativeSpectra& relative, float* d_estimate) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tonewright
