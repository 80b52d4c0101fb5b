// Sample by sample: functions of one sound and of two.

#include "kernels.h"

namespace tonewright {
namespace {

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
float plain_sin(float x) { return std::sin(x); }

void unary(Unary op, float slope, Signal x, Signal y, int frames) {
  switch (op) {
    case Unary::kNone:
      return each(x, y, frames, [](Vector v) { return v; });
    case Unary::kTanh:
      return each(x, y, frames, [](Vector v) { return hyperbolic_tangent(v); });
    case Unary::kSigmoid:
      return each(x, y, frames, [](Vector v) { return sigmoid(v); });
    case Unary::kRelu:
      return each(x, y, frames, [](Vector v) { return positive(v); });
    case Unary::kLeakyRelu:
      return each(x, y, frames, [slope](Vector v) { return v > 0.0f ? v : slope * v; });
    case Unary::kSoftsign:
      return each(x, y, frames, [](Vector v) { return softsign(v); });
    case Unary::kNeg:
      return each(x, y, frames, [](Vector v) { return -v; });
    case Unary::kAbs:
      return each(x, y, frames, [](Vector v) { return magnitude(v); });
    case Unary::kExp:
      return each(x, y, frames, [](Vector v) { return exponential(v); });
    case Unary::kLog:
      return each(x, y, frames, [](Vector v) { return logarithm(v); });
    case Unary::kSin:
      return each(x, y, frames, one_by_one<plain_sin>);
    case Unary::kGelu:
      return each(x, y, frames, [](Vector v) { return gelu(v); });
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
      return both(a, b, y, frames, [](Vector u, Vector v) { return larger(u, v); });
    case Binary::kMinimum:
      return both(a, b, y, frames, [](Vector u, Vector v) { return smaller(u, v); });
    case Binary::kPow:
      return both(a, b, y, frames, [](Vector u, Vector v) {
        for (int i = 0; i < kWidth; ++i) u[i] = std::pow(u[i], v[i]);
        return u;
      });
  }
}

}  // namespace
}  // namespace tonewright
