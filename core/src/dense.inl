// One sample of a layer: a matrix times a vector. Included after vector.inl.
//
// Every weight is read once and used once, so what counts is how fast they come: from the nearest cache as fast as they
// can be used, from the next at half that rate, from further away slower still. Halves are half as many bytes, but one
// instruction more.

#include "dense_kernels.h"

namespace tonewright {
namespace {

// A sum waits for itself: this many side by side keep the processor busy.
constexpr int kSumsAtOnce = 8;

TONEWRIGHT_INLINE Vector widened(const float* from) { return load(from); }

TONEWRIGHT_INLINE Vector widened(const std::uint16_t* from) {
#if defined(__AVX512F__)
  if constexpr (kWidth == 16) {
    __m256i halves;
    std::memcpy(&halves, from, sizeof halves);
    return reinterpret_cast<Vector>(_mm512_maskz_cvtph_ps(0xffff, halves));
  }
#elif defined(__F16C__)
  if constexpr (kWidth == 8) {
    __m128i halves;
    std::memcpy(&halves, from, sizeof halves);
    return reinterpret_cast<Vector>(_mm256_cvtph_ps(halves));
  }
#endif
  static_cast<void>(from);
  return Vector{};  // nobody asks: DenseKernels::halves is false
}

// Outputs whose sums stay in registers while their weights pass by.
template <int Vectors>
struct DenseTile {
  static constexpr int kChains = Vectors < kSumsAtOnce ? kSumsAtOnce / Vectors : 1;
  static constexpr int kLanes = Vectors * kWidth;
  Vector sums[kChains][Vectors];

  TONEWRIGHT_INLINE void start(const float* bias, const float* addend) {
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) {
      sums[0][v] = load(bias + v * kWidth);
      if (addend) sums[0][v] += load(addend + v * kWidth);
#pragma GCC unroll 8
      for (int chain = 1; chain < kChains; ++chain) sums[chain][v] = Vector{};
    }
  }

  template <typename Weight>
  TONEWRIGHT_INLINE void add(int chain, float x, const Weight* weights) {
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) sums[chain][v] += x * widened(weights + v * kWidth);
  }

  // Returns the weights of what comes next.
  template <typename Weight>
  TONEWRIGHT_INLINE const Weight* add_run(int count, std::size_t stride, const float* x, const Weight* weights) {
    for (; count >= kChains; count -= kChains)
#pragma GCC unroll 8
      for (int chain = 0; chain < kChains; ++chain, x += stride, weights += kLanes) add(chain, *x, weights);
    for (; count > 0; --count, x += stride, weights += kLanes) add(0, *x, weights);
    return weights;
  }

  TONEWRIGHT_INLINE void finish(float* y) {
#pragma GCC unroll 4
    for (int reach = kChains / 2; reach > 0; reach /= 2)
#pragma GCC unroll 8
      for (int chain = 0; chain < reach; ++chain)
#pragma GCC unroll 16
        for (int v = 0; v < Vectors; ++v) sums[chain][v] += sums[chain + reach][v];
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; ++v) store(y + v * kWidth, sums[0][v]);
  }
};

// What goes through a layer.
struct Sample {
  const float* start;
  int left_out;
  const float *x, *addend;
  float* y;
};

// From output `first` on. Returns the weights of the next tile.
template <int Vectors, typename Weight>
inline const Weight* tile(const Dense& layer, const Weight* weights, const Sample& s, int first) {
  DenseTile<Vectors> t;
  t.start(s.start + first, s.addend ? s.addend + first : nullptr);
  const float* x = s.x + static_cast<std::size_t>(s.left_out) * layer.stride;
  weights += s.left_out * t.kLanes;
  for (int run = 0; run < layer.runs; ++run, x += layer.step)
    weights = t.add_run(layer.length - s.left_out, layer.stride, x, weights);
  t.finish(s.y + first);
  return weights;
}

