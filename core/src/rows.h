#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels.h"

namespace tonewright {

// Where a signal lives: rows that grow to the right, block by block, with the last `memory` samples always at hand
// to the left of the block. Whoever makes the signal writes here once, and all who hear it read here. At the end of
// a row the memory moves to the front; a row has room for many blocks, so that a sample moves rarely, and `phase`
// staggers the moves among the signals of a model, so that they do not all fall in one block.
class Rows {
 public:
  Rows() = default;
  Rows(const Rows&) = delete;  // first_ points into samples_
  Rows& operator=(const Rows&) = delete;

  void prepare(int channels, int memory, int max_frames, int phase) {
    channels_ = channels;
    memory_ = static_cast<std::size_t>(memory);
    const std::size_t block = padded(static_cast<std::size_t>(max_frames));
    // Rows of signals without a memory are written at the same place for ever.
    room_ = memory ? padded(memory_) + block + std::max<std::size_t>(2 * padded(memory_), 512) : block;
    stride_ = padded(room_) + 2 * kRowStep;
    if (stride_ % kPage < 2 * kRowStep) stride_ += 2 * kRowStep;
    phase_ = memory ? padded(static_cast<std::size_t>(phase)) % (room_ - padded(memory_)) : 0;
    samples_.assign(stride_ * static_cast<std::size_t>(channels) + 3 * kRowStep, 0.0f);
    // A vector that straddles two lines of the cache costs two reads.
    const auto past = reinterpret_cast<std::uintptr_t>(samples_.data()) % (kRowStep * sizeof(float));
    first_ = past ? samples_.data() + kRowStep - past / sizeof(float) : samples_.data();
    reset();
  }

  std::size_t stride() const { return stride_; }

  void reset() noexcept {
    std::fill(samples_.begin(), samples_.end(), 0.0f);
    at_ = padded(memory_) + phase_;
    next_ = at_;
  }

  // Room for the next block: where to write it, with `memory` samples to its left.
  float* begin(int frames) noexcept {
    const auto count = static_cast<std::size_t>(frames);
    if (memory_) {
      at_ = next_;
      if (at_ + count > room_) rewind();
      next_ = at_ + count;
    }
    return first_ + at_;
  }

 private:
  // Rows whose stride is close to a multiple of this would fall on each other in the cache.
  static constexpr std::size_t kPage = 1024;  // samples

  void rewind() noexcept {
    const std::size_t from = at_ - padded(memory_);
    at_ = padded(memory_);
    for (int c = 0; c < channels_; ++c) {
      float* row = first_ + static_cast<std::size_t>(c) * stride_;
      if (at_ > 4 * kRowStep) {
        std::memmove(row, row + from, at_ * sizeof(float));
        continue;
      }
      // Mostly a few samples: not worth the call.
      for (std::size_t t = 0; t < at_; t += kRowStep) std::memcpy(row + t, row + from + t, kRowStep * sizeof(float));
    }
  }

  int channels_ = 0;
  std::size_t memory_ = 0, room_ = 0, stride_ = 0, phase_ = 0, at_ = 0, next_ = 0;
  std::vector<float> samples_;
  float* first_ = nullptr;
};

}  // namespace tonewright
