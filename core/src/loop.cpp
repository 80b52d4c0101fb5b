#include "loop.h"

#include <cmath>
#include <cstring>

namespace tonewright {

namespace {

using Kind = LoopNode::Kind;

// Of a loop, in floats: far beyond what could be played live.
constexpr std::size_t kMaxWeights = 1 << 24, kMaxPast = 1 << 22, kMaxSignals = 1 << 22;
constexpr int kTurned = 4;  // samples of x that are turned from rows into vectors together

// Weights that stay in the nearest cache are read faster as they are; others come faster the smaller they are. Where
// that cache holds 48 KB, floats win up to 32 KB (by up to a fifth) and halves from 49 KB on.
constexpr std::size_t kNear = 8 << 10;  // floats

std::size_t index(int i) { return static_cast<std::size_t>(i); }

// A vector may be read and written a step beyond its end.
std::size_t vector_size(int channels) { return padded(index(channels)) + kRowStep; }

Signal as_row(const float* vector) { return {const_cast<float*>(vector), 0, 1}; }

// Whole steps at a time: what lies behind a vector is junk, and a vector has room for it.
void copy(const float* from, float* to, int channels) noexcept {
  for (int c = 0; c < channels; c += kRowStep) std::memcpy(to + c, from + c, kRowStep * sizeof(float));
}

void fill(float value, float* to, int channels) noexcept {
  for (int c = 0; c < channels; c += kRowStep) std::fill_n(to + c, kRowStep, value);
}

}  // namespace

Loop::Loop(const Json& graph, const Tensors& tensors, int inputs, int outputs)
    : graph_(read_loop(graph, tensors, inputs, outputs)), inputs_(inputs), outputs_(outputs), store_(kernels_.width, false) {
  check_size();
  x_ = room(inputs);
  y_ = room(outputs);
  turned_.assign(index(kTurned) * padded(index(inputs)), 0.0f);
  pack();
  add_steps();
  for (const Step& step : fixed_) run(step);
  reset();
}

// Of every node, because several may name the same tensor.
void Loop::check_size() {
  std::size_t weights = 0, memory = 0, signals = vector_size(inputs_) + vector_size(outputs_);
  for (const LoopNode& node : graph_.nodes) {
    signals += 3 * vector_size(node.channels);  // its own, and those of two operands that go with every channel
    if (node.kind != Kind::kLayer) continue;
    const DenseShape& shape = node.layer.shape;
    weights += index(shape.inputs) * index(shape.taps) * padded(index(shape.outputs));
    if (node.layer.memory > 0) memory += Past::room(index(shape.inputs), index(node.layer.memory));
    if (weights > kMaxWeights || memory > kMaxPast)
      throw FileError("a feedback in the file is larger than this version can play");
  }
  if (signals > kMaxSignals) throw FileError("a feedback in the file is larger than this version can play");
  vectors_.assign(signals, 0.0f);
}

float* Loop::room(int channels) {
  float* vector = vectors_.data() + taken_;
  taken_ += vector_size(channels);
  return vector;
}

void Loop::pack() {
  std::size_t all = 0, memories = 0;
  for (const LoopNode& node : graph_.nodes) {
    if (node.kind != Kind::kLayer) continue;
    all += node.layer.shape.weights();
    memories += node.layer.memory > 0;
  }
  store_ = DenseStore(kernels_.width, dense_.halves && all > kNear);
  pasts_.resize(memories);
  aheads_.resize(memories);
  for (LoopNode& node : graph_.nodes) {
    if (node.kind != Kind::kLayer) continue;
    store_.add(node.layer.shape, node.layer.weights, node.layer.bias.data());
    node.layer.weights = nullptr;  // the file's tensors go
  }
}

void Loop::add_steps() {
  const std::vector<Dense> layers = store_.layers();
  std::size_t layer = 0, past = 0;
  for (const LoopNode& node : graph_.nodes) {
    if (node.kind == Kind::kX || node.kind == Kind::kY) {
      places_.push_back(node.kind == Kind::kX ? x_ : y_);
      continue;
    }
    if (node.kind == Kind::kView || node.kind == Kind::kNone) {
      places_.push_back(node.kind == Kind::kView ? at(node.from[0]) + node.first : nullptr);
      continue;
    }
    places_.push_back(room(node.channels));
    if (node.kind == Kind::kStack) add_stack(node);
    if (node.kind == Kind::kGlue || node.kind == Kind::kFixed) add_glue(node);
    if (node.kind != Kind::kLayer) continue;
    add_layer(node, layers[layer++]);
    if (node.layer.memory > 0) remember(node, past++);
  }
  made_ = at(graph_.output);
}

void Loop::add_glue(const LoopNode& node) {
  Step step;
  step.matters = node.matters;
  step.operation = node.operation.get();
  step.channels = node.channels;
  step.made = as_row(places_.back());
  for (std::size_t i = 0; i < node.from.size(); ++i) step.heard[i] = as_row(spread(node, node.from[i]));
  // A constant writes one sample of as many rows as it has channels.
  if (node.from.empty()) step.made = {places_.back(), 1, node.channels};
  if (node.from.empty()) step.channels = 1;
  (node.kind == Kind::kFixed ? fixed_ : steps_).push_back(step);
}

// The vector of an operand; one that goes with every channel is repeated for them.
const float* Loop::spread(const LoopNode& node, int from) {
  const LoopNode& before = graph_.nodes[index(from)];
  if (before.channels == node.channels) return at(from);
  Step step;
  step.kind = Step::Kind::kSpread;
  step.matters = node.matters;
  step.from = at(from);
  step.to = room(node.channels);
  step.channels = node.channels;
  (before.kind == Kind::kFixed ? fixed_ : steps_).push_back(step);
  return step.to;
}

void Loop::add_stack(const LoopNode& node) {
  float* to = places_.back();
  for (int from : node.from) {
    Step step;
    step.kind = Step::Kind::kCopy;
    step.matters = node.matters;
    step.from = at(from);
    step.to = to;
    step.channels = graph_.nodes[index(from)].channels;
    to += step.channels;
    steps_.push_back(step);
  }
}

void Loop::add_layer(const LoopNode& node, const Dense& layer) {
  Step step;
  step.kind = Step::Kind::kLayer;
  step.matters = node.matters;
  step.from = at(node.from[0]);
  step.addend = node.addend >= 0 ? at(node.addend) : nullptr;
  step.to = places_.back();
  step.layer = layer;
  steps_.push_back(step);
}

// What the layer of the last step hears.
void Loop::remember(const LoopNode& node, std::size_t place) {
  Step& step = steps_.back();
  const LoopLayer& layer = node.layer;
  step.past = &pasts_[place];
  step.past->prepare(layer.shape.inputs, layer.memory);
  if (!Ahead::pays(step.layer, layer.shape)) return;
  step.ahead = &aheads_[place];
  step.ahead->prepare(layer.shape, layer.memory);
}

void Loop::reset() noexcept {
  for (Past& past : pasts_) past.reset();
  for (Ahead& ahead : aheads_) ahead.forget();
  std::fill_n(y_, vector_size(outputs_), 0.0f);
}

void Loop::run(const Step& step) noexcept {
  switch (step.kind) {
    case Step::Kind::kGlue:
      return step.operation->process(step.heard, step.made, step.channels);
    case Step::Kind::kCopy:
      return copy(step.from, step.to, step.channels);
    case Step::Kind::kSpread:
      return fill(*step.from, step.to, step.channels);
    case Step::Kind::kLayer:
      return run_layer(step);
  }
}

void Loop::run_layer(const Step& step) noexcept {
  if (step.ahead) return step.ahead->play(dense_, step.layer, *step.past, step.from, step.addend, step.to);
  const float* heard = step.past ? step.past->push(step.from) : step.from;
  dense_.play(step.layer, step.layer.bias, 0, heard, step.addend, step.to);
}

// Some samples of x, each with its channels side by side.
void Loop::turn(const Signal& x, int t) noexcept {
  const std::size_t width = padded(index(inputs_));
  for (int c = 0; c < inputs_; ++c) {
    const float* from = x.row(c) + t;
    float* to = turned_.data() + c;
    for (int k = 0; k < kTurned; ++k, to += width) *to = from[k];
  }
}

template <typename Function>
void Loop::each_sample(const Signal& x, int frames, Function function) noexcept {
  const std::size_t width = padded(index(inputs_));
  for (int t = 0; t < frames; ++t) {
    if (t % kTurned == 0) turn(x, t);
    std::memcpy(x_, turned_.data() + index(t % kTurned) * width, width * sizeof(float));
    function(t);
  }
}

void Loop::play(const Signal& x, const Signal& y, int frames) noexcept {
  each_sample(x, frames, [&](int t) noexcept {
    for (const Step& step : steps_) run(step);
    for (int c = 0; c < outputs_; ++c) {
      // What is no number would go round for ever; as silence, it is forgotten as any other sound.
      const float made = std::isfinite(made_[c]) ? made_[c] : 0.0f;
      y.row(c)[t] = y_[c] = made;
    }
  });
}

void Loop::hear(const Signal& x, const Signal& given, int frames) noexcept {
  each_sample(x, frames, [&](int t) noexcept {
    for (const Step& step : steps_) {
      if (step.matters)
        run(step);
      else if (step.past)
        step.past->push(step.from);
    }
    for (int c = 0; c < outputs_; ++c) y_[c] = given.row(c)[t];
  });
  for (const Step& step : steps_)
    if (step.ahead && !step.matters) step.ahead->forget();
}

}  // namespace tonewright
