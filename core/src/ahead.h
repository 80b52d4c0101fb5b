// A layer inside a loop that remembers much.
#pragma once

#include <algorithm>

#include "dense.h"
#include "past.h"

namespace tonewright {

// Most of what such a layer hears of the next samples' past is known before they are: their shares of it are computed
// for kAhead samples together, for which its weights are read once, and only the newest samples are heard one by one.
class Ahead {
 public:
  static bool pays(const Dense& layer, const DenseShape& shape) {
    return layer.runs == 1 && !layer.dots && shape.taps >= 2 * kAhead;
  }

  void prepare(const DenseShape& shape, int memory) {
    shape_ = shape;
    memory_ = memory;
    width_ = padded(static_cast<std::size_t>(shape.outputs));
    shares_.assign(kAhead * width_, 0.0f);
    forget();
  }

  // The shares do not hold any more: the past has become another one. [audio thread]
  void forget() noexcept { used_ = kAhead; }

  // Plays a sample. [audio thread]
  void play(const DenseKernels& kernels, const Dense& layer, Past& past, const float* from, const float* addend,
            float* to) noexcept {
    if (used_ == kAhead) {
      kernels.look_ahead(layer, past.before(kAhead), shares_.data(), width_);
      used_ = 0;
    }
    const float* share = shares_.data() + static_cast<std::size_t>(used_) * width_;
    kernels.play(layer, share, known(used_) * shape_.inputs, past.push(from), addend, to);
    ++used_;
  }

 private:
  // Taps of a sample that hear what came before the shares were computed, when so many samples have come since.
  int known(int since) const noexcept {
    const int span = std::max(0, memory_ - since);
    return std::min(shape_.taps, span / shape_.dilation + (span % shape_.dilation != 0));
  }

  DenseShape shape_;
  int memory_ = 0, used_ = kAhead;
  std::size_t width_ = 0;
  Floats shares_;  // [kAhead][width]
};

}  // namespace tonewright
