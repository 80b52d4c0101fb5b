// Convolutions whose outputs lie side by side in vectors: what some frames hear is put in order once, then each tile of
// outputs meets it while its weights pass by. Included after vector.inl.

#include <algorithm>

#include "wide_kernels.h"

namespace tonewright {
namespace {

// Frames whose sums stay in registers: AVX-512 has 32 registers, the others 16. A multiple of 4, for `keep_rows`.
constexpr int kTogether = kWidth == 16 ? 8 : 4;

// Floats by which the weights are fetched before they are met: they come from far away, in one long row.
constexpr std::size_t kFetchAhead = 3072;

using Quad = float __attribute__((vector_size(16)));
using QuadMask = std::int32_t __attribute__((vector_size(16)));

TONEWRIGHT_INLINE Quad load_quad(const float* from) {
  Quad q;
  std::memcpy(&q, from, sizeof q);
  return q;
}

TONEWRIGHT_INLINE void store_quad(float* to, Quad q) { std::memcpy(to, &q, sizeof q); }

// Four elements of a and b side by side, as numbered: 0 to 3 are those of a.
template <int i, int j, int k, int l>
TONEWRIGHT_INLINE Quad picked(Quad a, Quad b) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, i, j, k, l);
#else
  return __builtin_shuffle(a, b, QuadMask{i, j, k, l});
#endif
}

TONEWRIGHT_INLINE void turn(Quad (&q)[4]) {
  const Quad a = picked<0, 4, 1, 5>(q[0], q[1]), b = picked<2, 6, 3, 7>(q[0], q[1]);
  const Quad c = picked<0, 4, 1, 5>(q[2], q[3]), d = picked<2, 6, 3, 7>(q[2], q[3]);
  q[0] = picked<0, 1, 4, 5>(a, c), q[1] = picked<2, 3, 6, 7>(a, c);
  q[2] = picked<0, 1, 4, 5>(b, d), q[3] = picked<2, 3, 6, 7>(b, d);
}

TONEWRIGHT_INLINE Quad bent(Quad q, float slope) { return q > 0.0f ? q : slope * q; }

// What `Frames` frames from frame t on hear, [depth][Frames], and up to three floats more.
template <int Frames, bool Steps>
void hear(const WideConvolution& c, const Signal* sources, int t, float* __restrict to) {
  constexpr int kLast = Frames - 1;
  const std::ptrdiff_t step = c.step;
  const float slope = c.slope;
  for (const Convolution::Term& term : c.terms) {
    for (int i = 0; i < term.inputs; ++i) {
      const float* from = sources->row(i) + t * step;
      for (int k = 0; k < term.taps; ++k, from += term.dilation, to += Frames)
#pragma GCC unroll 2
        for (int f = 0; f < Frames; f += 4) {
          const auto at = [=](int n) { return from[std::min(f + n, kLast) * step]; };
          store_quad(to + f, bent(Steps ? Quad{at(0), at(1), at(2), at(3)} : load_quad(from + f), slope));
        }
    }
    ++sources;
  }
}

// Where the results of a tile go: lanes `first` to `first + count`, from frame t on.
struct Destination {
  const Finish& finish;
  const Signal& y;
  int first, count, t, spread;
};

// made [frames, rounded up to 4][stride] to rows: four frames of four outputs at a time.
template <int Frames>
inline void keep_rows(const Destination& d, const float* made, std::size_t stride) {
  const float slope = d.finish.activation == Unary::kLeakyRelu ? d.finish.slope : 1.0f;
  const Signal* addend = d.finish.addend;
  for (int lane = 0; lane < d.count; lane += 4) {
    const int outputs = std::min(4, d.count - lane);
    for (int f = 0; f < Frames; f += 4) {
      Quad q[4];
      for (int i = 0; i < 4; ++i) q[i] = load_quad(made + static_cast<std::size_t>(f + i) * stride + lane);
      turn(q);
      for (int i = 0; i < outputs; ++i) {
        const int o = d.first + lane + i, t = d.t + f;
        const Quad sum = addend ? q[i] + load_quad(addend->row(o) + t) : q[i];
        store_quad(d.y.row(o) + t, bent(sum, slope));
      }
    }
  }
}

