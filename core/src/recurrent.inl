// Sample by sample: the past times its weights, the gates, the new state. Included after vector.inl.
//
// A sample waits for the one before it, so what counts is the length of that chain and not the number of operations:
// sums run side by side and are added at the end, polynomials are short trees, and the parts that do not wait, the
// inputs' share of the gates and the way out, are done four samples at a time, where a CPU slips them in between.

#include <type_traits>

#include "recurrent_kernels.h"

namespace tonewright {
namespace {

// z, or the nearer of -bound and bound; bound where z is no number. Of a comparison and a choice gcc 12 does not make
// the two instructions that AVX-512 has for this.
TONEWRIGHT_INLINE Vector within(Vector z, float bound) {
#if defined(__AVX512F__)
  if constexpr (kWidth == 16) {
    __m512 v = reinterpret_cast<__m512>(z);
    v = _mm512_maskz_min_ps(0xffff, v, _mm512_set1_ps(bound));
    v = _mm512_maskz_max_ps(0xffff, v, _mm512_set1_ps(-bound));
    return reinterpret_cast<Vector>(v);
  }
#endif
  return larger(smaller(z, all(bound)), all(-bound));
}

// 1 + 2^z, to 1.5e-7 relative: the whole part of z goes into the exponent, 2^r with |r| <= 1/2 is a polynomial that
// is 1 at 0 (least largest relative error 9e-8). The bounds keep the square finite, and make a number of what is none.
TONEWRIGHT_INLINE Vector one_and_power(Vector z) {
  z = within(z, 60.0f);
  const Vector shifted = z + all(12582912.0f);  // 1.5 * 2^23: the whole part is now in the lowest bits
  const Vector r = z - (shifted - all(12582912.0f));
  Whole bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + 0x3f800000;
  Vector scale;  // 2 to the whole part
  std::memcpy(&scale, &bits, sizeof scale);
  const Vector square = r * r;
  const Vector low = r * 0.6931470036506653f + 1.0f;
  const Vector middle = r * 0.05550733581185341f + 0.24022242426872253f;
  const Vector high = r * 0.001326472614891827f + 0.009671512991189957f;
  return (square * scale) * (square * high + middle) + (low * scale + 1.0f);
}

// 1 / (1 + 2^z)
TONEWRIGHT_INLINE Vector gate(Vector z) { return 1.0f / one_and_power(z); }

// The upper half of a vector, in the lower.
TONEWRIGHT_INLINE Vector upper(Vector v) {
  Whole from;
  for (int i = 0; i < kWidth; ++i) from[i] = (i + kWidth / 2) % kWidth;
  return __builtin_shuffle(v, from);
}

// From the four gates, of which g is still to become 2 g - 1. What is kept of a cell is kTanhScale times it.
TONEWRIGHT_INLINE void lstm(Vector i, Vector f, Vector g, Vector o, float* c, float* h) {
  const Vector cell = i * (g * (2.0f * kTanhScale) - kTanhScale) + f * load(c);
  store(c, cell);
  store(h, (2.0f * o) * gate(cell) - o);
}

template <int Groups, bool Half>
struct Lstm {
  static constexpr int kVectors = 4 * Groups + 2 * Half;

  static TONEWRIGHT_INLINE void finish(const Vector* z, const float* gates, const float* late, const float* before,
                                       float* h, float* c) {
    if constexpr (Groups > 0) {
      lstm(gate(z[0]), gate(z[1]), gate(z[2]), gate(z[3]), c, h);
      Lstm<Groups - 1, Half>::finish(z + 4, gates, late, before, h + kWidth, c + kWidth);
    } else if constexpr (Half) {
      const Vector first = gate(z[0]), second = gate(z[1]);
      lstm(first, upper(first), second, upper(second), c, h);
    }
  }
};

// The new gate hears the past through r, so its share of the input stays apart until then.
TONEWRIGHT_INLINE void gru(Vector r, Vector z, Vector from_past, Vector from_input, const float* late,
                           const float* before, float* h) {
  const Vector g = gate(from_input + r * (from_past + load(late)));  // n is 2 g - 1
  const Vector past = load(before);
  store(h, (2.0f - 2.0f * z) * g + (z * past + (z - 1.0f)));
}

template <int Groups, bool Half>
struct Gru {
  static constexpr int kVectors = 3 * Groups + 2 * Half;

