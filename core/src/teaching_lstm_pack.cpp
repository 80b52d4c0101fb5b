// Weights in the order in which the loops need them, and their gradients back in that of the parameters.

#include "teaching_lstm_state.h"

namespace tonewright {

namespace {

using lstm::Layer;
using lstm::Product;

// at(output, input) gives a weight; zeros where it is outside.
template <typename At>
void fill(Product& p, int groups, int inputs, At at) {
  p.groups = groups;
  p.inputs = inputs;
  p.weights.resize(static_cast<std::size_t>(groups) * static_cast<std::size_t>(inputs) * 4);
  float* to = p.weights.data();
  for (int group = 0; group < groups; ++group)
    for (int i = 0; i < inputs; ++i)
      for (int k = 0; k < 4; ++k) *to++ = at(group * 4 + k, i);
}

// A weight [4 hidden][inputs] in torch's order, asked for by the gate that is number unit * 4 + gate.
struct Weight {
  const float* at;
  int hidden, inputs;

  float operator()(int gate, int input) const {
    const int unit = gate / lstm::kGates;
    if (unit >= hidden || input >= inputs) return 0.0f;
    return at[(gate % lstm::kGates * hidden + unit) * inputs + input];
  }
};

float sum(const float* lanes, std::size_t count) {
  float total = 0;
  for (std::size_t k = 0; k < count; ++k) total += lanes[k];
  return total;
}

}  // namespace

std::size_t LstmLesson::State::weights(std::size_t layer) const {
  return static_cast<std::size_t>(lstm::kGates * shape.hidden) *
         static_cast<std::size_t>(inputs(layer) + shape.hidden + 2);
}

void LstmLesson::State::pack(const float* given) {
  for (std::size_t l = 0; l < layers.size(); given += weights(l), ++l) pack_layer(l, given);
  head.assign(units(), 0.0f);
  for (std::size_t u = 0; u < static_cast<std::size_t>(shape.hidden); ++u) head[u] = *given++;
  head_bias = *given;
}

void LstmLesson::State::pack_layer(std::size_t index, const float* given) {
  Layer& layer = layers[index];
  const int hidden = shape.hidden, gates = lstm::kGates * hidden, padded = layer.units;
  const Weight ih{given, hidden, inputs(index)}, hh{given + gates * inputs(index), hidden, hidden};
  const float *bias_ih = hh.at + gates * hidden, *bias_hh = bias_ih + gates;
  fill(layer.hear, padded, layer.inputs, ih);
  fill(layer.recall, padded, padded, hh);
  layer.bias.assign(layer.gates(), 0.0f);
  for (int u = 0; u < hidden; ++u)
    for (int g = 0; g < lstm::kGates; ++g)
      layer.bias[static_cast<std::size_t>(u * lstm::kGates + g)] = bias_ih[g * hidden + u] + bias_hh[g * hidden + u];
  const auto turned = [](const Weight& w) { return [w](int input, int gate) { return w(gate, input); }; };
  fill(layer.recall_back, padded / 4, padded * lstm::kGates, turned(hh));
  if (index) fill(layer.hear_back, padded / 4, padded * lstm::kGates, turned(ih));
}

void LstmLesson::State::harvest(float* gradients) const {
  for (std::size_t l = 0; l < layers.size(); gradients += weights(l), ++l) harvest_layer(l, gradients);
  const float* from = sums_of.back();
  for (int u = 0; u < shape.hidden; ++u) *gradients++ = sum(from + static_cast<std::size_t>(u) * lanes(), lanes());
  *gradients = sum(from + units() * lanes(), lanes());
}

void LstmLesson::State::harvest_layer(std::size_t index, float* gradients) const {
  const Layer& layer = layers[index];
  const int hidden = shape.hidden, heard = inputs(index);
  float* const hh = gradients + lstm::kGates * hidden * heard;
  float* const bias = hh + lstm::kGates * hidden * hidden;
  for (int g = 0; g < lstm::kGates; ++g)
    for (int u = 0; u < hidden; ++u) {
      const int row = g * hidden + u;
      const float* from = sums_of[index] + static_cast<std::size_t>(u * lstm::kGates + g) * layer.heard() * lanes();
      const auto of = [&](int column) { return sum(from + static_cast<std::size_t>(column) * lanes(), lanes()); };
      for (int i = 0; i < heard; ++i) gradients[row * heard + i] = of(i);
      for (int i = 0; i < hidden; ++i) hh[row * hidden + i] = of(layer.inputs + i);
      bias[row] = bias[lstm::kGates * hidden + row] = of(layer.inputs + layer.units);
    }
}

}  // namespace tonewright
