// The inner loops of convolutions of many channels and few frames, compiled three times (16, 8 and 4 floats wide) as
// those of kernels.h are. The lanes of a vector are outputs, so one frame is enough to fill them, and the weights are
// read from one end to the other.
#pragma once

#include "kernels.h"
#include "lines.h"

namespace tonewright {

// As Convolution, but frame t hears x[i][t * step + k * dilation], and makes `spread` samples of each output: lane
// o * spread + p is sample t * spread + p of output o.
struct WideConvolution {
  std::vector<Convolution::Term> terms;
  int lanes = 0, depth = 0;  // depth: how many numbers a lane hears, the inputs and taps of all terms
  int step = 1, spread = 1;
  float slope = 1.0f;  // of a leaky ReLU that x goes through first; 1 is none
  Floats weights;      // [tile][term][input][tap][lane of the tile], zeros beyond the lanes
  Floats bias;         // [lanes, rounded up to the width]
};

struct WideKernels {
  int width;  // floats that one instruction works on
  // sources[i] is the x of term i, from the sample that the oldest tap of frame 0 meets on. `heard` has room for
  // room_to_hear() floats. Of what finishes, only sums and leaky ReLUs, and those only where spread is 1.
  void (*play)(const WideConvolution& c, const Signal* sources, const Finish& finish, const Signal& y, float* heard,
               int frames);
};

constexpr int kWideVectors = 3;  // of a tile, or fewer at the end: with 8 frames, 24 of the registers of AVX-512
// The lanes that are computed together next, where so many are still to come.
constexpr int wide_tile(int width, int left) {
  const int vectors = (left + width - 1) / width;
  return width * (vectors < kWideVectors ? vectors : kWideVectors);
}

// Frames that are put in order at once; longer blocks read the weights again. A multiple of 4.
constexpr int frames_at_once(int depth) { return depth <= 1 << 15 ? 32 : depth <= 1 << 17 ? 8 : 4; }

constexpr std::size_t room_to_hear(int depth, int frames) {
  const int most = frames_at_once(depth);
  return static_cast<std::size_t>(depth) * static_cast<std::size_t>(frames < most ? frames : most) + 4;
}

// Of the widest that this CPU runs, or of a width; nullptr where it cannot. [any thread]
const WideKernels* wide_kernels(int width = 0) noexcept;

extern const WideKernels kWideKernels16, kWideKernels8, kWideKernels4;

}  // namespace tonewright
