// A delay line that feeds itself, at fractional delays that may move, and how its sound changes with what it is made
// of. Source: Laakso, Valimaki, Karjalainen and Laine, "Splitting the Unit Delay", IEEE Signal Processing Magazine 13,
// 1996: the interpolator of Lagrange.
#pragma once

namespace tonewright {

// y = r + damping (before - r), of the line r so many samples ago and the y before; x + feedback y goes into the line.
struct DelayLoop {
  double feedback = 0.0, damping = 0.0;
};
constexpr int kDelayLoopNumbers = 2;

// Delays are from 2 on, for a fractional one also reads the sample after it, which must be in the line already; up to
// `most`, where it reads two samples further back.
constexpr int kLeastDelay = 2, kDelayReach = 2;

// Delays in samples: one for all, or with a step of 1 one for each. What is outside of the limits counts as the limit.
template <typename Sample>
struct Delays {
  const Sample* samples = nullptr;
  int step = 0, most = kLeastDelay;
};

// The line: a ring of `size` samples, the next of which goes to `at`. It holds at least most + kDelayReach + 1, and has
// room for kGuard more behind them, where the first ones stand again so that every reading is one piece of memory.
struct DelayRing {
  static constexpr int kGuard = 3;
  double* samples = nullptr;
  int size = 0, at = 0;
};

// x to y; x may be what is in the ring from `at` on. `last` is the y before. Never allocates or throws. [audio thread]
template <typename Sample>
void delay_line(const DelayLoop& loop, const Delays<Sample>& delays, DelayRing& ring, double& last, const Sample* x,
                Sample* y, int samples) noexcept;

// The line as it is after delay_line() went through a ring that never turned: most + kDelayReach samples of before, and
// then those of the block.
struct DelayPast {
  const double* line = nullptr;
  const double* y = nullptr;
  double last = 0.0;  // as it was found
};

// By how much something changes with what delay_line() was given; all of it but d_line and d_last is added to.
struct DelayChange {
  double* d_line = nullptr;  // with what was left in the line -> with what was in it, and then with each x
  double* d_delays = nullptr;
  double d_last = 0.0;  // with the last y that was left -> with the one that was found
  double* d_loop = nullptr;
};

// From by how much something changes with each y (dy) and with what was left, to by how much it changes with the rest.
// Where a delay was outside of the limits nothing changes with it.
void delay_line_back(const DelayLoop& loop, const Delays<double>& delays, const DelayPast& past, const double* dy,
                     DelayChange& change, int samples) noexcept;

}  // namespace tonewright
