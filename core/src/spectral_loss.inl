// Transforms of many frames at once, the comparison of their bins, and the way back. Included after vector.inl.
//
// A frame of real numbers is transformed as half as many complex ones, its even samples and its odd ones, so that no
// frame's rounding is heard in another: what is silent stays silent. The passes forward leave the numbers in the order
// of their reversed digits, the passes back begin with that order, and nobody needs another one.
//
// Source: decimation in frequency and in time, in place (Van Loan, Computational Frameworks for the Fast Fourier
// Transform, 1992, section 1.9); two halves of a real frame in one transform, section 4.2.

#include <utility>

#include "spectral_loss_kernels.h"

namespace tonewright {
namespace {

constexpr std::size_t kRow = 2 * kWidth;  // floats of a complex number of every frame
constexpr std::size_t kInCache = 256;     // numbers whose passes find them in the nearest cache

struct Complex {
  Vector re, im;
};

TONEWRIGHT_INLINE Complex get(const float* z) { return {load(z), load(z + kWidth)}; }
TONEWRIGHT_INLINE void put(float* z, Complex x) {
  store(z, x.re);
  store(z + kWidth, x.im);
}
TONEWRIGHT_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
TONEWRIGHT_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
TONEWRIGHT_INLINE Complex conjugate(Complex x) { return {x.re, -x.im}; }
// x times w = re, im, or times the conjugate of it.
template <bool kBack>
TONEWRIGHT_INLINE Complex turned(Complex x, const float* w) {
  const float im = kBack ? -w[1] : w[1];
  return {x.re * w[0] - x.im * im, x.im * w[0] + x.re * im};
}
// x times -i forward, times i back.
template <bool kBack>
TONEWRIGHT_INLINE Complex quarter(Complex x) {
  return kBack ? Complex{-x.im, x.re} : Complex{x.im, -x.re};
}

template <int kRadix, bool kBack>
TONEWRIGHT_INLINE void butterfly(Complex* a) {
  if constexpr (kRadix == 4) {
    const Complex even = a[0] + a[2], odd = a[1] + a[3];
    const Complex even_left = a[0] - a[2], odd_left = quarter<kBack>(a[1] - a[3]);
    a[0] = even + odd;
    a[1] = even_left + odd_left;
    a[2] = even - odd;
    a[3] = even_left - odd_left;
  } else if constexpr (kRadix == 3) {
    constexpr float kSine = 0.866025403784438647f;  // of 60 degrees
    const Complex sum = a[1] + a[2], left = quarter<kBack>(a[1] - a[2]);
    const Complex middle{a[0].re - 0.5f * sum.re, a[0].im - 0.5f * sum.im};
    const Complex side{kSine * left.re, kSine * left.im};
    a[0] = a[0] + sum;
    a[1] = middle + side;
    a[2] = middle - side;
  } else {
    const Complex left = a[0] - a[1];
    a[0] = a[0] + a[1];
    a[1] = left;
  }
}

template <int kRadix, bool kBack, bool kTurned>
TONEWRIGHT_INLINE void butterfly_at(float* z, std::size_t step, const float* w) {
  Complex a[kRadix];
#pragma GCC unroll 4
  for (int p = 0; p < kRadix; ++p) {
    a[p] = get(z + static_cast<std::size_t>(p) * step);
    if (kTurned && kBack && p) a[p] = turned<true>(a[p], w + 2 * (p - 1));
  }
  butterfly<kRadix, kBack>(a);
#pragma GCC unroll 4
  for (int p = 0; p < kRadix; ++p) {
    if (kTurned && !kBack && p) a[p] = turned<false>(a[p], w + 2 * (p - 1));
    put(z + static_cast<std::size_t>(p) * step, a[p]);
  }
}

// One pass over blocks of n numbers.
template <int kRadix, bool kBack>
void pass(float* z, std::size_t n, std::size_t blocks, const float* turns) {
  const std::size_t left = n / kRadix;
  for (float* end = z + blocks * n * kRow; z < end; z += n * kRow) {
    butterfly_at<kRadix, kBack, false>(z, left * kRow, turns);
    for (std::size_t j = 1; j < left; ++j)
      butterfly_at<kRadix, kBack, true>(z + j * kRow, left * kRow, turns + 2 * (kRadix - 1) * j);
  }
}

template <bool kBack>
void one_pass(const SpectralScale& s, std::size_t level, float* z, std::size_t n, std::size_t blocks) {
  const float* turns = s.turns.data() + s.turns_at[level];
  if (s.radices[level] == 4) pass<4, kBack>(z, n, blocks, turns);
  else if (s.radices[level] == 3) pass<3, kBack>(z, n, blocks, turns);
  else pass<2, kBack>(z, n, blocks, turns);
}

// All passes from `level` on over n numbers: block by block while they are too many for the nearest cache.
template <bool kBack>
void passes(const SpectralScale& s, std::size_t level, float* z, std::size_t n, std::size_t blocks = 1) {
  if (level == s.radices.size()) return;
  const std::size_t radix = static_cast<std::size_t>(s.radices[level]), left = n / radix;
  if (!kBack) one_pass<kBack>(s, level, z, n, blocks);
  if (n > kInCache)
    for (std::size_t i = 0; i < blocks * radix; ++i) passes<kBack>(s, level + 1, z + i * left * kRow, left);
  else
    passes<kBack>(s, level + 1, z, left, blocks * radix);
  if (kBack) one_pass<kBack>(s, level, z, n, blocks);
}

// The first pass, from the sheet: number n of a frame is its samples 2 n and 2 n + 1.
void first_pass(const SpectralScale& s, const float* sheet, std::size_t stride, float* z) {
  const std::size_t left = s.half / 4;
  for (std::size_t j = 0; j < left; ++j, sheet += 2 * stride) {
    const float *w = s.turns.data() + 6 * j, *window = s.window.data() + 2 * j;
    Complex a[4];
#pragma GCC unroll 4
    for (std::size_t q = 0; q < 4; ++q, window += s.hop)
      a[q] = {load(sheet + q) * window[0], load(sheet + stride + q) * window[1]};
    butterfly<4, false>(a);
    put(z + j * kRow, a[0]);
#pragma GCC unroll 4
    for (std::size_t p = 1; p < 4; ++p) put(z + (p * left + j) * kRow, turned<false>(a[p], w + 2 * (p - 1)));
  }
}

// Adds v[q] to what is q places further on in a row.
TONEWRIGHT_INLINE void add_shifted(const Vector* v, float* row) {
  Vector here = load(row) + v[0], there = load(row + kWidth);
#pragma GCC unroll 4
  for (int q = 1; q < 4; ++q) {
    Whole from;
    for (int i = 0; i < kWidth; ++i) from[i] = i + kWidth - q;
    here += __builtin_shuffle(Vector{}, v[q], from);
    there += __builtin_shuffle(v[q], Vector{}, from);
  }
  store(row, here);
  store(row + kWidth, there);
}

// The last pass back, into the sheet.
void last_pass(const SpectralScale& s, const float* z, float* sheet, std::size_t stride) {
  const std::size_t left = s.half / 4;
  for (std::size_t j = 0; j < left; ++j, sheet += 2 * stride) {
    const float *w = s.turns.data() + 6 * j, *window = s.window.data() + 2 * j;
    Complex a[4];
    a[0] = get(z + j * kRow);
#pragma GCC unroll 4
    for (std::size_t p = 1; p < 4; ++p) a[p] = turned<true>(get(z + (p * left + j) * kRow), w + 2 * (p - 1));
    butterfly<4, true>(a);
    Vector even[4], odd[4];
#pragma GCC unroll 4
    for (std::size_t q = 0; q < 4; ++q, window += s.hop) even[q] = a[q].re * window[0], odd[q] = a[q].im * window[1];
    add_shifted(even, sheet);
    add_shifted(odd, sheet + stride);
  }
}

// Kahan's sum: hundreds of numbers that are much alike are rounded the same way again and again.
struct Sum {
  Vector value{}, lost{};  // lost: what rounding has taken from it

