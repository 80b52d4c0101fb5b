// The last samples of a sound and the block after them, side by side in memory.
#pragma once

#include <cstring>
#include <vector>

#include "kernels.h"

namespace tonewright {

// Rows that grow to the right, block by block; when they reach their end the last `memory` samples move to the front.
// A row has room for many blocks, so a sample moves rarely; `phase` staggers these moves among the layers of a model,
// so that they do not all fall in one block.
class History {
 public:
  void prepare(int channels, int memory, int max_frames, int phase) {
    channels_ = channels;
    memory_ = static_cast<std::size_t>(memory);
    const std::size_t block = padded(static_cast<std::size_t>(max_frames));
    room_ = padded(memory_ + block + (memory_ > block ? memory_ : block)) + kRowStep;
    stride_ = room_ + block;
    phase_ = static_cast<std::size_t>(phase) % block;
    rows_.assign(stride_ * static_cast<std::size_t>(channels) + 2 * kRowStep, 0.0f);
    reset();
  }

  void reset() noexcept {
    std::memset(rows_.data(), 0, rows_.size() * sizeof(float));
    at_ = memory_ + phase_;
  }

  // Takes the next block, and gives the rows from `memory` samples before it on.
  Signal push(Signal x, int frames) noexcept {
    const auto count = static_cast<std::size_t>(frames);
    if (at_ + count > room_) rewind();
    for (int c = 0; c < channels_; ++c)
      std::memcpy(row(c) + at_, x.row(c), count * sizeof(float));
    const Signal behind{rows_.data() + (at_ - memory_), stride_, channels_};
    at_ += count;
    return behind;
  }

 private:
  float* row(int channel) { return rows_.data() + static_cast<std::size_t>(channel) * stride_; }

  void rewind() noexcept {
    for (int c = 0; c < channels_; ++c) std::memmove(row(c), row(c) + (at_ - memory_), memory_ * sizeof(float));
    at_ = memory_;
  }

  int channels_ = 0;
  std::size_t memory_ = 0, room_ = 0, stride_ = 0, phase_ = 0, at_ = 0;
  std::vector<float> rows_;
};

}  // namespace tonewright