// The samples of a frame follow each other in the row of their output.
inline void keep_spread(const Destination& d, const float* made, std::size_t stride, int frames) {
  for (int lane = 0; lane < d.count;) {
    const int o = (d.first + lane) / d.spread, phase = (d.first + lane) % d.spread;
    const int run = std::min(d.spread - phase, d.count - lane);
    float* to = d.y.row(o) + static_cast<std::ptrdiff_t>(d.t) * d.spread + phase;
    const float* from = made + lane;
    for (int f = 0; f < frames; ++f, to += d.spread, from += stride)
      if (run % 4 == 0)
        for (int i = 0; i < run; i += 4) store_quad(to + i, load_quad(from + i));
      else
        for (int i = 0; i < run; ++i) to[i] = from[i];
    lane += run;
  }
}

// A tile for some frames. x [depth][Frames].
template <int Vectors, int Frames>
void tile(const float* weights, const float* x, int depth, const float* bias, const Destination& to) {
  constexpr std::size_t kLanes = Vectors * kWidth;
  Vector sums[Frames][Vectors];
#pragma GCC unroll 8
  for (int f = 0; f < Frames; ++f)
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; ++v) sums[f][v] = load(bias + v * kWidth);
#pragma GCC unroll 2
  for (; depth > 0; --depth, weights += kLanes, x += Frames) {
    Vector weight[Vectors];
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; ++v) {
      weight[v] = load(weights + v * kWidth);
      __builtin_prefetch(weights + v * kWidth + kFetchAhead);
    }
#pragma GCC unroll 8
    for (int f = 0; f < Frames; ++f) {
      const Vector heard = all(x[f]);
#pragma GCC unroll 3
      for (int v = 0; v < Vectors; ++v) sums[f][v] += heard * weight[v];
    }
  }
  alignas(64) float made[(Frames + 3) / 4 * 4 * kLanes];
#pragma GCC unroll 8
  for (int f = 0; f < (Frames + 3) / 4 * 4; ++f)
#pragma GCC unroll 3
    for (int v = 0; v < Vectors; ++v) store(made + f * kLanes + v * kWidth, f < Frames ? sums[f][v] : Vector{});
  if (to.spread == 1)
    keep_rows<Frames>(to, made, kLanes);
  else
    keep_spread(to, made, kLanes, Frames);
}

// What is done with so many frames.
struct Together {
  void (*hear)(const WideConvolution&, const Signal*, int, float*);
  void (*hear_steps)(const WideConvolution&, const Signal*, int, float*);
  void (*tiles[kWideVectors])(const float*, const float*, int, const float*, const Destination&);
};

template <int Frames>
constexpr Together together() {
  constexpr int some = Frames > kTogether ? kTogether : Frames;
  return {hear<some, false>, hear<some, true>, {tile<1, some>, tile<2, some>, tile<3, some>}};
}

constexpr Together kFrames[] = {together<1>(), together<2>(), together<3>(), together<4>(),
                                together<5>(), together<6>(), together<7>(), together<8>()};

const Together& for_frames(int left) { return kFrames[std::min(left, kTogether) - 1]; }

void play_wide(const WideConvolution& c, const Signal* sources, const Finish& finish, const Signal& y, float* heard,
               int frames) {
  const int at_once = frames_at_once(c.depth);
  for (int start = 0; start < frames; start += at_once) {
    const int end = std::min(start + at_once, frames);
    float* to = heard;
    for (int t = start; t < end; t += kTogether, to += kTogether * c.depth) {
      const Together& some = for_frames(end - t);
      (c.step == 1 ? some.hear : some.hear_steps)(c, sources, t, to);
    }
    const float* weights = c.weights.data();
    for (int first = 0; first < c.lanes;) {
      const int lanes = wide_tile(kWidth, c.lanes - first), count = std::min(lanes, c.lanes - first);
      const float* x = heard;
      for (int t = start; t < end; t += kTogether, x += kTogether * c.depth)
        for_frames(end - t).tiles[lanes / kWidth - 1](weights, x, c.depth, c.bias.data() + first,
                                                      {finish, y, first, count, t, c.spread});
      weights += static_cast<std::size_t>(lanes) * static_cast<std::size_t>(c.depth);
      first += lanes;
    }
  }
}

}  // namespace
}  // namespace tonewright
