// The inner loops of teaching an LSTM; included where kWidth is known.

#include <cstddef>

#include "teaching_lstm_kernels.h"
#include "vector.inl"

namespace tonewright {
namespace lstm {
namespace {

constexpr std::size_t kW = kWidth;
// As many as the registers hold beside what goes into them: 32 registers of 16 floats, 16 of the others.
constexpr int kMostGroups = kWidth == 16 ? 4 : 2;
constexpr std::size_t kRows = 4, kColumns = kWidth == 16 ? 6 : 2;

// sums[group][4] += weights * source for so many groups.
template <int Groups>
TONEWRIGHT_INLINE void add_product(const Product& p, int group, const float* source, Vector (&sums)[Groups * 4]) {
  const std::size_t stride = static_cast<std::size_t>(p.inputs) * 4;
  const float* w = p.weights.data() + static_cast<std::size_t>(group) * stride;
  for (int i = 0; i < p.inputs; ++i, w += 4, source += kW) {
    const Vector x = load(source);
    for (std::size_t g = 0; g < Groups; ++g)
      for (std::size_t k = 0; k < 4; ++k) sums[g * 4 + k] += w[g * stride + k] * x;
  }
}

template <int Groups>
TONEWRIGHT_INLINE void set_product(const Product& p, int group, const float* source, float* y) {
  Vector sums[Groups * 4] = {};
  add_product<Groups>(p, group, source, sums);
  for (std::size_t k = 0; k < Groups * 4; ++k) store(y + (static_cast<std::size_t>(group) * 4 + k) * kW, sums[k]);
}

inline void product(const Product& p, const float* source, float* y) {
  int group = 0;
  for (; group + kMostGroups <= p.groups; group += kMostGroups) set_product<kMostGroups>(p, group, source, y);
  if constexpr (kMostGroups > 2)
    for (; group + 2 <= p.groups; group += 2) set_product<2>(p, group, source, y);
  for (; group < p.groups; ++group) set_product<1>(p, group, source, y);
}

// The next sample of so many units; `before` and `after` are what the samples leave.
template <int Units>
TONEWRIGHT_INLINE void play_units(const Layer& layer, int first, const float* x, const float* before, float* after) {
  const auto units = static_cast<std::size_t>(layer.units);
  Vector sums[Units * 4];
  const float* bias = layer.bias.data() + static_cast<std::size_t>(first) * 4;
  for (std::size_t k = 0; k < Units * 4; ++k) sums[k] = all(bias[k]);
  add_product<Units>(layer.hear, first, x, sums);
  add_product<Units>(layer.recall, first, before + kH * units * kW, sums);
  for (std::size_t u = 0; u < Units; ++u) {
    const std::size_t at = static_cast<std::size_t>(first) + u;
    const auto leave = [&](Part part, Vector v) { store(after + (part * units + at) * kW, v); };
    const Vector in = sigmoid(sums[u * 4]), forget = sigmoid(sums[u * 4 + 1]);
    const Vector cell = hyperbolic_tangent(sums[u * 4 + 2]), out = sigmoid(sums[u * 4 + 3]);
    const Vector c = forget * load(before + (kC * units + at) * kW) + in * cell;
    const Vector bent = hyperbolic_tangent(c);
    leave(kIn, in), leave(kForget, forget), leave(kCell, cell), leave(kOut, out);
    leave(kC, c), leave(kBent, bent), leave(kH, out * bent);
  }
}

void play(const Layer& layer, Heard x, float* left, int samples) {
  const std::size_t step = layer.left() * kW;
  static_assert(kUnits % kMostGroups == 0);
  for (int t = 0; t < samples; ++t, left += step, x.at += x.step)
    for (int unit = 0; unit < layer.units; unit += kMostGroups)
      play_units<kMostGroups>(layer, unit, x.at, left, left + step);
}

void answer(const Layer& layer, const float* weights, float bias, const float* left, int samples, float* y) {
  const auto units = static_cast<std::size_t>(layer.units);
  for (int t = 0; t < samples; ++t, y += kW) {
    left += layer.left() * kW;
    const float* h = left + kH * units * kW;
    Vector sums[kUnits] = {};
    for (std::size_t u = 0; u < units; u += kUnits)
      for (std::size_t k = 0; k < kUnits; ++k) sums[k] += weights[u + k] * load(h + (u + k) * kW);
    store(y, ((sums[0] + sums[1]) + (sums[2] + sums[3])) + bias);
  }
}

void unanswer(const Layer& layer, const float* weights, const float* dy, const float* left, int samples,
              const Room& room, float* sums) {
  const auto units = static_cast<std::size_t>(layer.units);
  Vector of_bias = load(sums + units * kW);
  float* d_h = room.d_h;
  for (int t = 0; t < samples; ++t, dy += kW) {
    left += layer.left() * kW;
    const Vector d = load(dy);
    of_bias += d;
    for (std::size_t u = 0; u < units; ++u, d_h += kW) {
      store(d_h, weights[u] * d);
      store(sums + u * kW, load(sums + u * kW) + d * load(left + (kH * units + u) * kW));
    }
  }
  store(sums + units * kW, of_bias);
}

// Gradients of what the gates heard in sample t of the block, into `now` and the slopes, and of c before it.
TONEWRIGHT_INLINE void unbend(const Layer& layer, const float* before, std::size_t t, const float* d_h,
                              const Room& room) {
  const auto units = static_cast<std::size_t>(layer.units);
  const float* after = before + layer.left() * kW;
  for (std::size_t u = 0; u < units; ++u) {
    const auto part = [&](Part which) { return load(after + (which * units + u) * kW); };
    const Vector in = part(kIn), forget = part(kForget), cell = part(kCell), out = part(kOut), bent = part(kBent);
    const Vector dh = load(d_h + u * kW) + load(room.later_h + u * kW);
    const Vector dc = load(room.later_c + u * kW) + dh * out * (1.0f - bent * bent);
    store(room.later_c + u * kW, dc * forget);
    const Vector c = load(before + (kC * units + u) * kW);
    const Vector slopes[kGates] = {dc * cell * in * (1.0f - in), dc * c * forget * (1.0f - forget),
                                   dc * in * (1.0f - cell * cell), dh * bent * out * (1.0f - out)};
    for (std::size_t k = 0; k < kGates; ++k) {
      store(room.now + (u * kGates + k) * kW, slopes[k]);
      store(room.slopes + ((u * kGates + k) * kApart + t) * kW, slopes[k]);
    }
  }
}

// What sample t heard: its inputs and the last h.
TONEWRIGHT_INLINE void note_heard(const Layer& layer, const float* x, const float* before, std::size_t t,
                                  const Room& room) {
  const auto inputs = static_cast<std::size_t>(layer.inputs), units = static_cast<std::size_t>(layer.units);
  float* to = room.heard + t * kW;
  for (std::size_t i = 0; i < inputs; ++i, to += kApart * kW) store(to, load(x + i * kW));
  for (std::size_t u = 0; u < units; ++u, to += kApart * kW) store(to, load(before + (kH * units + u) * kW));
  store(to, all(1.0f));
}

// Onto sums[row][column], which are `stride` vectors from row to row: slopes[row] * heard[column], over the samples.
template <std::size_t Columns>
TONEWRIGHT_INLINE void correlate_tile(const float* slopes, const float* heard, int samples, float* sums,
                                      std::size_t stride) {
  Vector total[kRows][Columns];
  for (std::size_t r = 0; r < kRows; ++r)
    for (std::size_t c = 0; c < Columns; ++c) total[r][c] = load(sums + (r * stride + c) * kW);
  for (int t = 0; t < samples; ++t, slopes += kW, heard += kW) {
    Vector rows[kRows];
    for (std::size_t r = 0; r < kRows; ++r) rows[r] = load(slopes + r * kApart * kW);
    for (std::size_t c = 0; c < Columns; ++c) {
      const Vector x = load(heard + c * kApart * kW);
      for (std::size_t r = 0; r < kRows; ++r) total[r][c] += rows[r] * x;
    }
  }
  for (std::size_t r = 0; r < kRows; ++r)
    for (std::size_t c = 0; c < Columns; ++c) store(sums + (r * stride + c) * kW, total[r][c]);
}

inline void correlate(const Layer& layer, int samples, const Room& room) {
  const std::size_t rows = layer.gates(), columns = layer.heard();
  for (std::size_t r = 0; r < rows; r += kRows) {
    const float* slopes = room.slopes + r * kApart * kW;
    float* sums = room.sums + r * columns * kW;
    std::size_t c = 0;
    for (; c + kColumns <= columns; c += kColumns)
      correlate_tile<kColumns>(slopes, room.heard + c * kApart * kW, samples, sums + c * kW, columns);
    if constexpr (kColumns > 3)
      for (; c + 3 <= columns; c += 3)
        correlate_tile<3>(slopes, room.heard + c * kApart * kW, samples, sums + c * kW, columns);
    for (; c < columns; ++c)
      correlate_tile<1>(slopes, room.heard + c * kApart * kW, samples, sums + c * kW, columns);
  }
}

void learn(const Layer& layer, Heard x, const float* left, int samples, const Room& room) {
  const std::size_t step = layer.left() * kW;
  for (int t = samples; t-- > 0;) {
    const auto at = static_cast<std::size_t>(t);
    const float* before = left + at * step;
    float* d_h = room.d_h + at * static_cast<std::size_t>(layer.units) * kW;
    note_heard(layer, x.at + at * x.step, before, at, room);
    unbend(layer, before, at, d_h, room);
    product(layer.recall_back, room.now, room.later_h);
    if (layer.hear_back.groups) product(layer.hear_back, room.now, d_h);  // the layer below has as many units
  }
  correlate(layer, samples, room);
}

}  // namespace
}  // namespace lstm
}  // namespace tonewright
