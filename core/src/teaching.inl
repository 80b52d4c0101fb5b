// Products, correlations and bends on rows of samples; included where kWidth is known.

#include <algorithm>

#include "teaching_kernels.h"
#include "teaching_vector.inl"

namespace tonewright {
namespace teaching {
namespace {

constexpr bool kManyRegisters = kWidth == 16;  // AVX-512 has 32 of them, the others 16
constexpr int kTallest = kManyRegisters ? 8 : 6;
constexpr int kSide = kManyRegisters ? 4 : 3;  // of a tile of correlations

// Vectors of time that go with so many outputs: as many sums as leave room for the samples and a weight.
constexpr int vectors_for(int rows) {
  if (kManyRegisters) return rows > 6 ? 2 : 4;
  return rows > 2 ? 2 : 4;
}
static_assert(4 * kWidth <= kMargin, "a tile reaches beyond the margin");

// The tile that computes the fewest rows for nothing; the largest of these.
int tile_of(int outputs) {
  int best = 1, waste = outputs;
  for (int rows = std::min(kTallest, outputs); rows > 0; --rows) {
    const int extra = (outputs + rows - 1) / rows * rows - outputs;
    if (extra < waste) {
      waste = extra;
      best = rows;
    }
  }
  return best;
}

// The taps of a term that meet sound in [t, t + span).
struct Reach {
  int low, high;

