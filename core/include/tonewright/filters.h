// Second-order filters in a row, by the trapezoidal rule: exact recursions, and how they change with what they are made
// of. Source: Simper, "Linear trapezoidal integrated state variable filter", 2013; Zavalishin, The Art of VA Filter
// Design, chapter 4.
#pragma once

namespace tonewright {

// y = direct x + band b + low l, of the band-pass b and the low-pass l of a state-variable filter whose g is
// tan(pi cutoff / rate) and whose damping k is 1 / Q. Unlike those of a direct form, these numbers may be rounded to
// floats at any cutoff.
struct Section {
  double g = 1.0, k = 1.0, direct = 1.0, band = 0.0, low = 0.0;
};
constexpr int kSectionNumbers = 5, kSectionStates = 2;
constexpr int kSectionKept = 3;  // of each sample: what came in, and both states before it

// x to y through all sections, which may be the same; `state` is [count][2]. Sample is float or double. With `kept`
// [samples][count][3], what filter_back will need is remembered. Never allocates or throws. [audio thread]
template <typename Sample>
void filter(const Section* sections, int count, double* state, const Sample* x, Sample* y, int samples,
            double* kept = nullptr) noexcept;

// From by how much something changes with each y (dy) and with the states left behind (d_state [count][2]), to by how
// much it changes with each x (dx) and with the states that were found (d_state again), and what each section adds to
// d_sections [count][5].
void filter_back(const Section* sections, int count, const double* kept, const double* dy, double* dx, double* d_state,
                 double* d_sections, int samples) noexcept;

}  // namespace tonewright
