// What the nodes of follow and lag share: a memory for each channel, played with two numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "operation.h"

namespace tonewright {

template <typename Numbers>
class OnePole : public Operation {
 public:
  using Play = void (*)(const Numbers&, double&, const float*, float*, int) noexcept;

  OnePole(Play play, const Numbers& numbers, double start, int count) : play_(play), numbers_(numbers), start_(start) {
    channels = count;
    state_.assign(static_cast<std::size_t>(count), start);
  }

  void reset() noexcept override { std::fill(state_.begin(), state_.end(), start_); }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int c = 0; c < channels; ++c) {
      double& state = state_[static_cast<std::size_t>(c)];
      play_(numbers_, state, in->row(c), y.row(c), frames);
      if (!std::isfinite(state)) state = start_;  // what overflowed before it would stay for ever
    }
  }

 private:
  Play play_;
  Numbers numbers_;
  double start_;
  std::vector<double> state_;
};

}  // namespace tonewright
