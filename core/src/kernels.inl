// Included by kernels_16.cpp, kernels_8.cpp and kernels_4.cpp, each with its own kWidth and compiler flags.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels.h"

namespace tonewright {
namespace {

using Vector = float __attribute__((vector_size(kWidth * sizeof(float))));
using Whole = std::int32_t __attribute__((vector_size(kWidth * sizeof(float))));

inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Vector v) { std::memcpy(to, &v, sizeof v); }
inline Vector all(float x) { return Vector{} + x; }
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline Vector smaller(Vector a, Vector b) { return a < b ? a : b; }

// e^x to about 2e-7 relative: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial in r, n into the exponent.
inline Vector exponential(Vector x) {
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

inline Vector sigmoid(Vector x) { return 1.0f / (1.0f + exponential(-x)); }

// Near 0 the quotient loses digits, so a polynomial takes over there.
inline Vector hyperbolic_tangent(Vector x) {
  const Vector square = x * x;
  Vector p = all(-5.70498872745e-3f);
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  const Vector near = p * square * x + x;
  const Vector far = 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
  return square < 0.390625f ? near : far;  // |x| < 0.625
}

inline Vector positive(Vector x) { return x > 0.0f ? x : all(0.0f); }
inline Vector magnitude(Vector x) { return x < 0.0f ? -x : x; }

template <typename Function>
inline void each(Signal x, Signal y, int frames, Function function) {
  for (int channel = 0; channel < y.channels; ++channel) {
    const float* from = x.row(channel);
    float* to = y.row(channel);
    for (int t = 0; t < frames; t += kWidth) store(to + t, function(load(from + t)));
  }
}

// What no model plays sample by sample in its inner loop may take the library's word for it.
template <float (*function)(float)>
inline Vector one_by_one(Vector x) {
  for (int i = 0; i < kWidth; ++i) x[i] = function(x[i]);
  return x;
}
float plain_log(float x) { return std::log(x); }
float plain_sin(float x) { return std::sin(x); }
float plain_gelu(float x) { return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f)); }

void unary(Unary op, float slope, Signal x, Signal y, int frames) {
  switch (op) {
    case Unary::kNone:
      return each(x, y, frames, [](Vector v) { return v; });
    case Unary::kTanh:
      return each(x, y, frames, hyperbolic_tangent);
    case Unary::kSigmoid:
      return each(x, y, frames, sigmoid);
    case Unary::kRelu:
      return each(x, y, frames, positive);
    case Unary::kLeakyRelu:
      return each(x, y, frames, [slope](Vector v) { return v > 0.0f ? v : slope * v; });
    case Unary::kSoftsign:
      return each(x, y, frames, [](Vector v) { return v / (1.0f + magnitude(v)); });
    case Unary::kNeg:
      return each(x, y, frames, [](Vector v) { return -v; });
    case Unary::kAbs:
      return each(x, y, frames, magnitude);
    case Unary::kExp:
      return each(x, y, frames, exponential);
    case Unary::kLog:
      return each(x, y, frames, one_by_one<plain_log>);
    case Unary::kSin:
      return each(x, y, frames, one_by_one<plain_sin>);
    case Unary::kGelu:
      return each(x, y, frames, one_by_one<plain_gelu>);
  }
}

// One tile: kTileOutputs rows of `Vectors` vectors stay in registers from the bias to the activation.
template <int Vectors, typename Function>
inline void tile(const Convolution& c, const float* weights, const float* bias, Signal x, Signal y, Signal addend,
                 int first, int t, Function activation) {
  const int rows = c.outputs - first < kTileOutputs ? c.outputs - first : kTileOutputs;
  Vector sum[kTileOutputs][Vectors];
  for (int o = 0; o < kTileOutputs; ++o)
    for (int v = 0; v < Vectors; ++v) sum[o][v] = all(bias[o]);
  for (int k = 0; k < c.taps; ++k) {
    const float* at = x.rows + t + static_cast<std::ptrdiff_t>(k) * c.dilation;
    for (int i = 0; i < c.inputs; ++i, at += x.stride, weights += kTileOutputs) {
      Vector in[Vectors];
      for (int v = 0; v < Vectors; ++v) in[v] = load(at + v * kWidth);
      for (int o = 0; o < kTileOutputs; ++o)
        for (int v = 0; v < Vectors; ++v) sum[o][v] += weights[o] * in[v];
    }
  }
  for (int o = 0; o < kTileOutputs; ++o) {  // all of them, so that `sum` is never indexed by what is not known
    if (o >= rows) break;
    for (int v = 0; v < Vectors; ++v) {
      Vector value = sum[o][v];
      if (addend.rows) value += load(addend.row(first + o) + t + v * kWidth);
      store(y.row(first + o) + t + v * kWidth, activation(value));
    }
  }
}

template <typename Function>
inline void convolve_with(const Convolution& c, Signal x, Signal y, Signal addend, int frames, Function activation) {
  const float* weights = c.weights.data();
  const std::size_t size = static_cast<std::size_t>(c.taps) * static_cast<std::size_t>(c.inputs) * kTileOutputs;
  for (int first = 0; first < c.outputs; first += kTileOutputs, weights += size) {
    const float* bias = c.bias.data() + first;
    int t = 0;
    for (; t + kWidth < frames; t += 2 * kWidth) tile<2>(c, weights, bias, x, y, addend, first, t, activation);
    if (t < frames) tile<1>(c, weights, bias, x, y, addend, first, t, activation);
  }
}

// The activations that networks put behind a convolution are bent in its registers, any other in a second pass.
void convolve(const Convolution& c, Signal x, Signal y, const Finish& finish, int frames) {
  switch (finish.activation) {
    case Unary::kNone:
      return convolve_with(c, x, y, finish.addend, frames, [](Vector v) { return v; });
    case Unary::kTanh:
      return convolve_with(c, x, y, finish.addend, frames, hyperbolic_tangent);
    case Unary::kLeakyRelu:
      return convolve_with(c, x, y, finish.addend, frames, [slope = finish.slope](Vector v) { return v > 0.0f ? v : slope * v; });
    default:
      convolve_with(c, x, y, finish.addend, frames, [](Vector v) { return v; });
      unary(finish.activation, finish.slope, y, y, frames);
  }
}

template <typename Function>
inline void both(Signal a, Signal b, Signal y, int frames, Function function) {
  for (int channel = 0; channel < y.channels; ++channel) {
    const float* left = a.row(a.channels == 1 ? 0 : channel);
    const float* right = b.row(b.channels == 1 ? 0 : channel);
    float* to = y.row(channel);
    for (int t = 0; t < frames; t += kWidth) store(to + t, function(load(left + t), load(right + t)));
  }
}

void binary(Binary op, Signal a, Signal b, Signal y, int frames) {
  switch (op) {
    case Binary::kAdd:
      return both(a, b, y, frames, [](Vector u, Vector v) { return u + v; });
    case Binary::kSub:
      return both(a, b, y, frames, [](Vector u, Vector v) { return u - v; });
    case Binary::kMul:
      return both(a, b, y, frames, [](Vector u, Vector v) { return u * v; });
    case Binary::kDiv:
      return both(a, b, y, frames, [](Vector u, Vector v) { return u / v; });
    case Binary::kMaximum:
      return both(a, b, y, frames, larger);
    case Binary::kMinimum:
      return both(a, b, y, frames, smaller);
    case Binary::kPow:
      return both(a, b, y, frames, [](Vector u, Vector v) {
        for (int i = 0; i < kWidth; ++i) u[i] = std::pow(u[i], v[i]);
        return u;
      });
  }
}

}  // namespace
}  // namespace tonewright