  TONEWRIGHT_INLINE void add(Vector x) {
    x -= lost;
    const Vector sum = value + x;
    lost = (sum - value) - x;
    value = sum;
  }
};

// What is compared, and what comes of it.
template <bool kSquares>
struct Comparison {
  Vector weight, square, epsilon;
  Sum distance{};

  // Of a bin of both: adds their distance, and gives how the loss changes with y.
  TONEWRIGHT_INLINE Complex compare(Complex x, Complex y) {
    const Vector x_power = x.re * x.re + x.im * x.im, y_power = y.re * y.re + y.im * y.im;
    const Vector y_inverse = inverse_root(y_power);
    const Vector a = x_power * inverse_root(x_power), b = y_power * y_inverse;
    const Vector inverse = quotient(all(1.0f), b + epsilon);
    const Vector ratio = a == b ? all(1.0f) : (a + epsilon) * inverse;
    const Vector apart = kSquares ? square * (a - b) * (a - b) : magnitude(a - b);
    distance.add(apart + magnitude(logarithm(ratio)));
    const Vector sign = a < b ? weight : a > b ? -weight : all(0.0f);
    const Vector linear = kSquares ? 2.0f * square * weight * (b - a) : sign;
    const Vector slope = (linear + sign * inverse) * y_inverse;
    return {slope * y.re, slope * y.im};
  }
};

// The bins k and half - k of a frame, from the numbers k and half - k of its transform: twice as large.
TONEWRIGHT_INLINE void part(Complex& low, Complex& high, const float* w) {
  const Complex even = low + conjugate(high), odd = turned<false>(quarter<false>(low - conjugate(high)), w);
  low = even + odd;
  high = conjugate(even - odd);
}

// Its adjoint.
TONEWRIGHT_INLINE void join(Complex& low, Complex& high, const float* w) {
  const Complex even = low + conjugate(high), odd = quarter<true>(turned<true>(low - conjugate(high), w));
  low = even + odd;
  high = conjugate(even - odd);
}

TONEWRIGHT_INLINE Complex times(float factor, Complex x) { return {factor * x.re, factor * x.im}; }

// All bins of the transforms x and y; with slopes, y becomes what its transform changes the loss by.
template <bool kSquares, bool kSlopes>
Vector compare_bins(const SpectralScale& s, const float* x, float* y, const SpectralTerms& terms, Vector counts) {
  Comparison<kSquares> of{terms.weight * counts, all(terms.square), all(terms.epsilon)};
  {
    // The first bin and the last are real: sum and difference of both parts of number 0.
    const Complex a = get(x), b = get(y);
    const Complex first = of.compare({a.re + a.im, Vector{}}, {b.re + b.im, Vector{}});
    const Complex last = of.compare({a.re - a.im, Vector{}}, {b.re - b.im, Vector{}});
    if (kSlopes) put(y, {first.re + last.re, first.re - last.re});
    // The middle one is its own counterpart, the conjugate of the number in the middle.
    const std::size_t at = s.places[s.half / 2] * kRow;
    const Complex middle = of.compare(conjugate(get(x + at)), conjugate(get(y + at)));
    if (kSlopes) put(y + at, conjugate(middle));
  }
  for (std::size_t k = 1; k < s.half / 2; ++k) {
    const std::size_t low_at = s.places[k] * kRow, high_at = s.places[s.half - k] * kRow;
    const float* w = s.bin_turns.data() + 2 * k;
    Complex x_low = times(0.5f, get(x + low_at)), x_high = times(0.5f, get(x + high_at));
    Complex y_low = times(0.5f, get(y + low_at)), y_high = times(0.5f, get(y + high_at));
    part(x_low, x_high, w);
    part(y_low, y_high, w);
    Complex low = times(0.5f, of.compare(x_low, y_low)), high = times(0.5f, of.compare(x_high, y_high));
    if (!kSlopes) continue;
    join(low, high, w);
    put(y + low_at, low);
    put(y + high_at, high);
  }
  return of.distance.value;
}

double sum_of(Vector x, Vector counts) {
  double sum = 0.0;
  for (int lane = 0; lane < kWidth; ++lane) sum += counts[lane] > 0.0f ? x[lane] : 0.0f;
  return sum;
}

double compare(const SpectralScale& s, const SpectralSheets& sheets, std::size_t first, const SpectralTerms& terms,
               float* z) {
  float *x = z, *y = z + s.half * kRow;
  for (auto [sheet, to] : {std::pair<const float*, float*>{sheets.target, x}, {sheets.estimate, y}}) {
    first_pass(s, sheet + first, sheets.stride, to);
    for (std::size_t p = 0; p < 4; ++p) passes<false>(s, 1, to + p * (s.half / 4) * kRow, s.half / 4);
  }
  const Vector counts = load(sheets.counts + first);
  auto* const by = terms.square > 0.0f ? sheets.slope ? compare_bins<true, true> : compare_bins<true, false>
                   : sheets.slope      ? compare_bins<false, true>
                                       : compare_bins<false, false>;
  const Vector distance = by(s, x, y, terms, counts);
  if (sheets.slope) {
    for (std::size_t p = 0; p < 4; ++p) passes<true>(s, 1, y + p * (s.half / 4) * kRow, s.half / 4);
    last_pass(s, y, sheets.slope + first, sheets.stride);
  }
  return sum_of(distance, counts);
}

// By Parseval, without a transform: size times a frame's energy is that of all its bins. The first and the last of
// them, which have no counterpart, are the sum of the samples and that with alternating signs.
double energy(const SpectralScale& s, const SpectralSheets& sheets, std::size_t first) {
  Sum squares;
  Vector even{}, odd{};
  for (std::size_t row = 0; row < s.hop; ++row) {
    const float* at = sheets.target + row * sheets.stride + first;
    Vector energy{}, sum{};
    for (std::size_t q = 0; q < 4; ++q) {
      const Vector x = load(at + q) * s.window[q * s.hop + row];
      energy += x * x, sum += x;
    }
    squares.add(energy);
    (row % 2 ? odd : even) += sum;
  }
  const Vector low = even + odd, high = even - odd;
  const Vector all_bins = static_cast<float>(s.size) * squares.value;
  return sum_of(0.5f * (all_bins + low * low + high * high), load(sheets.counts + first));
}

}  // namespace
}  // namespace tonewright