  static TONEWRIGHT_INLINE void finish(const Vector* z, const float* gates, const float* late, const float* before,
                                       float* h, float* c) {
    if constexpr (Groups > 0) {
      gru(gate(z[0]), gate(z[1]), z[2], load(gates + 2 * kWidth), late, before, h);
      Gru<Groups - 1, Half>::finish(z + 3, gates + 3 * kWidth, late + kWidth, before + kWidth, h + kWidth, c);
    } else if constexpr (Half) {
      const Vector first = gate(z[0]);
      gru(first, upper(first), z[1], load(gates + kWidth), late, before, h);
    }
  }
};

// Vectors that start from the input's share: all of an LSTM; of a GRU not those of the new gate.
template <Cell cell, int Groups>
constexpr bool starts_from_input(int v) {
  return cell == Cell::kLstm || (v < 3 * Groups ? v % 3 != 2 : v == 3 * Groups);
}

// One sample of one batch: `before` is all of the last sample's h; `h` and `c` are where the batch's units stand.
template <Cell cell, int Groups, bool Half>
TONEWRIGHT_INLINE void step(const Recurrence& layer, const Batch& batch, const float* gates, const float* before,
                            float* after, float* c) {
  using Units = std::conditional_t<cell == Cell::kLstm, Lstm<Groups, Half>, Gru<Groups, Half>>;
  constexpr int kVectors = Units::kVectors;
  constexpr int kChains = kVectors <= (kWidth == 16 ? 8 : 6) ? 2 : 1;
  gates += batch.rows;
  const float* weights = layer.recurrent.data() + batch.weights;
  Vector sums[kChains][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    sums[0][v] = starts_from_input<cell, Groups>(v) ? load(gates + v * kWidth) : Vector{};
    for (int chain = 1; chain < kChains; ++chain) sums[chain][v] = Vector{};
  }
  for (std::size_t i = 0; i < layer.depth; i += kDepthStep)
    for (int j = 0; j < kDepthStep; ++j, weights += kVectors * kWidth)
      for (int v = 0; v < kVectors; ++v)
        sums[j % kChains][v] += before[i + static_cast<std::size_t>(j)] * load(weights + v * kWidth);
  for (int reach = 1; reach < kChains; reach *= 2)
    for (int chain = 0; chain + reach < kChains; chain += 2 * reach)
      for (int v = 0; v < kVectors; ++v) sums[chain][v] += sums[chain + reach][v];
  Units::finish(sums[0], gates, layer.late.data() + batch.first, before + batch.first, after + batch.first,
                c + batch.first);
}

// The inputs' share of all gates, for kRecurrentFrames samples from t on.
TONEWRIGHT_INLINE void hear(const Recurrence& layer, Signal x, int t, float* gates) {
  std::size_t tile = 0, rows = layer.tile(0, kWidth);
  const float* first = layer.input.data();  // of the tile
  for (std::size_t row = 0; row < layer.rows; row += kWidth) {
    if (row == tile + rows) {
      first += rows * static_cast<std::size_t>(layer.inputs);
      tile = row;
      rows = layer.tile(row, kWidth);
    }
    Vector sums[kRecurrentFrames];
    for (Vector& sum : sums) sum = load(layer.bias.data() + row);
    const float* weights = first + (row - tile);
    for (int i = 0; i < layer.inputs; ++i, weights += rows) {
      const Vector weight = load(weights);
      for (int k = 0; k < kRecurrentFrames; ++k) sums[k] += x.row(i)[t + k] * weight;
    }
    for (int k = 0; k < kRecurrentFrames; ++k) store(gates + static_cast<std::size_t>(k) * layer.rows + row, sums[k]);
  }
}

// Some vectors of a tile for one sample, added up in the same order.
template <int Vectors>
TONEWRIGHT_INLINE void hear_vectors(const float* weights, std::size_t rows, const float* x, int inputs, const float* bias,
                                    float* gates) {
  Vector sums[Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) sums[v] = load(bias + v * kWidth);
  for (int i = 0; i < inputs; ++i, weights += rows)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sums[v] += x[i] * load(weights + v * kWidth);
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) store(gates + v * kWidth, sums[v]);
}

// The inputs' share of all gates, for sample t only: what comes at frame rate comes one by one, and then what counts is
// that the weights are read from one end to the other.
inline void hear_one(const Recurrence& layer, Signal x, int t, float* heard, float* gates) {
  for (int i = 0; i < layer.inputs; ++i) heard[i] = x.row(i)[t];
  const float *weights = layer.input.data(), *bias = layer.bias.data();
  for (std::size_t tile = 0, rows; tile < layer.rows; tile += rows) {
    rows = layer.tile(tile, kWidth);
    for (std::size_t at = 0; at < rows;) {
      const auto hear_some = [&](auto vectors) {
        hear_vectors<vectors.value>(weights + at, rows, heard, layer.inputs, bias + tile + at, gates + tile + at);
        at += vectors.value * kWidth;
      };
      const std::size_t left = (rows - at) / kWidth;
      if (left == kHeardVectors)
        hear_some(std::integral_constant<int, kHeardVectors>{});
      else if (left >= 4)
        hear_some(std::integral_constant<int, 4>{});
      else if (left >= 2)
        hear_some(std::integral_constant<int, 2>{});
      else
        hear_some(std::integral_constant<int, 1>{});
    }
    weights += rows * static_cast<std::size_t>(layer.inputs);
  }
}

static_assert(kRecurrentFrames == 4);
using Four = float __attribute__((vector_size(4 * sizeof(float))));

template <int a, int b, int c, int d>
TONEWRIGHT_INLINE Four mixed(Four x, Four y) {
  using Places = std::int32_t __attribute__((vector_size(4 * sizeof(float))));
  return __builtin_shuffle(x, y, Places{a, b, c, d});
}

// Four samples of h, each with its units side by side, to rows of four samples.
TONEWRIGHT_INLINE void turn(const float* h, std::size_t width, Signal y, int t) {
  int unit = 0;
  for (; unit + 4 <= y.channels; unit += 4, h += 4) {
    Four s[4];
    for (std::size_t k = 0; k < 4; ++k) std::memcpy(&s[k], h + k * width, sizeof(Four));
    const Four a = mixed<0, 4, 1, 5>(s[0], s[1]), b = mixed<0, 4, 1, 5>(s[2], s[3]);  // units 0 and 1
    const Four c = mixed<2, 6, 3, 7>(s[0], s[1]), d = mixed<2, 6, 3, 7>(s[2], s[3]);  // units 2 and 3
    const Four rows[4] = {mixed<0, 1, 4, 5>(a, b), mixed<2, 3, 6, 7>(a, b), mixed<0, 1, 4, 5>(c, d),
                          mixed<2, 3, 6, 7>(c, d)};
    for (int k = 0; k < 4; ++k) std::memcpy(y.row(unit + k) + t, &rows[k], sizeof(Four));
  }
  for (; unit < y.channels; ++unit, ++h)
    for (std::size_t k = 0; k < 4; ++k) y.row(unit)[static_cast<std::size_t>(t) + k] = h[k * width];
}

// All samples; `one(gates, before, after)` makes one of them.
template <typename Function>
TONEWRIGHT_INLINE void each_sample(const Recurrence& layer, RecurrentMemory m, Signal x, Signal y, int frames, Function one) {
  const float* before = m.h;
  float* made = m.h + layer.width;
  for (int t = 0; t < frames; t += kRecurrentFrames) {
    const int count = frames - t < kRecurrentFrames ? frames - t : kRecurrentFrames;
    if (count == 1)
      hear_one(layer, x, t, m.x, m.gates);
    else
      hear(layer, x, t, m.gates);
    for (int k = 0; k < count; ++k) {
      float* after = made + static_cast<std::size_t>(k) * layer.width;
      one(m.gates + static_cast<std::size_t>(k) * layer.rows, before, after);
      before = after;
    }
    turn(made, layer.width, y, t);
  }
  std::memcpy(m.h, before, layer.width * sizeof(float));
}

template <Cell cell, int Groups, bool Half>
inline void play_batch(const Recurrence& layer, RecurrentMemory m, Signal x, Signal y, int frames) {
  const Batch& batch = layer.batches[0];
  each_sample(layer, m, x, y, frames, [&](const float* gates, const float* before, float* after) {
    step<cell, Groups, Half>(layer, batch, gates, before, after, m.c);
  });
}

// Calls `function` with the shape of a batch as constants.
template <typename Function>
inline void with_shape(const Batch& batch, Function function) {
  static_assert(kMaxGroups == 3);
  switch (2 * batch.groups + batch.half) {
    case 1:
      return function(std::integral_constant<int, 0>{}, std::true_type{});
    case 2:
      return function(std::integral_constant<int, 1>{}, std::false_type{});
    case 3:
      return function(std::integral_constant<int, 1>{}, std::true_type{});
    case 4:
      return function(std::integral_constant<int, 2>{}, std::false_type{});
    case 5:
      return function(std::integral_constant<int, 2>{}, std::true_type{});
    default:
      return function(std::integral_constant<int, 3>{}, std::false_type{});
  }
}

template <Cell cell>
inline void play_cell(const Recurrence& layer, RecurrentMemory m, Signal x, Signal y, int frames) {
  if (layer.batches.size() == 1)
    return with_shape(layer.batches[0], [&](auto groups, auto half) {
      play_batch<cell, groups.value, half.value>(layer, m, x, y, frames);
    });
  each_sample(layer, m, x, y, frames, [&](const float* gates, const float* before, float* after) {
    for (const Batch& batch : layer.batches)
      with_shape(batch, [&](auto groups, auto half) {
        step<cell, groups.value, half.value>(layer, batch, gates, before, after, m.c);
      });
  });
}

void play_recurrent(const Recurrence& layer, RecurrentMemory memory, Signal x, Signal y, int frames) {
  if (layer.cell == Cell::kLstm) return play_cell<Cell::kLstm>(layer, memory, x, y, frames);
  play_cell<Cell::kGru>(layer, memory, x, y, frames);
}

}  // namespace
}  // namespace tonewright
