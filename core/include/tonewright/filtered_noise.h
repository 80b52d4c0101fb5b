// Noise that any player makes alike, through a filter that changes from frame to frame.
// Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 3.2; the numbers by
// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014 (SplitMix64).
#pragma once

#include <cstdint>
#include <vector>

namespace tonewright {

struct SynthKernels;

// Samples first, first + 1, ... of the noise of that seed, even in [-1, 1). [audio thread]
void white_noise(std::uint64_t seed, std::uint64_t first, float* samples, int count) noexcept;

// Frame after frame of `hop` samples. A filter is symmetric and given by its later half: h[0] in the middle to
// h[reach - 1]. Inside a frame, what comes through the filter of the frame before fades out and what comes through its
// own fades in, both straight.
class FilteredNoise {
 public:
  // Each at least 1. Allocates. [main thread]
  FilteredNoise(int reach, int hop);

  // Makes the noise around the frame that begins at sample `first`; quicker when that is the next one. [audio thread]
  void hear(std::uint64_t seed, std::uint64_t first) noexcept;
  // The samples of that frame. [audio thread]
  void play(const float* from, const float* to, float* y) noexcept;
  // From by how much something changes with each y to by how much it changes with each number of the two filters,
  // which is added to what is there. [audio thread]
  void play_back(const float* dy, float* d_from, float* d_to) noexcept;

 private:
  const SynthKernels& kernels_;
  int reach_, hop_;
  bool hears_ = false;
  std::uint64_t seed_ = 0, first_ = 0;  // of the noise that is heard
  std::vector<float> noise_, swing_, rise_, made_, early_, late_, d_early_, d_late_;
};

}  // namespace tonewright
