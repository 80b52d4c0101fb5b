// Where the gradients of the weights are summed, lane by lane, and how they come back from there.

#include "teaching_state.h"

namespace tonewright {

using namespace teaching;

void WaveNetLesson::State::place_slopes() {
  sums_count = 0;
  auto slope = [this](int inputs, int outputs, std::size_t weight, std::size_t per_input, std::size_t per_output) {
    Slope made;
    made.inputs = inputs;
    made.outputs = outputs;
    made.sums = sums_count;
    made.weight = weight;
    made.per_input = per_input;
    made.per_output = per_output;
    sums_count += static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs);
    return made;
  };
  auto of_bias = [&](const Place& bias, int outputs) { return slope(1, outputs, bias.at, 0, 1); };
  // One for each tap of a convolution whose weights lie as [outputs][hears][taps] from `at` on.
  auto of_taps = [&](std::size_t at, int inputs, int hears, int outputs, int taps, std::vector<Slope>& into) {
    into.clear();
    const auto t = static_cast<std::size_t>(taps);
    for (std::size_t k = 0; k < t; ++k)
      into.push_back(slope(inputs, outputs, at + k, t, static_cast<std::size_t>(hears) * t));
  };
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    const StackPlan& of = plan.stacks[s];
    Stack& stack = stacks[s];
    const int channels = of.shape.channels, heads = of.shape.head_channels, taps = of.shape.head_kernel;
    const auto source_channels = static_cast<std::size_t>(of.source);
    const auto width = static_cast<std::size_t>(plan.shape.width);
    stack.of_rechannel = slope(of.source, channels, of.rechannel.at, 1, source_channels);
    stack.of_rechannel_bias = of_bias(of.rechannel_bias, channels);
    stack.of_head_bias = of_bias(of.head_bias, heads);
    if (!plan.shape.stacked) of_taps(of.head.at, channels, channels, heads, taps, stack.of_head);
    for (std::size_t l = 0; l < of.layers.size(); ++l) {
      const LayerPlan& from = of.layers[l];
      Layer& layer = stack.layers[l];
      of_taps(from.conv.at, channels, channels, of.made, from.kernel, layer.of_conv);
      const std::size_t own = of.head.at + l * static_cast<std::size_t>(channels * taps);
      if (plan.shape.stacked) of_taps(own, channels, of.read, heads, taps, layer.of_head);
      layer.of_condition = slope(from.mixin.there ? 1 + plan.shape.width : 1, of.made, from.mixin.at, 1, width);
      layer.of_condition.bias_first = true;
      layer.of_condition.bias = from.conv_bias;
      layer.of_out = slope(channels, channels, from.out.at, 1, static_cast<std::size_t>(channels));
      layer.of_out_bias = of_bias(from.out_bias, channels);
    }
  }
}

void WaveNetLesson::State::harvest(float* gradients) {
  std::fill(gradients, gradients + plan.parameters, 0.0f);
  std::vector<float> tap;
  auto take = [&](const Slope& slope) {
    const auto inputs = static_cast<std::size_t>(slope.inputs), outputs = static_cast<std::size_t>(slope.outputs);
    tap.resize(inputs * outputs);
    kernels->harvest(sums.data() + slope.sums * kLanes, slope.inputs, slope.outputs,
                     tap.data());
    const std::size_t biases = slope.bias_first ? 1 : 0;
    for (std::size_t o = 0; o < outputs; ++o) {
      if (biases) gradients[slope.bias.at + o] = tap[o];
      for (std::size_t i = biases; i < inputs; ++i)
        gradients[slope.weight + (i - biases) * slope.per_input + o * slope.per_output] = tap[i * outputs + o];
    }
  };
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    take(stacks[s].of_rechannel);
    if (plan.stacks[s].rechannel_bias.there) take(stacks[s].of_rechannel_bias);
    if (plan.stacks[s].head_bias.there) take(stacks[s].of_head_bias);
    for (const Slope& slope : stacks[s].of_head) take(slope);
    for (const Layer& layer : stacks[s].layers) {
      for (const Slope& slope : layer.of_conv) take(slope);
      for (const Slope& slope : layer.of_head) take(slope);
      take(layer.of_condition);
      take(layer.of_out);
      take(layer.of_out_bias);
    }
  }
}

}  // namespace tonewright
