// Convolutions in tiles: `Rows` output channels of `Vectors` vectors stay in registers from the bias to the end.

#include <algorithm>
#include <iterator>

#include "kernels.h"

namespace tonewright {
namespace {

// AVX-512 has 32 registers, the others 16: as many sums as leave room for the samples and a weight.
constexpr int kSums = kWidth == 16 ? 24 : 12;

// The tiles that there is code for: outputs that are computed together.
constexpr int kTiles[] = {12, 8, 6, 4, 3, 2, 1};
constexpr bool has_tile(int rows) { return rows * 2 <= kSums; }

// Vectors that a tile takes at once. A block of 64 samples is four vectors of AVX-512: three would leave one alone.
constexpr int most_vectors(int rows) {
  const int most = kSums / rows > 4 ? 4 : kSums / rows;
  return kWidth == 16 && most == 3 ? 2 : most;
}

// The one that computes the fewest rows for nothing; the largest of these.
int tile_of(int outputs, bool gated) {
  int best = gated ? 2 : 1, waste = outputs;
  for (int rows : kTiles) {
    if (!has_tile(rows) || (gated && rows % 2)) continue;
    const int extra = (outputs + rows - 1) / rows * rows - outputs;
    if (extra < waste) {
      waste = extra;
      best = rows;
    }
  }
  return best;
}

template <int Rows, int Vectors>
struct Tile {
  Vector sum[Rows][Vectors];

  TONEWRIGHT_INLINE void start(const float* bias) {
#pragma GCC unroll 12
    for (int o = 0; o < Rows; ++o)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[o][v] = all(bias[o]);
  }

  // Adds one tap: each output hears each input. Returns the weights of what comes next.
  TONEWRIGHT_INLINE const float* add(const float* at, std::size_t stride, int inputs, const float* weights) {
#pragma GCC unroll 4
    for (int i = 0; i < inputs; ++i, at += stride, weights += Rows) {
      Vector in[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) in[v] = load(at + v * kWidth);
#pragma GCC unroll 12
      for (int o = 0; o < Rows; ++o)
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sum[o][v] += weights[o] * in[v];
    }
    return weights;
  }

  TONEWRIGHT_INLINE void add_terms(const Convolution& c, const Signal* sources, const float* weights, int t) {
    for (const Convolution::Term& term : c.terms) {
      const float* at = sources->rows + t;
      for (int k = 0; k < term.taps; ++k, at += term.dilation) weights = add(at, sources->stride, term.inputs, weights);
      ++sources;
    }
  }

  // Adds, bends and stores `count` rows from channel `first` on.
  TONEWRIGHT_INLINE void finish(const Finish& f, const Signal& y, int first, int count, int t) {
    if (f.addend) {
#pragma GCC unroll 12
      for (int o = 0; o < Rows; ++o) {  // all of them, so that `sum` is never indexed by what is not known
        if (o >= count) break;
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sum[o][v] += load(f.addend->row(first + o) + t + v * kWidth);
      }
    }
    if (f.activation == Unary::kTanh)
      put(f, y, first, count, t, [](Vector v) { return hyperbolic_tangent(v); });
    else if (f.activation == Unary::kLeakyRelu)
      put(f, y, first, count, t, [slope = f.slope](Vector v) { return v > 0.0f ? v : slope * v; });
    else
      put(f, y, first, count, t, [](Vector v) { return v; });
  }

  // The first half of the tile gated by the second: half as many rows.
  TONEWRIGHT_INLINE void gate(const Finish& f, const Signal& y, int first, int count, int t) {
#pragma GCC unroll 6
    for (int o = 0; o < Rows / 2; ++o)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[o][v] = hyperbolic_tangent(sum[o][v]) * sigmoid(sum[Rows / 2 + o][v]);
    put(f, y, first, count < Rows / 2 ? count : Rows / 2, t, [](Vector v) { return v; });
  }

