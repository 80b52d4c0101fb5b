// A tone of many harmonics of one gliding pitch, and how it changes with their amplitudes.
// Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 3.1.
#pragma once

#include <cstdint>
#include <vector>

namespace tonewright {

struct SynthKernels;

// Where a tone is between two frames.
struct Tone {
  std::uint64_t phase = 0;  // in units of 2^-64 turns
  double f0_hz = 0.0;       // of the frame before; 0 when there is none
};

// Frame after frame of `hop` samples. Inside a frame the frequency goes straight from the f0 of the frame before to its
// own, and so does each amplitude; sample 0 is still that of the frame before.
class HarmonicBank {
 public:
  // Each at least 1. Allocates. [main thread]
  HarmonicBank(int harmonics, int hop, int sample_rate);

  // Turns through the next frame, which ends at f0_hz (held within 0 and half the sample rate), and moves the tone to
  // its end. [audio thread]
  void turn(Tone& tone, double f0_hz) noexcept;
  // The samples of the frame that turn() went through: y[j] = sum over k of a_k sin(2 pi k phase), where a_k goes from
  // from[k - 1] to to[k - 1]. A harmonic that is above half the sample rate at both ends is left out. [audio thread]
  void play(const float* from, const float* to, float* y) noexcept;
  // From by how much something changes with each y to by how much it changes with each amplitude, which is added to
  // what is there. [audio thread]
  void play_back(const float* dy, float* d_from, float* d_to) noexcept;

 private:
  const SynthKernels& kernels_;
  int harmonics_, hop_, heard_ = 0;
  double sample_rate_;
  std::vector<float> swing_, cosine_, sine_, rise_, made_, early_, late_, lanes_;
};

}  // namespace tonewright
