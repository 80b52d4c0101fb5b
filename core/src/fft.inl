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

using Four = float __attribute__((vector_size(4 * sizeof(float))));

template <typename V>
TONEWRIGHT_INLINE V read(const float* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

// Stores a complex number, turned by w = re, im.
template <bool kTurned, typename V>
TONEWRIGHT_INLINE void put(V re, V im, const float* w, float* to_re, float* to_im) {
  const V turned_re = kTurned ? re * w[0] - im * w[1] : re, turned_im = kTurned ? re * w[1] + im * w[0] : im;
  std::memcpy(to_re, &turned_re, sizeof(V));
  std::memcpy(to_im, &turned_im, sizeof(V));
}

// Four rows of `count` numbers, `step` apart, to four rows next to each other, of which three are turned.
template <bool kTurned, typename V>
TONEWRIGHT_INLINE void four_rows(Parts x, std::size_t step, Parts y, std::size_t count, const float* w) {
  for (std::size_t q = 0; q < count; q += sizeof(V) / sizeof(float)) {
    const float *re = x.re + q, *im = x.im + q;
    float *to_re = y.re + q, *to_im = y.im + q;
    const V re_0 = read<V>(re), re_1 = read<V>(re + step), re_2 = read<V>(re + 2 * step), re_3 = read<V>(re + 3 * step);
    const V im_0 = read<V>(im), im_1 = read<V>(im + step), im_2 = read<V>(im + 2 * step), im_3 = read<V>(im + 3 * step);
    const V even_re = re_0 + re_2, even_im = im_0 + im_2, odd_re = re_1 + re_3, odd_im = im_1 + im_3;
    const V a_re = re_0 - re_2, a_im = im_0 - im_2, b_re = re_1 - re_3, b_im = im_1 - im_3;
    put<false>(even_re + odd_re, even_im + odd_im, w, to_re, to_im);
    put<kTurned>(a_re + b_im, a_im - b_re, w, to_re + count, to_im + count);
    put<kTurned>(even_re - odd_re, even_im - odd_im, w + 2, to_re + 2 * count, to_im + 2 * count);
    put<kTurned>(a_re - b_im, a_im + b_re, w + 4, to_re + 3 * count, to_im + 3 * count);
  }
}

// The same of two.
template <bool kTurned, typename V>
TONEWRIGHT_INLINE void two_rows(Parts x, std::size_t step, Parts y, std::size_t count, const float* w) {
  for (std::size_t q = 0; q < count; q += sizeof(V) / sizeof(float)) {
    const V a_re = read<V>(x.re + q), a_im = read<V>(x.im + q);
    const V b_re = read<V>(x.re + q + step), b_im = read<V>(x.im + q + step);
    put<false>(a_re + b_re, a_im + b_im, w, y.re + q, y.im + q);
    put<kTurned>(a_re - b_re, a_im - b_im, w, y.re + count + q, y.im + count + q);
  }
}

// One pass: `left` times `by` rows.
template <typename V>
void pass(std::size_t left, std::size_t by, std::size_t count, Parts x, Parts y, const float* w) {
  for (std::size_t p = 0; p < left; ++p, w += 2 * (by - 1)) {
    const Parts from{x.re + p * count, x.im + p * count}, to{y.re + by * p * count, y.im + by * p * count};
    if (by == 4)
      p ? four_rows<true, V>(from, left * count, to, count, w) : four_rows<false, V>(from, left * count, to, count, w);
    else
      p ? two_rows<true, V>(from, left * count, to, count, w) : two_rows<false, V>(from, left * count, to, count, w);
  }
}

// Transforms of `size` rows of `count` numbers, number by number. x and y change places with every pass; returns the
// turns of what comes next.
const float* transform_rows(std::size_t size, std::size_t count, Parts& x, Parts& y, const float* w) {
  while (size > 1) {
    const std::size_t by = size % 4 == 0 ? 4 : 2, left = size / by;
    (count % kWidth ? pass<Four> : pass<Vector>)(left, by, count, x, y, w);
    std::swap(x, y);
    w += 2 * (by - 1) * left;
    size = left;
    count *= by;
  }
  return w;
}

// Four rows of four numbers, `from_step` apart, to their columns, `to_step` apart.
TONEWRIGHT_INLINE void transpose_four(const float* from, std::size_t from_step, float* to, std::size_t to_step) {
  using Which = std::int32_t __attribute__((vector_size(4 * sizeof(float))));
  Four row[4], pair[4];
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(&row[i], from + i * from_step, sizeof row[i]);
  for (std::size_t i = 0; i < 2; ++i) {
    pair[i] = __builtin_shuffle(row[i], row[i + 2], Which{0, 4, 1, 5});
    pair[i + 2] = __builtin_shuffle(row[i], row[i + 2], Which{2, 6, 3, 7});
  }
  for (std::size_t i = 0; i < 4; i += 2) {
    const Four first = __builtin_shuffle(pair[i], pair[i + 1], Which{0, 4, 1, 5});
    const Four second = __builtin_shuffle(pair[i], pair[i + 1], Which{2, 6, 3, 7});
    std::memcpy(to + i * to_step, &first, sizeof first);
    std::memcpy(to + (i + 1) * to_step, &second, sizeof second);
  }
}

// Turns the numbers of a matrix and makes its columns rows.
void turn_and_transpose(const FftPlan& plan, Parts x, Parts y) {
  const float *w_re = plan.between_re.data(), *w_im = plan.between_im.data();
  for (std::size_t i = 0; i < plan.rows * plan.columns; i += kWidth) {
    const Vector re = load(x.re + i), im = load(x.im + i), cosine = load(w_re + i), sine = load(w_im + i);
    store(x.re + i, re * cosine - im * sine);
    store(x.im + i, re * sine + im * cosine);
  }
  for (std::size_t row = 0; row < plan.rows; row += 4)
    for (std::size_t column = 0; column < plan.columns; column += 4) {
      const std::size_t from = row * plan.columns + column, to = column * plan.rows + row;
      transpose_four(x.re + from, plan.columns, y.re + to, plan.rows);
      transpose_four(x.im + from, plan.columns, y.im + to, plan.rows);
    }
}

Parts transform(const FftPlan& plan, Parts x, Parts y) {
  const float* w = transform_rows(plan.rows, plan.columns, x, y, plan.turns.data());
  turn_and_transpose(plan, x, y);
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
