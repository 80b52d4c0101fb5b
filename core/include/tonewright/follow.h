// Ballistics: a level that is followed at one rate when it falls and at another when it rises, and how the following
// changes with both. Source: Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design - A Tutorial and
// Analysis", JAES 60, 2012: the smooth, branching detector.
#pragma once

namespace tonewright {

// y = before + rate (x - before): the part of the way that is gone in a sample, in (0, 1]; attack where x < before,
// release elsewhere. A rate, and not what is kept, because a slow one may be rounded to a float.
struct Rates {
  double attack = 1.0, release = 1.0;
};
constexpr int kRateNumbers = 2;

// x to y, which may be the same; `state` is the y before. Sample is float or double. Never allocates or throws.
// [audio thread]
template <typename Sample>
void follow(const Rates& rates, double& state, const Sample* x, Sample* y, int samples) noexcept;

// From by how much something changes with each y (dy) and with the state left behind (d_state), to by how much it
// changes with each x (dx) and with the state that was found (d_state again), and what both rates add to d_rates. x, y
// and the state found are those of follow(); which rate was taken counts as given.
void follow_back(const Rates& rates, double state, const double* x, const double* y, const double* dy, double* dx,
                 double& d_state, double* d_rates, int samples) noexcept;

}  // namespace tonewright
