// The passes of a transform, the product of spectra and the plain sum over taps. Included after vector.inl.
//
// Source: Stockham's self-sorting passes (Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992,
// section 1.7) over the rows and then over the columns of a matrix (section 3.3, the four-step form), so that every
// inner loop runs over neighbours and the order of the result is the natural one.

#include <utility>

#include "fft_kernels.h"
#include "kernels.h"

namespace tonewright {
namespace {

// A complex number times e^(i angle).
struct Turn {
  float re = 1.0f, im = 0.0f;
};

template <bool kTurned>
TONEWRIGHT_INLINE void put(float re, float im, Turn turn, float* to_re, float* to_im) {
  *to_re = kTurned ? re * turn.re - im * turn.im : re;
  *to_im = kTurned ? re * turn.im + im * turn.re : im;
}

// Four rows of `count` numbers, `step` apart, to four rows next to each other, of which three are turned.
template <bool kTurned>
TONEWRIGHT_INLINE void four_rows(Parts x, std::size_t step, Parts y, std::size_t count, const float* w) {
  const float *__restrict xr = x.re, *__restrict xi = x.im;
  float *__restrict yr = y.re, *__restrict yi = y.im;
  const Turn one = kTurned ? Turn{w[0], w[1]} : Turn{}, two = kTurned ? Turn{w[2], w[3]} : Turn{};
  const Turn three = kTurned ? Turn{w[4], w[5]} : Turn{};
  for (std::size_t q = 0; q < count; ++q) {
    const float even_re = xr[q] + xr[q + 2 * step], even_im = xi[q] + xi[q + 2 * step];
    const float odd_re = xr[q + step] + xr[q + 3 * step], odd_im = xi[q + step] + xi[q + 3 * step];
    const float a_re = xr[q] - xr[q + 2 * step], a_im = xi[q] - xi[q + 2 * step];
    const float b_re = xr[q + step] - xr[q + 3 * step], b_im = xi[q + step] - xi[q + 3 * step];
    yr[q] = even_re + odd_re;
    yi[q] = even_im + odd_im;
    put<kTurned>(a_re + b_im, a_im - b_re, one, yr + count + q, yi + count + q);
    put<kTurned>(even_re - odd_re, even_im - odd_im, two, yr + 2 * count + q, yi + 2 * count + q);
    put<kTurned>(a_re - b_im, a_im + b_re, three, yr + 3 * count + q, yi + 3 * count + q);
  }
}

// The same of two.
template <bool kTurned>
TONEWRIGHT_INLINE void two_rows(Parts x, std::size_t step, Parts y, std::size_t count, const float* w) {
  const float *__restrict xr = x.re, *__restrict xi = x.im;
  float *__restrict yr = y.re, *__restrict yi = y.im;
  const Turn one = kTurned ? Turn{w[0], w[1]} : Turn{};
  for (std::size_t q = 0; q < count; ++q) {
    const float a_re = xr[q], a_im = xi[q], b_re = xr[q + step], b_im = xi[q + step];
    yr[q] = a_re + b_re;
    yi[q] = a_im + b_im;
    put<kTurned>(a_re - b_re, a_im - b_im, one, yr + count + q, yi + count + q);
  }
}

// Transforms of `size` rows of `count` numbers, number by number. x and y change places with every pass; returns the
// turns of what comes next.
const float* transform_rows(std::size_t size, std::size_t count, Parts& x, Parts& y, const float* w) {
  while (size > 1) {
    const std::size_t by = size % 4 == 0 ? 4 : 2, left = size / by, step = left * count;
    for (std::size_t p = 0; p < left; ++p, w += 2 * (by - 1)) {
      const Parts from{x.re + p * count, x.im + p * count}, to{y.re + by * p * count, y.im + by * p * count};
      if (by == 4)
        p ? four_rows<true>(from, step, to, count, w) : four_rows<false>(from, step, to, count, w);
      else
        p ? two_rows<true>(from, step, to, count, w) : two_rows<false>(from, step, to, count, w);
    }
    std::swap(x, y);
    size = left;
    count *= by;
  }
  return w;
}

Parts transform(const FftPlan& plan, Parts x, Parts y) {
  const float* w = transform_rows(plan.rows, plan.columns, x, y, plan.turns.data());
  const float *between_re = plan.between_re.data(), *between_im = plan.between_im.data();
  for (std::size_t row = 0; row < plan.rows; ++row) {
    const std::size_t at = row * plan.columns;
    for (std::size_t column = 0; column < plan.columns; ++column)
      put<true>(x.re[at + column], x.im[at + column], {between_re[at + column], between_im[at + column]},
                y.re + column * plan.rows + row, y.im + column * plan.rows + row);
  }
  std::swap(x, y);
  transform_rows(plan.columns, plan.rows, x, y, w);
  return x;
}

void add_product(const float* a, const float* b, float* sum, std::size_t count) {
  for (std::size_t k = 0; k < count; k += kWidth) {
    const Vector a_re = load(a + k), a_im = load(a + count + k), b_re = load(b + k), b_im = load(b + count + k);
    store(sum + k, load(sum + k) + a_re * b_re - a_im * b_im);
    store(sum + count + k, load(sum + count + k) + a_re * b_im + a_im * b_re);
  }
}

template <int Vectors>
TONEWRIGHT_INLINE void direct_tile(const float* response, int taps, const float* x, float* y) {
  Vector sums[Vectors] = {};
  for (int k = 0; k < taps; ++k) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sums[v] += response[k] * load(x + v * kWidth - k);
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) store(y + v * kWidth, sums[v]);
}

void direct(const float* response, int taps, const float* x, float* y, int frames) {
  constexpr int kWide = kWidth == 16 ? 4 : 8;  // vectors
  int t = 0;
  for (; t + kWide * kWidth <= frames; t += kWide * kWidth) direct_tile<kWide>(response, taps, x + t, y + t);
  for (; t < frames; t += kRowStep) direct_tile<kRowStep / kWidth>(response, taps, x + t, y + t);
}

}  // namespace
}  // namespace tonewright
