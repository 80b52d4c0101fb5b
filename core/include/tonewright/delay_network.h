// A feedback delay network, as a reverb's: delay lines that hear each other, and how it changes with what makes it.
// Source: Jot and Chaigne, "Digital delay networks for designing artificial reverberators", AES 90, 1991; Smith,
// Physical Audio Signal Processing, "Householder Feedback Matrix".
#pragma once

namespace tonewright {

constexpr int kMaxLines = 32, kMaxLineDelay = 1 << 17;
constexpr int kNetworkNumbers = 4, kNetworkKept = 2;

// `count` lines, each of a whole number of samples, which their gains, in front of them a one-pole low-pass each, and
// the mixing I - (2 / count) 1 1^T close into a loop. All arrays are [count].
struct Network {
  int count = 0;
  const int* delays = nullptr;
  const double *gains = nullptr, *damping = nullptr, *inputs = nullptr, *outputs = nullptr;
};

// x to y, which may be the same. Of each line i, r is the w of delays[i] samples ago, p = r + damping[i] (q - r) with q
// the p before, and f = gains[i] p. y is the sum of outputs[i] f, and w = inputs[i] x + f - 2 / count (the sum of all
// f). history: the last delays[i] of w, line after line; at[i] is where the oldest is in line i, and the others follow
// in a ring. low: the p before [count]. Sample is float or double. With `kept` [samples][count][2], what
// delay_network_back will need is remembered. Never allocates or throws. [audio thread]
template <typename Sample>
void delay_network(const Network& network, double* history, int* at, double* low, const Sample* x, Sample* y,
                   int samples, double* kept = nullptr) noexcept;

// From by how much something changes with each y (dy) and with the state left behind (d_history and d_low), to by how
// much it changes with each x (dx) and with the state that was found (the same two again), and what each line adds to
// d_numbers: its gain, damping, input and output, [4][count]. low: the p before the first sample. In d_history, at[i]
// is where the newest is in line i, found and left; the oldest comes after it in the ring. dx is none of the others.
void delay_network_back(const Network& network, const double* low, const double* x, const double* kept,
                        const double* dy, double* dx, double* d_history, int* at, double* d_low, double* d_numbers,
                        int samples) noexcept;

}  // namespace tonewright
