// The gradients: chunk by chunk from the end to the beginning, all layers of a chunk from the last to the first.
// What a sample hears lies before it, so its gradient can take its place once the chunks behind it are done.

#include "teaching_pack.h"
#include "teaching_state.h"

namespace tonewright {

using namespace teaching;

void WaveNetLesson::State::pack_backward(const float* p) {
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    const StackPlan& of = plan.stacks[s];
    Stack& stack = stacks[s];
    const int channels = of.shape.channels;
    const Weights head = back(p + of.head.at, channels, of.shape.head_channels, of.shape.head_kernel, 1);
    if (!plan.shape.stacked) pack(stack.read_back, *kernels, channels, {head}, nullptr);
    if (s || asked)
      pack(stack.source_back, *kernels, of.source, {back(p + of.rechannel.at, of.source, channels, 1, 1)}, nullptr);
    for (std::size_t l = 0; l < of.layers.size(); ++l) {
      const LayerPlan& from = of.layers[l];
      Layer& layer = stack.layers[l];
      pack_made_back(p, s, l);
      const Weights conv = back(p + from.conv.at, channels, of.made, from.kernel, from.dilation);
      pack(layer.heard_back, *kernels, channels, {conv}, nullptr);
      const Weights mixin = back(p + from.mixin.at, plan.shape.width, of.made, 1, 1);
      if (asked && plan.shape.conditioned)
        pack(layer.condition_back, *kernels, plan.shape.width, {mixin}, nullptr);
    }
  }
}

// What a layer made is heard by the running sound, unless it is the last, and by the head: through weights of its own
// where layers are stacked, else as it is.
void WaveNetLesson::State::pack_made_back(const float* p, std::size_t s, std::size_t l) {
  const StackPlan& of = plan.stacks[s];
  Product& made_back = stacks[s].layers[l].made_back;
  const int channels = of.shape.channels, taps = of.shape.head_kernel;
  const bool heard = next(s, l).channels > 0;
  const Weights out = back(p + of.layers[l].out.at, channels, channels, 1, 1);
  if (plan.shape.stacked) {
    const float* own = p + of.head.at + l * static_cast<std::size_t>(channels * taps);
    Weights head = back(own, channels, of.shape.head_channels, taps, 1);
    head.per_input = static_cast<std::ptrdiff_t>(of.read) * taps;
    if (heard)
      pack(made_back, *kernels, channels, {head, out}, nullptr);
    else
      pack(made_back, *kernels, channels, {head}, nullptr);
  } else if (heard) {
    pack(made_back, *kernels, channels, {out}, nullptr);
  } else {
    pack(made_back, *kernels, channels, {}, nullptr);
  }
}

void WaveNetLesson::State::learn() {
  place_slopes();
  sums.assign(sums_count * kLanes, 0.0f);
  learn_heads();
  for (int to = 0; to > -plan.heard(); to -= kChunk)
    for (std::size_t s = stacks.size(); s-- > 0;) {
      for (std::size_t l = stacks[s].layers.size(); l-- > 0;)
        for (int at = to; at > to - kChunk; at -= kBlock) learn_layer(s, l, at - kBlock, at);
      for (int at = to; at > to - kChunk; at -= kBlock) learn_rechannel(s, at - kBlock, at);
    }
}

void WaveNetLesson::State::correlate(const Slope& slope, const Sound& x, int shift, const Sound& g, int from, int to) {
  from = std::max(from, -g.length);
  if (from < to)
    kernels->correlate(x, shift, g, from, to, sums.data() + slope.sums * kLanes);
}

// The last of the taps hears what is now, and each before it `dilation` samples less.
void WaveNetLesson::State::correlate_taps(const std::vector<Slope>& taps, const Sound& x, int dilation, const Sound& g,
                                          int from, int to) {
  int late = static_cast<int>(taps.size()) * dilation;
  for (const Slope& tap : taps) correlate(tap, x, -(late -= dilation), g, from, to);
}

void WaveNetLesson::State::learn_heads() {
  for (std::size_t s = stacks.size(); s-- > 0;) {
    const StackPlan& of = plan.stacks[s];
    Sound given = s + 1 == stacks.size() ? answer : stacks[s + 1].read;
    given.length = of.answered;
    if (of.head_bias.there) correlate(stacks[s].of_head_bias, ones, 0, given, -given.length, 0);
    if (plan.shape.stacked) continue;  // the rest is up to the layers
    const Sound& read = stacks[s].read;
    correlate_taps(stacks[s].of_head, read, 1, given, -given.length, 0);
    kernels->product(stacks[s].read_back, &given, nullptr, read, -read.length, 0);
  }
}

void WaveNetLesson::State::learn_layer(std::size_t s, std::size_t l, int from, int to) {
  const Layer& layer = stacks[s].layers[l];
  from = std::max(from, -layer.heard.length);
  if (from >= to) return;
  const int made_from = std::max(from, -layer.made.length);
  if (made_from < to) learn_made(s, l, made_from, to);
  const Sound& after = next(s, l);
  kernels->product(layer.heard_back, &layer.made, after.channels ? &after : nullptr, layer.heard, from, to);
}

// The gradient of what the layer's convolution made, and those of all weights that it meets on its way.
void WaveNetLesson::State::learn_made(std::size_t s, std::size_t l, int from, int to) {
  const StackPlan& of = plan.stacks[s];
  const LayerPlan& facts = of.layers[l];
  const Layer& layer = stacks[s].layers[l];
  const Sound &after = next(s, l), &read = stacks[s].read;
  if (after.channels) {
    correlate(layer.of_out, layer.gated, 0, after, from, to);
    correlate(layer.of_out_bias, ones, 0, after, from, to);
  }
  correlate_taps(layer.of_head, layer.gated, 1, answer, from, to);  // none where layers are summed
  Sound dz;
  dz.channels = of.shape.channels;
  dz.stride = kBlock + kStep;
  dz.end = block.data() - from;
  const Sound sources[] = {plan.shape.stacked ? answer : after, after};
  kernels->product(layer.made_back, sources, plan.shape.stacked ? nullptr : &read, dz, from, to);
  kernels->unbend(of.shape.bend, dz, layer.made, from, to);
  correlate_taps(layer.of_conv, layer.heard, facts.dilation, layer.made, from, to);
  correlate(layer.of_condition, plan.shape.conditioned ? heard_by_all : ones, 0, layer.made, from, to);
  if (asked && plan.shape.conditioned)
    kernels->product(layer.condition_back, &layer.made, &d_condition, d_condition, from, to);
}

void WaveNetLesson::State::learn_rechannel(std::size_t s, int from, int to) {
  const Stack& stack = stacks[s];
  const Sound& first = stack.layers.front().heard;
  from = std::max(from, -first.length);
  if (from >= to) return;
  correlate(stack.of_rechannel, source(s), 0, first, from, to);
  if (plan.stacks[s].rechannel_bias.there) correlate(stack.of_rechannel_bias, ones, 0, first, from, to);
  if (s)
    kernels->product(stack.source_back, &first, nullptr, source(s), from, to);
  else if (asked)
    kernels->product(stack.source_back, &first, &d_condition, d_condition, from, to);
}

}  // namespace tonewright
