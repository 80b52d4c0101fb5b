// What a layer inside a loop remembers of what it hears.
#pragma once

#include <algorithm>
#include <cstring>

#include "lines.h"

namespace tonewright {

// The last samples, the channels of each side by side, so that a kernel's window is one piece of memory. They lie in a
// row with room for many more; at its end they move to the front.
class Past {
 public:
  // In floats.
  static std::size_t room(std::size_t channels, std::size_t memory) { return channels * (2 * memory + kSpare); }

  void prepare(int channels, int memory) {
    channels_ = static_cast<std::size_t>(channels);
    memory_ = static_cast<std::size_t>(memory) * channels_;
    samples_.assign(room(channels_, static_cast<std::size_t>(memory)), 0.0f);
    next_ = memory_;
  }

  void reset() noexcept {
    std::fill(samples_.begin(), samples_.end(), 0.0f);
    next_ = memory_;
  }

  // Takes the newest sample. Returns the oldest that is still remembered, with all others to its right.
  const float* push(const float* sample) noexcept {
    if (next_ == samples_.size()) rewind();
    float* row = samples_.data();
    if (channels_ == 1)
      row[next_] = *sample;
    else
      std::memcpy(row + next_, sample, channels_ * sizeof(float));
    next_ += channels_;
    return row + next_ - memory_ - channels_;
  }

  // What push() will return next, with zeros in place of that sample and those after it, `count` in all. None of them
  // will move it.
  const float* before(int count) noexcept {
    const std::size_t room = static_cast<std::size_t>(count) * channels_;
    if (next_ + room > samples_.size()) rewind();
    std::fill_n(samples_.data() + next_, room, 0.0f);
    return samples_.data() + next_ - memory_;
  }

 private:
  static constexpr std::size_t kSpare = 256;  // samples

  void rewind() noexcept {
    float* row = samples_.data();
    std::memmove(row, row + next_ - memory_, memory_ * sizeof(float));
    next_ = memory_;
  }

  std::size_t channels_ = 1, memory_ = 0, next_ = 0;  // in floats
  Floats samples_;
};

}  // namespace tonewright
