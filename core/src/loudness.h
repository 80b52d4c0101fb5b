// How loud a window of sound is, weighted by the A curve: tonewright/dsp/loudness.py says what is measured.
#pragma once

#include <cstdint>

#include "transform.h"

namespace tonewright {

class LoudnessMeter {
 public:
  // Allocates. [main thread]
  explicit LoudnessMeter(std::int64_t sample_rate);

  // Samples before, and after, the middle of a window.
  static std::int64_t half(std::int64_t sample_rate) noexcept;

  std::size_t size() const { return transform_.size(); }
  // Of a window of 2 half(sample_rate) samples, in dB; at least -80. [audio thread]
  double level_db(const double* window) noexcept;

 private:
  std::vector<double> window_, weights_;  // of each sample, and of the power of each bin
  Transform transform_;
  Complexes x_;
};

}  // namespace tonewright