  Reach(const Product::Term& term, const Sound& source, int t, int span) {
    const int oldest = -source.length - (t + term.first) - span, newest = -1 - (t + term.first);
    if (term.taps == 1) {
      low = oldest < 0 ? 0 : 1;
      high = newest < 0 ? -1 : 0;
    } else {
      low = oldest < 0 ? 0 : oldest / term.step + 1;
      high = newest < 0 ? -1 : std::min(term.taps - 1, newest / term.step);
    }
  }
};

template <int Rows, int Vectors>
inline void add_tap(Vector (&sum)[Rows][Vectors], const float* at, std::ptrdiff_t stride, int inputs,
                    const float* weights) {
#pragma GCC unroll 4
  for (int i = 0; i < inputs; ++i, at += stride, weights += Rows) {
    Vector in[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) in[v] = load(at + v * kWidth);
#pragma GCC unroll 8
    for (int o = 0; o < Rows; ++o)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[o][v] += weights[o] * in[v];
  }
}

template <int Rows, int Vectors>
inline void put(Vector (&sum)[Rows][Vectors], const Sound* addend, const Sound& y, int first, int count, int t) {
#pragma GCC unroll 8
  for (int o = 0; o < Rows; ++o) {  // all of them, so that `sum` is never indexed by what is not known
    if (o >= count) break;
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      if (addend) sum[o][v] += load(addend->row(first + o) + t + v * kWidth);
      store(y.row(first + o) + t + v * kWidth, sum[o][v]);
    }
  }
}

// All outputs of `Vectors` vectors from t on.
template <int Rows, int Vectors>
inline void product_at(const Product& p, const Sound* sources, const Sound* addend, const Sound& y, int t) {
  constexpr int kSpan = Vectors * kWidth;
  if (addend && t + kSpan <= -addend->length) addend = nullptr;
  const float* weights = p.weights.data();
  for (int first = 0; first < p.outputs; first += Rows, weights += p.tile_size) {
    Vector sum[Rows][Vectors];
#pragma GCC unroll 8
    for (int o = 0; o < Rows; ++o)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[o][v] = all(p.bias[static_cast<std::size_t>(first + o)]);
    const float* of_term = weights;
    const Sound* source = sources;
    for (const Product::Term& term : p.terms) {
      const std::ptrdiff_t per_tap = static_cast<std::ptrdiff_t>(term.inputs) * Rows;
      const Reach reach(term, *source, t, kSpan);
      for (int k = reach.low; k <= reach.high; ++k)
        add_tap(sum, source->end + t + term.first + k * term.step, source->stride, term.inputs, of_term + k * per_tap);
      of_term += term.taps * per_tap;
      ++source;
    }
    put(sum, addend, y, first, p.outputs - first, t);
  }
}

template <int Rows>
void product_of(const Product& p, const Sound* sources, const Sound* addend, const Sound& y, int from, int to) {
  constexpr int kVectors = vectors_for(Rows);
  int t = from;
  for (; t + kVectors * kWidth <= to; t += kVectors * kWidth) product_at<Rows, kVectors>(p, sources, addend, y, t);
  for (; t < to; t += kWidth) product_at<Rows, 1>(p, sources, addend, y, t);
}

void product(const Product& p, const Sound* sources, const Sound* addend, Sound y, int from, int to) {
  switch (p.tile) {
    case 1: return product_of<1>(p, sources, addend, y, from, to);
    case 2: return product_of<2>(p, sources, addend, y, from, to);
    case 3: return product_of<3>(p, sources, addend, y, from, to);
    case 4: return product_of<4>(p, sources, addend, y, from, to);
    case 5: return product_of<5>(p, sources, addend, y, from, to);
    case 6: return product_of<6>(p, sources, addend, y, from, to);
    case 7: if constexpr (kTallest >= 7) return product_of<7>(p, sources, addend, y, from, to); break;
    case 8: if constexpr (kTallest >= 8) return product_of<8>(p, sources, addend, y, from, to); break;
    default: break;
  }
}

// The sums of I x O pairs of rows stay in registers over all samples; in memory each has four lanes, so that those
// of a whole layer stay near.
template <int I, int O>
void correlate_tile(const float* x, std::ptrdiff_t x_stride, const float* g, std::ptrdiff_t g_stride, int frames,
                    float* sums) {
  Vector sum[I][O] = {};
  for (int t = 0; t < frames; t += kWidth) {
    Vector in[I];
#pragma GCC unroll 8
    for (int i = 0; i < I; ++i) in[i] = load(x + i * x_stride + t);
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) {
      const Vector slope = load(g + o * g_stride + t);
#pragma GCC unroll 8
      for (int i = 0; i < I; ++i) sum[i][o] += in[i] * slope;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < I; ++i)
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) add_lanes(sum[i][o], sums + (i * O + o) * kLanes);
}

using CorrelateTile = void (*)(const float*, std::ptrdiff_t, const float*, std::ptrdiff_t, int, float*);
constexpr CorrelateTile kCorrelate[4][4] = {
    {correlate_tile<1, 1>, correlate_tile<1, 2>, correlate_tile<1, 3>, correlate_tile<1, 4>},
    {correlate_tile<2, 1>, correlate_tile<2, 2>, correlate_tile<2, 3>, correlate_tile<2, 4>},
    {correlate_tile<3, 1>, correlate_tile<3, 2>, correlate_tile<3, 3>, correlate_tile<3, 4>},
    {correlate_tile<4, 1>, correlate_tile<4, 2>, correlate_tile<4, 3>, correlate_tile<4, 4>},
};

// Calls visit(first input, inputs, first output, outputs) tile by tile, in sides as equal as can be.
template <typename Visit>
inline void tiles(int inputs, int outputs, Visit visit) {
  const int across = (inputs + kSide - 1) / kSide, down = (outputs + kSide - 1) / kSide;
  for (int o = 0; o < down; ++o)
    for (int i = 0; i < across; ++i) {
      const int first_input = i * inputs / across, first_output = o * outputs / down;
      visit(first_input, (i + 1) * inputs / across - first_input, first_output,
            (o + 1) * outputs / down - first_output);
    }
}

void correlate(Sound x, int shift, Sound g, int from, int to, float* sums) {
  tiles(x.channels, g.channels, [&](int i, int inputs, int o, int outputs) {
    kCorrelate[inputs - 1][outputs - 1](x.row(i) + from + shift, x.stride, g.row(o) + from, g.stride, to - from, sums);
    sums += inputs * outputs * kLanes;
  });
}

void harvest(const float* sums, int inputs, int outputs, float* into) {
  tiles(inputs, outputs, [&](int i, int rows, int o, int columns) {
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c, sums += kLanes) {
        into[static_cast<std::ptrdiff_t>(i + r) * outputs + o + c] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
      }
  });
}

}  // namespace
}  // namespace teaching
}  // namespace tonewright