template <typename Weight>
inline void tiles(const Dense& layer, const Weight* weights, const Sample& s) {
  for (int first = 0; first < layer.outputs;) {
    const int vectors = vectors_of_tile(kWidth, (layer.outputs - first + kWidth - 1) / kWidth);
    switch (vectors) {
      case 16:
        if constexpr (kWidth == 16) weights = tile<16>(layer, weights, s, first);
        break;
      case 8:
        weights = tile<8>(layer, weights, s, first);
        break;
      case 4:
        weights = tile<4>(layer, weights, s, first);
        break;
      case 2:
        weights = tile<2>(layer, weights, s, first);
        break;
      default:
        weights = tile<1>(layer, weights, s, first);
    }
    first += vectors * kWidth;
  }
}

// Some vectors of a tile of `lanes` for some samples: a weight that was read is used for each.
template <int Vectors, int Samples, typename Weight>
inline void ahead(const Dense& layer, const Weight* weights, int lanes, const float* x, const float* bias, float* to,
                  std::size_t width) {
  Vector sums[Samples][Vectors];
#pragma GCC unroll 8
  for (int s = 0; s < Samples; ++s)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sums[s][v] = load(bias + v * kWidth);
  for (int left = layer.length; left > 0; --left, x += layer.stride, weights += lanes) {
    Vector weight[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) weight[v] = widened(weights + v * kWidth);
#pragma GCC unroll 8
    for (int s = 0; s < Samples; ++s)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sums[s][v] += x[static_cast<std::size_t>(s) * layer.sample] * weight[v];
  }
#pragma GCC unroll 8
  for (int s = 0; s < Samples; ++s)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) store(to + static_cast<std::size_t>(s) * width + v * kWidth, sums[s][v]);
}

template <typename Weight>
inline void tiles_ahead(const Dense& layer, const Weight* weights, const float* x, float* to, std::size_t width) {
  constexpr int kSamples = kWidth == 16 ? 8 : 4;
  for (int first = 0; first < layer.outputs;) {
    const int vectors = vectors_of_tile(kWidth, (layer.outputs - first + kWidth - 1) / kWidth), lanes = vectors * kWidth;
    for (int lane = 0; lane < lanes; lane += 2 * kWidth)
      for (int s = 0; s < kAhead; s += kSamples) {
        const float *from = x + static_cast<std::size_t>(s) * layer.sample, *bias = layer.bias + first + lane;
        float* made = to + static_cast<std::size_t>(s) * width + first + lane;
        if (vectors == 1)
          ahead<1, kSamples>(layer, weights + lane, lanes, from, bias, made, width);
        else
          ahead<2, kSamples>(layer, weights + lane, lanes, from, bias, made, width);
      }
    weights += static_cast<std::size_t>(lanes) * static_cast<std::size_t>(layer.length);
    first += lanes;
  }
}

TONEWRIGHT_INLINE float total(Vector v) {
  float lanes[kWidth];
  std::memcpy(lanes, &v, sizeof v);
#pragma GCC unroll 4
  for (int half = kWidth / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}

inline float dot(const Dense& layer, const Sample& s) {
  constexpr int kChains = 4;
  const float *weights = layer.weights, *x = s.x;
  Vector sums[kChains] = {};
  float rest = s.start[0] + (s.addend ? *s.addend : 0.0f);
  for (int run = 0; run < layer.runs; ++run, x += layer.step, weights += layer.length) {
    int at = s.left_out;
    for (; at + kChains * kWidth <= layer.length; at += kChains * kWidth)
      for (int chain = 0; chain < kChains; ++chain)
        sums[chain] += load(x + at + chain * kWidth) * load(weights + at + chain * kWidth);
    for (; at + kWidth <= layer.length; at += kWidth) sums[0] += load(x + at) * load(weights + at);
    for (; at < layer.length; ++at) rest += x[at] * weights[at];
  }
  return total((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

void play_dense(const Dense& layer, const float* start, int left_out, const float* x, const float* addend, float* y) {
  const Sample s{start, left_out, x, addend, y};
  if (layer.dots)
    *y = dot(layer, s);
  else if (layer.halves)
    tiles(layer, layer.halves, s);
  else
    tiles(layer, layer.weights, s);
}

void look_ahead(const Dense& layer, const float* x, float* to, std::size_t width) {
  if (layer.halves)
    tiles_ahead(layer, layer.halves, x, to, width);
  else
    tiles_ahead(layer, layer.weights, x, to, width);
}

}  // namespace
}  // namespace tonewright
