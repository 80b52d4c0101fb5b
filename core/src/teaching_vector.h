// Vectors of kWidth floats and the functions that bend them; included where kWidth is known.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace tonewright {
namespace teaching {
namespace {


using Vector = float __attribute__((vector_size(kWidth * sizeof(float))));
using Four = float __attribute__((vector_size(4 * sizeof(float))));

inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Vector v) { std::memcpy(to, &v, sizeof v); }
inline Vector all(float x) { return Vector{} + x; }
inline Vector magnitude(Vector x) { return x < 0.0f ? -x : x; }

// a / b to about 1e-7 for b of ordinary size: an estimate of 1 / b and one step of Newton, where the CPU has one.
inline Vector quotient(Vector a, Vector b) {
#if defined(__AVX512F__)
  if constexpr (kWidth == 16) {
    Vector r;
    const __m512 estimate = _mm512_maskz_rcp14_ps(0xffff, reinterpret_cast<__m512>(b));  // _mm512_rcp14_ps warns
    std::memcpy(&r, &estimate, sizeof r);
    return a * (r * (2.0f - b * r));
  }
#endif
  return a / b;
}

// Adds the lanes of v, four by four, to the four at `sums`.
inline void add_lanes(Vector v, float* sums) {
  Four sum, part;
  std::memcpy(&sum, sums, sizeof sum);
#if defined(__AVX512F__)
  const __m512 whole = reinterpret_cast<__m512>(v);  // by hand: a compiler goes through memory here
  const __m128 parts = (_mm512_maskz_extractf32x4_ps(0xf, whole, 0) + _mm512_maskz_extractf32x4_ps(0xf, whole, 1)) +
                       (_mm512_maskz_extractf32x4_ps(0xf, whole, 2) + _mm512_maskz_extractf32x4_ps(0xf, whole, 3));
  std::memcpy(&part, &parts, sizeof part);
  sum += part;
#else
  for (int i = 0; i < kWidth / 4; ++i) {
    std::memcpy(&part, reinterpret_cast<const char*>(&v) + sizeof part * i, sizeof part);
    sum += part;
  }
#endif
  std::memcpy(sums, &sum, sizeof sum);
}

// tanh x to 5e-7 relative: x P(x^2) / Q(x^2), the least largest relative error on |x| <= 7.6 found by linear
// programming; tanh 7.6 is 1 to 5e-7, so x ends there. What is no number stays none.
inline Vector hyperbolic_tangent(Vector x) {
  x = x > 7.6f ? all(7.6f) : x;
  x = x < -7.6f ? all(-7.6f) : x;
  const Vector square = x * x;
  Vector p = all(2.2240242839890307e-11f);
  p = p * square - 1.4331710595777537e-8f;
  p = p * square + 9.782800421929792e-6f;
  p = p * square + 2.97712648342665e-3f;
  p = p * square + 1.2971656712790477e-1f;
  p = p * square + 9.999999655918546e-1f;
  Vector q = all(2.3589626683885863e-4f);
  q = q * square + 2.3993885990589468e-2f;
  q = q * square + 4.6304983173001935e-1f;
  q = q * square + 1.0f;
  return quotient(x * p, q);
}

inline Vector sigmoid(Vector x) { return 0.5f * hyperbolic_tangent(0.5f * x) + 0.5f; }
inline Vector softsign(Vector x) { return x / (1.0f + magnitude(x)); }

}  // namespace
}  // namespace teaching
}  // namespace tonewright
