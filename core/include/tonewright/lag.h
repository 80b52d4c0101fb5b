// A one-pole whose time constant depends on where it is, as a photoresistor's, and how it changes with its numbers.
// Source: the vactrol model of Guitarix, after "transmogrifox".
#pragma once

namespace tonewright {

// y = before + (x - before) / (1 + tau), where tau = slow^(1 - p) fast^p and p is `before` within 0 to 1: time
// constants in samples, above 0.
struct Lags {
  double slow = 1.0, fast = 1.0;
};
constexpr int kLagNumbers = 2;

// x to y, which may be the same; `state` is the y before. Sample is float or double. Never allocates or throws.
// [audio thread]
template <typename Sample>
void lag(const Lags& lags, double& state, const Sample* x, Sample* y, int samples) noexcept;

// From by how much something changes with each y (dy) and with the state left behind (d_state), to by how much it
// changes with each x (dx) and with the state that was found (d_state again), and what slow and fast add to d_lags. x,
// y and the state found are those of lag().
void lag_back(const Lags& lags, double state, const double* x, const double* y, const double* dy, double* dx,
              double& d_state, double* d_lags, int samples) noexcept;

}  // namespace tonewright
