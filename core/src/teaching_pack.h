// Weights in the order in which a product needs them.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "teaching_kernels.h"

namespace tonewright {
namespace teaching {

// A term of a product, and where its weights are: those of (output, input, tap).
struct Weights {
  Product::Term term;
  const float* at;
  std::ptrdiff_t per_output, per_input, per_tap;
};

// Fills p; bias may be nullptr.
inline void pack(Product& p, const Kernels& kernels, int outputs, std::initializer_list<Weights> terms,
                 const float* bias) {
  p.outputs = outputs;
  p.tile = kernels.tile(outputs);
  const int tiles = (outputs + p.tile - 1) / p.tile, rows = tiles * p.tile;
  p.bias.assign(static_cast<std::size_t>(rows), 0.0f);
  if (bias) p.bias.assign(bias, bias + outputs), p.bias.resize(static_cast<std::size_t>(rows), 0.0f);
  p.terms.clear();
  p.tile_size = 0;
  for (const Weights& w : terms) {
    p.terms.push_back(w.term);
    p.tile_size += static_cast<std::size_t>(w.term.inputs) * static_cast<std::size_t>(w.term.taps * p.tile);
  }
  p.weights.resize(p.tile_size * static_cast<std::size_t>(tiles));
  float* to = p.weights.data();
  for (int first = 0; first < outputs; first += p.tile)
    for (const Weights& w : terms)
      for (int k = 0; k < w.term.taps; ++k)
        for (int i = 0; i < w.term.inputs; ++i) {
          const float* from = w.at + first * w.per_output + i * w.per_input + k * w.per_tap;
          for (int o = 0; o < p.tile; ++o) *to++ = first + o < outputs ? from[o * w.per_output] : 0.0f;
        }
}

// A convolution whose weights lie as [outputs][inputs][taps], as its outputs hear its inputs,
inline Weights ahead(const float* weights, int inputs, int taps, int dilation) {
  const std::ptrdiff_t per_output = static_cast<std::ptrdiff_t>(inputs) * taps;
  return {{inputs, taps, -(taps - 1) * dilation, dilation}, weights, per_output, taps, 1};
}

// and as the gradient of its inputs hears that of its outputs: later ones, the last tap first.
inline Weights back(const float* weights, int inputs, int outputs, int taps, int dilation) {
  const std::ptrdiff_t per_output = static_cast<std::ptrdiff_t>(inputs) * taps;
  return {{outputs, taps, 0, dilation}, weights + taps - 1, taps, per_output, -1};
}

}  // namespace teaching
}  // namespace tonewright
