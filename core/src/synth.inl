// Sums of harmonics and of filtered noise, and their adjoints. Included after vector.inl.

#include <type_traits>

#include "kernels.h"
#include "synth_kernels.h"

namespace tonewright {
namespace {

// Vectors of samples that are worked on together: as many as there are registers for.
constexpr int kTile = kWidth == 16 ? 4 : 2;

// Calls work(first sample, vectors) for all samples, with at most kTile vectors each time.
template <typename Work>
TONEWRIGHT_INLINE void in_tiles(int samples, const Work& work) {
  int t = 0;
  for (; t + kTile * kWidth <= samples; t += kTile * kWidth) work(t, std::integral_constant<int, kTile>{});
  const int left = (samples - t + kWidth - 1) / kWidth;
  if constexpr (kTile == 4) {
    if (left == 4) work(t, std::integral_constant<int, 4>{});
    if (left == 3) work(t, std::integral_constant<int, 3>{});
  }
  if (left == 2) work(t, std::integral_constant<int, 2>{});
  if (left == 1) work(t, std::integral_constant<int, 1>{});
}

// A quarter of the angle is small enough for Taylor's series (errors of 2e-10), and is then doubled twice. In double:
// an error of the angle counts as often as there are harmonics.
void turn(double start, double rate, double bend, int samples, float* cosine, float* sine) {
  constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number
  constexpr double kQuarter = 1.5707963267948966;
  for (int t = 0; t < samples; ++t) {
    const double j = t, turns = start + j * (rate + bend * j);
    const double x = kQuarter * (turns - ((turns + kMagic) - kMagic)), square = x * x;
    double s = -1.0 / 39916800.0;
    s = s * square + 1.0 / 362880.0;
    s = s * square - 1.0 / 5040.0;
    s = s * square + 1.0 / 120.0;
    s = s * square - 1.0 / 6.0;
    s = s * square * x + x;
    double c = -1.0 / 3628800.0;
    c = c * square + 1.0 / 40320.0;
    c = c * square - 1.0 / 720.0;
    c = c * square + 1.0 / 24.0;
    c = c * square - 0.5;
    c = c * square + 1.0;
    const double s_2 = 2.0 * s * c, c_2 = 1.0 - 2.0 * s * s;
    sine[t] = static_cast<float>(2.0 * s_2 * c_2);
    cosine[t] = static_cast<float>(1.0 - 2.0 * s_2 * s_2);
  }
}

// The points of one harmonic on the circle, which turn on to the next.
template <int Vectors>
struct Points {
  Vector cosine[Vectors], sine[Vectors], re[Vectors], im[Vectors];

  TONEWRIGHT_INLINE Points(Circle circle, int t) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      re[v] = cosine[v] = load(circle.cosine + t + v * kWidth);
      im[v] = sine[v] = load(circle.sine + t + v * kWidth);
    }
  }
  TONEWRIGHT_INLINE void next(int v) {
    const Vector before = re[v];
    re[v] = before * cosine[v] - im[v] * sine[v];
    im[v] = before * sine[v] + im[v] * cosine[v];
  }
};

void sum(const float* from, const float* swing, int count, Circle circle, const float* rise, int samples, float* y) {
  in_tiles(samples, [&](int t, auto vectors) {
    constexpr int kVectors = decltype(vectors)::value;
    Points<kVectors> points(circle, t);
    Vector still[kVectors] = {}, moved[kVectors] = {};
    for (int k = 0; k < count; ++k) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        still[v] += from[k] * points.im[v];
        moved[v] += swing[k] * points.im[v];
        points.next(v);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int at = t + v * kWidth;
      store(y + at, still[v] + load(rise + at) * moved[v]);
    }
  });
}

TONEWRIGHT_INLINE float across(const float* lanes) {
  float sum = 0.0f;
  for (int i = 0; i < kWidth; ++i) sum += lanes[i];
  return sum;
}

void sum_back(const float* early, const float* late, int count, Circle circle, int samples, float* lanes,
              float* d_from, float* d_to) {
  std::memset(lanes, 0, sizeof(float) * 2 * kWidth * static_cast<std::size_t>(count));
  in_tiles(samples, [&](int t, auto vectors) {
    constexpr int kVectors = decltype(vectors)::value;
    Points<kVectors> points(circle, t);
    Vector first[kVectors], second[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      first[v] = load(early + t + v * kWidth);
      second[v] = load(late + t + v * kWidth);
    }
    float* at = lanes;
    for (int k = 0; k < count; ++k, at += 2 * kWidth) {
      Vector a = load(at), b = load(at + kWidth);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        a += first[v] * points.im[v];
        b += second[v] * points.im[v];
        points.next(v);
      }
      store(at, a);
      store(at + kWidth, b);
    }
  });
  for (int k = 0; k < count; ++k) {
    d_from[k] += across(lanes + 2 * kWidth * k);
    d_to[k] += across(lanes + 2 * kWidth * k + kWidth);
  }
}

void filter(const float* from, const float* swing, int reach, const float* x, const float* rise, int samples,
            float* y) {
  in_tiles(samples, [&](int t, auto vectors) {
    constexpr int kVectors = decltype(vectors)::value;
    Vector still[kVectors], moved[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Vector middle = load(x + t + v * kWidth);
      still[v] = from[0] * middle;
      moved[v] = swing[0] * middle;
    }
    for (int d = 1; d < reach; ++d) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const float* at = x + t + v * kWidth;
        const Vector both = load(at - d) + load(at + d);
        still[v] += from[d] * both;
        moved[v] += swing[d] * both;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int at = t + v * kWidth;
      store(y + at, still[v] + load(rise + at) * moved[v]);
    }
  });
}

void filter_back(const float* early, const float* late, const float* x, int samples, int taps, float* d_early,
                 float* d_late) {
  in_tiles(taps, [&](int i, auto vectors) {
    constexpr int kVectors = decltype(vectors)::value;
    Vector first[kVectors] = {}, second[kVectors] = {};
    for (int j = 0; j < samples; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Vector heard = load(x + i + j + v * kWidth);
        first[v] += early[j] * heard;
        second[v] += late[j] * heard;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      store(d_early + i + v * kWidth, first[v]);
      store(d_late + i + v * kWidth, second[v]);
    }
  });
}

}  // namespace
}  // namespace tonewright
