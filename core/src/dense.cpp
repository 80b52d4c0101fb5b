#include "dense.h"

#if defined(TONEWRIGHT_X86)
#include <cpuid.h>
#endif

namespace tonewright {

namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

// Which of the numbers that a vector of weights is multiplied with, in the order of reading: input and tap.
struct Heard {
  int input, tap;
};

Heard heard(const DenseShape& shape, int place) { return {place % shape.inputs, place / shape.inputs}; }

// Samples that are `dilation` apart: one run when they are neighbours, or numbers of one channel.
void set_window(const DenseShape& shape, Dense& layer) {
  const bool one_run = shape.dilation == 1 || shape.inputs == 1;
  layer.runs = one_run ? 1 : shape.taps;
  layer.length = one_run ? shape.taps * shape.inputs : shape.inputs;
  layer.stride = shape.inputs == 1 ? index(shape.dilation) : 1;
  layer.step = index(shape.dilation) * index(shape.inputs);
  layer.sample = index(shape.inputs);
}

#if defined(TONEWRIGHT_X86)
bool cpu_reads_halves() noexcept {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

// In lines of the cache, so that the next layer starts with one.
template <typename Values>
void fill_line(Values& values) {
  constexpr std::size_t kLine = 64 / sizeof(typename Values::value_type);
  values.resize((values.size() + kLine - 1) / kLine * kLine);
}

}  // namespace

const DenseKernels& dense_kernels(int width) noexcept {
#if defined(TONEWRIGHT_X86)
  static const bool reads_halves = cpu_reads_halves();
  static const DenseKernels plain{kDenseKernels8.width, false, kDenseKernels8.play, kDenseKernels8.look_ahead};
  if (width == 16) return kDenseKernels16;
  if (width == 8) return reads_halves ? kDenseKernels8 : plain;
#else
  static_cast<void>(width);
#endif
  return kDenseKernels4;
}

void DenseStore::add(const DenseShape& shape, const float* weights, const float* bias) {
  Dense layer;
  layer.outputs = shape.outputs;
  set_window(shape, layer);
  layer.dots = shape.outputs == 1 && layer.stride == 1;
  layers_.push_back(layer);
  Halves halves(shape.weights());
  bool fits = halves_wanted_ && !layer.dots;
  for (std::size_t i = 0; fits && i < halves.size(); ++i) fits = as_half(weights[i], halves[i]);
  places_.push_back({floats_.size(), 0, fits});
  floats_.insert(floats_.end(), bias, bias + shape.outputs);
  floats_.resize(places_.back().bias + padded(index(shape.outputs)));
  places_.back().weights = fits ? halves_.size() : floats_.size();
  if (fits)
    add_weights(shape, halves.data(), halves_);
  else
    add_weights(shape, weights, floats_);
  fill_line(floats_);
  fill_line(halves_);
}

template <typename Weight>
void DenseStore::add_weights(const DenseShape& shape, const Weight* weights,
                             std::vector<Weight, InLines<Weight>>& to) const {
  const auto weight = [&](int output, int place) {
    const Heard from = heard(shape, place);
    const std::size_t row = index(output) * index(shape.inputs) + index(from.input);
    return output < shape.outputs ? weights[row * index(shape.taps) + index(from.tap)] : Weight{};
  };
  const int all = shape.inputs * shape.taps;
  if (layers_.back().dots) {
    for (int place = 0; place < all; ++place) to.push_back(weight(0, place));
    return;
  }
  for (int first = 0; first < shape.outputs;) {
    const int lanes = vectors_of_tile(width_, (shape.outputs - first + width_ - 1) / width_) * width_;
    for (int place = 0; place < all; ++place)
      for (int lane = 0; lane < lanes; ++lane) to.push_back(weight(first + lane, place));
    first += lanes;
  }
}

std::vector<Dense> DenseStore::layers() const {
  std::vector<Dense> layers = layers_;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Place& place = places_[i];
    layers[i].bias = floats_.data() + place.bias;
    if (place.halves)
      layers[i].halves = halves_.data() + place.weights;
    else
      layers[i].weights = floats_.data() + place.weights;
  }
  return layers;
}

}  // namespace tonewright
