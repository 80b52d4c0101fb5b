// The inner loops of teaching, compiled three times (16, 8 and 4 floats wide).
#pragma once

#include <cstddef>
#include <vector>

#include "tonewright/teaching.h"

namespace tonewright {
namespace teaching {

constexpr int kStep = 16;    // samples: all lengths are multiples of it, so that there are whole vectors only
constexpr int kLanes = 4;    // in which a correlation is summed
constexpr int kMargin = 64;  // samples of silence before and behind every row, into which a tile may reach

// Rows of samples, one per channel. Time is counted from the end: the newest sample is at -1 and the oldest at
// -length, for every sound of a crop, so that what happens together has one number.
struct Sound {
  float* end = nullptr;  // behind the newest sample of the first channel
  std::ptrdiff_t stride = 0;
  int channels = 0, length = 0;

  float* row(int channel) const { return end + channel * stride; }
};

// y[o][t] = bias[o] + addend[o][t] + sum over terms, taps k and inputs i of
// weight[o][i][k] * source[i][t + first + k * step], where what lies outside of a source is silence.
struct Product {
  struct Term {
    int inputs, taps, first, step;
  };
  int outputs = 0;
  int tile = 1;                // outputs that are computed together, as Kernels::tile chose
  std::vector<Term> terms;     // at most kTerms
  std::vector<float> weights;  // [outputs / tile][term][tap][input][tile], zeros beyond the outputs
  std::vector<float> bias;     // [outputs, rounded up to the tile]
  std::size_t tile_size = 0;   // weights of one tile
};
constexpr int kTerms = 2;

struct Kernels {
  int width;  // floats that one instruction works on
  // Outputs to compute together in a product that has so many.
  int (*tile)(int outputs);
  // y for t in [from, to), both multiples of kStep. y may be the addend; addend may be nullptr.
  void (*product)(const Product& p, const Sound* sources, const Sound* addend, Sound y, int from, int to);
  // sums[i][o] += x[i][t + shift] * g[o][t] over t in [from, to), lane by lane and in an order of tiles that
  // `harvest` knows. sums has inputs * outputs * kLanes numbers.
  void (*correlate)(Sound x, int shift, Sound g, int from, int to, float* sums);
  // The sums of the lanes: into[i][o].
  void (*harvest)(const float* sums, int inputs, int outputs, float* into);
  // Bends `made` in place, and gates one half of it by the other into z; without a gate, z is `made`.
  void (*bend)(Bend bend, Sound made, Sound z, int from, int to);
  // From the gradient by z, and `made` as bend left it, the gradient by what it was before, in its place.
  void (*unbend)(Bend bend, Sound dz, Sound made, int from, int to);
  void (*add)(Sound x, Sound onto, int from, int to);
};

constexpr bool gates(Bend bend) { return bend == Bend::kGated || bend == Bend::kSoftGated; }

// Those of a width, or of the widest that this CPU runs when it is 0; nullptr where it cannot. [any thread]
const Kernels* kernels_of(int width) noexcept;

extern const Kernels kTeaching16, kTeaching8, kTeaching4;

}  // namespace teaching
}  // namespace tonewright
