// The inner loop of a layer that hears one sample at a time, compiled three times (16, 8 and 4 floats wide) as those of
// kernels.h are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels.h"

namespace tonewright {

// y[o] = bias[o] + the sum over what the layer hears, x[run * step + j * stride], of its weight. A lane is an output.
struct Dense {
  int outputs = 0;
  int runs = 1, length = 1;
  std::size_t step = 0, stride = 1;  // floats
  std::size_t sample = 1;            // floats from one sample of x to the next
  bool dots = false;                 // one output: lanes are inputs
  const float* bias = nullptr;       // [outputs, rounded up to kRowStep]
  // [tile][run][j][lane of the tile]; of one output that `dots`, [run][j].
  const float* weights = nullptr;
  const std::uint16_t* halves = nullptr;  // the same in half precision, instead
};

struct DenseKernels {
  int width;
  bool halves;  // it can read them
  // Vectors of x and y, one float for each channel; y may be written up to the next multiple of kRowStep. `addend`, of
  // as many channels as y, is added; nullptr for none. The sum begins with `start` instead of the bias and leaves out
  // the first `left_out` of what the layer hears, where that is one run. [audio thread]
  void (*play)(const Dense& layer, const float* start, int left_out, const float* x, const float* addend, float* y);
  // The same for kAhead samples at once, each of which hears x one sample later: to [kAhead][width]. What of x is still
  // to come is 0. Where the layer hears one run. [audio thread]
  void (*look_ahead)(const Dense& layer, const float* x, float* to, std::size_t width);
};

constexpr int kAhead = 16;  // samples

// The vectors of outputs that are computed together next, where so many are still to come: their sums stay in
// registers while the weights pass by once.
constexpr int vectors_of_tile(int width, int left) {
  int vectors = width == 16 ? 16 : 8;  // AVX-512 has 32 registers, the others 16
  while (vectors > left) vectors /= 2;
  return vectors;
}

extern const DenseKernels kDenseKernels16, kDenseKernels8, kDenseKernels4;

}  // namespace tonewright
