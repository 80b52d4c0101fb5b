// A ramp from 0 to 1, again and again: what a low-frequency oscillator is shaped from.
#pragma once

#include "operation.h"

namespace tonewright {

// Where in a turn sample n is: the fraction of phase + n rate_hz / sample_rate, in units of 2^-64 turns. Whole numbers
// that wrap: after an hour it is as exact as at first, wherever blocks were cut.
struct Turns {
  std::uint64_t phase = 0, step = 0;

  Turns() = default;
  // |phase| of at most a million turns, and 0 < rate_hz < sample_rate / 2.
  Turns(double rate_hz, double phase, std::int64_t sample_rate) noexcept;
  std::uint64_t at(std::int64_t n) const noexcept { return phase + step * static_cast<std::uint64_t>(n); }
};

// FileError when it turns at no possible rate. [main thread]
std::unique_ptr<Operation> make_phasor(const Json& node, const Tensors& tensors);

}  // namespace tonewright
