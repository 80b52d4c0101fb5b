// First-order all-passes in a row, whose coefficient moves, and around which the last answer is fed back: what a phaser
// is made of, and how it changes with all of it. Source: Zolzer (ed.), DAFX, 2nd edition, chapter 2 (phasing).
#pragma once

namespace tonewright {

constexpr int kMaxStages = 64;
constexpr int kAllPassPiece = 64;  // samples that all_passes_back plays once more at a time, rather than remember them
constexpr double kMostAllPass = 0.99999;  // a coefficient beyond it counts as this: a stage would ring for ever

// x to y, which may be the same. With u = x + feedback y[t - 1], each stage makes v = a u + s of it, leaves s = u - a v
// and hands v on; the last v is y. coefficient: the a of each sample; `state`: the s of each stage, and then y[t - 1].
// Sample is float or double. With `kept`, [stages + 1] for each kAllPassPiece samples begun, what all_passes_back will
// need is remembered. Never allocates or throws. [audio thread]
template <typename Sample>
void all_passes(int stages, double feedback, const Sample* coefficient, double* state, const Sample* x, Sample* y,
                int samples, double* kept = nullptr) noexcept;

// From by how much something changes with each y (dy) and with the state left behind (d_state), to by how much it
// changes with each x (dx) and with the state that was found (d_state again), and what is added for each coefficient
// and for the feedback. dx is none of the others, and the coefficients are at most kMostAllPass in size.
void all_passes_back(int stages, double feedback, const double* coefficient, const double* x, const double* kept,
                     const double* dy, double* dx, double* d_state, double* d_coefficient, double& d_feedback,
                     int samples) noexcept;

}  // namespace tonewright
