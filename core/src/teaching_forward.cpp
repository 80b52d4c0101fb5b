// The answer: all layers of a chunk of sound, then the next chunk; what backward needs stays in the rows.

#include "teaching_pack.h"
#include "teaching_state.h"

namespace tonewright {

using namespace teaching;

namespace {

void silence(const Sound& sound, float level = 0.0f) {
  for (int c = 0; c < sound.channels; ++c) std::fill(sound.row(c) - sound.length, sound.row(c), level);
}

}  // namespace

void WaveNetLesson::State::pack_forward(const float* p) {
  auto bias = [p](const Place& place) { return place.there ? p + place.at : nullptr; };
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    const StackPlan& of = plan.stacks[s];
    Stack& stack = stacks[s];
    const int channels = of.shape.channels, heads = of.shape.head_channels, taps = of.shape.head_kernel;
    pack(stack.rechannel, *kernels, channels, {ahead(p + of.rechannel.at, of.source, 1, 1)}, bias(of.rechannel_bias));
    if (!plan.shape.stacked)
      pack(stack.head, *kernels, heads, {ahead(p + of.head.at, channels, taps, 1)}, bias(of.head_bias));
    for (std::size_t l = 0; l < of.layers.size(); ++l) {
      const LayerPlan& from = of.layers[l];
      Layer& layer = stack.layers[l];
      const Weights conv = ahead(p + from.conv.at, channels, from.kernel, from.dilation);
      const Weights mixin = ahead(p + from.mixin.at, plan.shape.width, 1, 1);
      if (plan.shape.conditioned)
        pack(layer.conv, *kernels, of.made, {conv, mixin}, bias(from.conv_bias));
      else
        pack(layer.conv, *kernels, of.made, {conv}, bias(from.conv_bias));
      pack(layer.out, *kernels, channels, {ahead(p + from.out.at, channels, 1, 1)}, bias(from.out_bias));
      if (plan.shape.stacked) {
        Weights head = ahead(p + of.head.at + l * static_cast<std::size_t>(channels * taps), channels, taps, 1);
        head.per_output = static_cast<std::ptrdiff_t>(of.read) * taps;
        pack(layer.head, *kernels, heads, {head}, nullptr);
      }
    }
    silence(stack.read);
  }
  const Place& last_bias = plan.stacks.back().head_bias;
  silence(answer, last_bias.there ? p[last_bias.at] : 0.0f);  // the heads of stacked layers add to it
}

void WaveNetLesson::State::play() {
  for (int from = -(plan.heard() + kChunk - 1) / kChunk * kChunk; from < 0; from += kChunk)
    for (std::size_t s = 0; s < stacks.size(); ++s) {
      const Sound& first = stacks[s].layers.front().heard;
      kernels->product(stacks[s].rechannel, &source(s), nullptr, first, std::max(from, -first.length), from + kChunk);
      for (std::size_t l = 0; l < stacks[s].layers.size(); ++l)
        for (int at = from; at < from + kChunk; at += kBlock) play_layer(s, l, at, at + kBlock);
    }
  if (!plan.shape.stacked) play_heads();
}

void WaveNetLesson::State::play_layer(std::size_t s, std::size_t l, int from, int to) {
  const Stack& stack = stacks[s];
  const Layer& layer = stack.layers[l];
  auto since = [from](const Sound& sound) { return std::max(from, -sound.length); };
  if (since(layer.made) >= to) return;
  const Sound sources[] = {layer.heard, condition};
  kernels->product(layer.conv, sources, nullptr, layer.made, since(layer.made), to);
  kernels->bend(plan.stacks[s].shape.bend, layer.made, layer.gated, since(layer.made), to);
  if (plan.shape.stacked)
    kernels->product(layer.head, &layer.gated, &answer, answer, since(answer), to);
  else
    kernels->add(layer.gated, stack.read, since(stack.read), to);
  const Sound& after = next(s, l);
  if (after.channels) kernels->product(layer.out, &layer.gated, &layer.heard, after, since(after), to);
}

// Each head's answer goes into what the next one reads.
void WaveNetLesson::State::play_heads() {
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    const bool last = s + 1 == stacks.size();
    const Sound& into = last ? answer : stacks[s + 1].read;
    kernels->product(stacks[s].head, &stacks[s].read, last ? nullptr : &into, into, -plan.stacks[s].answered, 0);
  }
}

}  // namespace tonewright
