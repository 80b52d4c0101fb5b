// Vectors of kWidth floats and the functions that bend them; included where kWidth is known.

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX__)
#include <immintrin.h>
#endif

// Vectors live in registers, which a call would empty.
#define TONEWRIGHT_INLINE inline __attribute__((always_inline))

namespace tonewright {
namespace {

using Vector = float __attribute__((vector_size(kWidth * sizeof(float))));
using Whole = std::int32_t __attribute__((vector_size(kWidth * sizeof(float))));

TONEWRIGHT_INLINE Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
TONEWRIGHT_INLINE void store(float* to, Vector v) { std::memcpy(to, &v, sizeof v); }
TONEWRIGHT_INLINE Vector all(float x) { return x - Vector{}; }
TONEWRIGHT_INLINE Vector larger(Vector a, Vector b) { return a > b ? a : b; }
TONEWRIGHT_INLINE Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
TONEWRIGHT_INLINE Vector positive(Vector x) { return x > 0.0f ? x : all(0.0f); }
TONEWRIGHT_INLINE Vector magnitude(Vector x) { return x < 0.0f ? -x : x; }

// a / b to about 1e-7 for b of ordinary size: an estimate of 1 / b and one step of Newton, where the CPU has one.
TONEWRIGHT_INLINE Vector quotient(Vector a, Vector b) {
  Vector r = 1.0f / b;
#if defined(__AVX512F__)
  if constexpr (kWidth == 16) {
    const __m512 estimate = _mm512_maskz_rcp14_ps(0xffff, reinterpret_cast<__m512>(b));
    std::memcpy(&r, &estimate, sizeof r);
    r *= 2.0f - b * r;
  }
#elif defined(__AVX2__)
  if constexpr (kWidth == 8) {
    const __m256 estimate = _mm256_rcp_ps(reinterpret_cast<__m256>(b));
    std::memcpy(&r, &estimate, sizeof r);
    r *= 2.0f - b * r;
  }
#endif
  return a * r;
}

// 1 / sqrt x to about 3e-7 for x of ordinary size, as quotient() is made; for what is smaller than 1e-30, 1e15.
TONEWRIGHT_INLINE Vector inverse_root(Vector x) {
  x = larger(x, all(1e-30f));
  Vector r;
#if defined(__AVX512F__)
  if constexpr (kWidth == 16) {
    const __m512 estimate = _mm512_maskz_rsqrt14_ps(0xffff, reinterpret_cast<__m512>(x));
    std::memcpy(&r, &estimate, sizeof r);
    return r * (1.5f - 0.5f * x * r * r);
  }
#elif defined(__AVX2__)
  if constexpr (kWidth == 8) {
    const __m256 estimate = _mm256_rsqrt_ps(reinterpret_cast<__m256>(x));
    std::memcpy(&r, &estimate, sizeof r);
    return r * (1.5f - 0.5f * x * r * r);
  }
#endif
  for (int i = 0; i < kWidth; ++i) r[i] = 1.0f / std::sqrt(x[i]);
  return r;
}

// e^x to about 2e-7 relative: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial in r, n into the exponent.
TONEWRIGHT_INLINE Vector exponential(Vector x) {
  x = smaller(larger(x, all(-87.0f)), all(88.0f));
  const Vector magic = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number
  const Vector n = (x * 1.44269504088896341f + magic) - magic;
  Vector r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  Vector p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const Whole exponent = (__builtin_convertvector(n, Whole) + 127) << 23;
  Vector scale;
  std::memcpy(&scale, &exponent, sizeof scale);
  return p * scale;
}

// tanh x to 5e-7 relative: x P(x^2) / Q(x^2), the least largest relative error on |x| <= 7.6 found by linear
// programming; tanh 7.6 is 1 to 5e-7, so x ends there. What is no number stays none.
TONEWRIGHT_INLINE Vector hyperbolic_tangent(Vector x) {
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

TONEWRIGHT_INLINE Vector sigmoid(Vector x) { return 0.5f * hyperbolic_tangent(0.5f * x) + 0.5f; }
TONEWRIGHT_INLINE Vector softsign(Vector x) { return x / (1.0f + magnitude(x)); }

// x times the normal distribution function of x, to 4e-7 of the larger of 1 and |x|: x / 2 + x (x P(x^2) / Q(x^2)),
// where the part in brackets is half the error function of x / sqrt 2. Its rational form has the least largest error,
// weighted by x, on |x| <= 5.2, found by linear programming; there it ends, and below -5.2 so does the whole, whose
// true value lies between -6e-7 and 0. What is no number stays none.
TONEWRIGHT_INLINE Vector gelu(Vector x) {
  x = x < -5.2f ? all(-5.2f) : x;
  const Vector inner = x > 5.2f ? all(5.2f) : x;
  const Vector square = inner * inner;
  Vector p = all(-2.263248920280492e-8f);
  p = p * square + 7.887724231730392e-6f;
  p = p * square + 6.018962335496819e-4f;
  p = p * square + 7.228877226831544e-3f;
  p = p * square + 7.764119159683289e-2f;
  p = p * square + 3.9893866613961526e-1f;
  Vector q = all(2.0597915008970573e-4f);
  q = q * square + 4.311782327100587e-3f;
  q = q * square + 5.33830750784789e-2f;
  q = q * square + 3.612456491536768e-1f;
  q = q * square + 1.0f;
  return x * quotient(inner * p, q) + 0.5f * x;
}

// The natural logarithm of positive numbers, to 1.5e-7 relative: x = 2^n (1 + f) with 1 + f from sqrt 1/2 to sqrt 2,
// and of f a polynomial (least largest relative error 6e-9). Zero, and what is too small for an ordinary float, gives
// -infinity, anything negative no number.
TONEWRIGHT_INLINE Vector logarithm(Vector x) {
  constexpr float kSmallest = 1.17549435e-38f;
  const Vector ordinary = larger(x, all(kSmallest));
  Whole bits;
  std::memcpy(&bits, &ordinary, sizeof bits);
  const Whole n = (bits - 0x3f3504f3) >> 23;  // the bits of sqrt 1/2
  bits -= n << 23;
  Vector f;
  std::memcpy(&f, &bits, sizeof f);
  f -= 1.0f;
  const Vector exponent = __builtin_convertvector(n, Vector), square = f * f;
  Vector p = all(-7.634484326011381e-2f);
  p = p * f + 1.2761566217499112e-1f;
  p = p * f - 1.3160184211032264e-1f;
  p = p * f + 1.4201760758989612e-1f;
  p = p * f - 1.662335738277838e-1f;
  p = p * f + 2.0001226679792158e-1f;
  p = p * f - 2.500082102655496e-1f;
  p = p * f + 3.333333171116209e-1f;
  Vector y = p * f * square - exponent * 2.12194440e-4f;  // ln 2 in two parts, the first of few digits
  y = (y - 0.5f * square) + f + exponent * 0.693359375f;
  y = x < kSmallest ? all(-HUGE_VALF) : y;
  y = x < 0.0f ? all(NAN) : y;
  return x < HUGE_VALF ? y : x;
}

}  // namespace
}  // namespace tonewright