  template <typename Bend>
  TONEWRIGHT_INLINE void put(const Finish& f, const Signal& y, int first, int count, int t, Bend bend) {
#pragma GCC unroll 12
    for (int o = 0; o < Rows; ++o) {
      if (o >= count) break;
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        const int at = t + v * kWidth;
        const Vector value = bend(sum[o][v]);
        store(y.row(first + o) + at, value);
        if (f.sum_after) store(f.sum_after->row(first + o) + at, load(f.sum_before->row(first + o) + at) + value);
      }
    }
  }
};

// What goes through one convolution: where it comes from and where it goes.
struct Passage {
  const Convolution& c;
  const Signal* sources;
  const Signal& y;
  const Finish& finish;
  const Mix* mix;
};

template <int Rows, int Vectors>
TONEWRIGHT_INLINE void mix_tiles(const Mix& mix, const Signal& x, int t) {
  const Convolution& c = *mix.convolution;
  const float* weights = c.weights.data();
  Finish residual;
  residual.addend = mix.addend;
  for (int first = 0; first < c.outputs; first += Rows, weights += c.tile_size) {
    Tile<Rows, Vectors> tile;
    tile.start(c.bias.data() + first);
    tile.add(x.rows + t, x.stride, x.channels, weights);
    tile.finish(residual, *mix.y, first, c.outputs - first, t);
  }
}

// All outputs of Vectors * kWidth samples at a time, from sample t on; returns where it ended. With a mix, what comes
// out goes through its 1x1 convolution at once and hardly leaves the nearest cache.
template <int Rows, int Vectors>
int tiles(const Passage& p, int t, int frames) {
  constexpr int kLength = Vectors * kWidth;
  alignas(64) float between[kMaxMix * kLength];
  const Convolution& c = p.c;
  const bool gated = p.finish.gate != Unary::kNone;
  const int made = gated ? Rows / 2 : Rows;  // channels that a tile makes
  for (; t + kLength - kWidth < frames; t += kLength) {
    const Signal y = p.y.rows ? p.y : Signal{between - t, kLength, p.y.channels};
    const float* weights = c.weights.data();
    for (int first = 0; first < y.channels; first += made, weights += c.tile_size) {
      Tile<Rows, Vectors> tile;
      tile.start(c.bias.data() + first / made * Rows);
      tile.add_terms(c, p.sources, weights, t);
      if (gated)
        tile.gate(p.finish, y, first, y.channels - first, t);
      else
        tile.finish(p.finish, y, first, y.channels - first, t);
    }
    if (p.mix) mix_tiles<Rows, Vectors>(*p.mix, y, t);
  }
  return t;
}

// As many vectors at once as the registers hold, then fewer.
template <int Rows>
void run_tiles(const Passage& p, int frames) {
  if constexpr (has_tile(Rows)) {
    constexpr int kMost = most_vectors(Rows);
    int t = tiles<Rows, kMost>(p, 0, frames);
    if constexpr (kMost > 2) t = tiles<Rows, 2>(p, t, frames);
    tiles<Rows, 1>(p, t, frames);
  }
}

void unary(Unary op, float slope, Signal x, Signal y, int frames);
void binary(Binary op, Signal a, Signal b, Signal y, int frames);

void convolve(const Convolution& c, const Signal* sources, const Signal& y, const Finish& f, const Mix* mix, int frames) {
  constexpr void (*run[])(const Passage&, int) = {run_tiles<12>, run_tiles<8>, run_tiles<6>, run_tiles<4>,
                                                  run_tiles<3>,  run_tiles<2>, run_tiles<1>};
  const auto tile = std::find(std::begin(kTiles), std::end(kTiles), c.tile) - std::begin(kTiles);
  if (f.gate != Unary::kNone || bends_in_registers(f.activation)) return run[tile]({c, sources, y, f, mix}, frames);
  Finish plain;
  plain.addend = f.addend;
  run[tile]({c, sources, y, plain, nullptr}, frames);
  unary(f.activation, f.slope, y, y, frames);
  if (f.sum_after) binary(Binary::kAdd, *f.sum_before, y, *f.sum_after, frames);
}

}  // namespace
}  // namespace tonewright
