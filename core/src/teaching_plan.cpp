#include "teaching_plan.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "teaching_kernels.h"

namespace tonewright {
namespace teaching {

namespace {

void within(const char* what, long long value, long long low, long long high) {
  if (value < low || value > high)
    throw std::invalid_argument(std::string("the native core teaches models whose ") + what + " is " +
                                std::to_string(low) + " to " + std::to_string(high) + ", and this one's is " +
                                std::to_string(value));
}

int in_steps(int samples) { return (samples + kStep - 1) / kStep * kStep; }

void check(const WaveNetShape& shape) {
  within("number of stacks", static_cast<long long>(shape.stacks.size()), 1, shape.stacked ? 1 : 16);
  within("number of inputs and knobs", shape.width, 1, 65);
  for (const auto& stack : shape.stacks) {
    within("channels", stack.channels, 1, kMostChannels);
    within("channels of a head", stack.head_channels, 1, kMostChannels);
    within("kernel of a head", stack.head_kernel, 1, 1024);
    within("number of layers", static_cast<long long>(stack.layers.size()), 1, 256);
    for (const auto& [kernel, dilation] : stack.layers) {
      within("kernel", kernel, 1, 1024);
      within("dilation", dilation, 1, 1 << 20);
    }
  }
  within("last head's number of channels", shape.stacks.back().head_channels, 1, 1);
}

}  // namespace

Plan::Plan(const WaveNetShape& given) : shape(given) {
  check(shape);
  long long reach = 0;
  auto place = [this](bool there, std::size_t size) {
    const Place p{parameters, there ? size : 0, there};
    parameters += p.size;
    return p;
  };
  int source = shape.width, head_before = 0;
  for (const auto& of : shape.stacks) {
    if (head_before && head_before != of.channels)
      throw std::invalid_argument("a stack's head starts from the head before it, and their channels differ");
    StackPlan stack;
    stack.shape = of;
    stack.source = source;
    stack.made = of.channels * (gates(of.bend) ? 2 : 1);
    stack.read = of.channels * (shape.stacked ? static_cast<int>(of.layers.size()) : 1);
    const auto channels = static_cast<std::size_t>(of.channels), made = static_cast<std::size_t>(stack.made);
    stack.rechannel = place(true, channels * static_cast<std::size_t>(source));
    stack.rechannel_bias = place(shape.input_bias, channels);
    for (const auto& [kernel, dilation] : of.layers) {
      LayerPlan layer{};
      layer.kernel = kernel;
      layer.dilation = dilation;
      layer.memory = (kernel - 1) * dilation;
      layer.conv = place(true, made * channels * static_cast<std::size_t>(kernel));
      layer.conv_bias = place(true, made);
      layer.mixin = place(shape.conditioned, made * static_cast<std::size_t>(shape.width));
      layer.out = place(true, channels * channels);
      layer.out_bias = place(true, channels);
      reach += layer.memory;
      stack.layers.push_back(layer);
    }
    const auto heads = static_cast<std::size_t>(of.head_channels);
    stack.head = place(true, heads * static_cast<std::size_t>(stack.read) * static_cast<std::size_t>(of.head_kernel));
    stack.head_bias = place(of.head_bias, heads);
    reach += of.head_kernel - 1;
    source = of.channels;
    head_before = of.head_channels;
    stacks.push_back(stack);
  }
  within("memory in samples", reach, 0, kMostSettle);
  within("number of weights", static_cast<long long>(parameters), 1, 1 << 22);
  settle = static_cast<std::size_t>(reach);
}

void Plan::fit(int samples) {
  int answered = in_steps(samples), passed_on = 0;
  for (auto stack = stacks.rbegin(); stack != stacks.rend(); ++stack) {
    stack->answered = answered;
    stack->passed_on = passed_on;
    stack->summed = in_steps(answered + stack->shape.head_kernel - 1);
    int made = std::max(stack->summed, passed_on);
    for (auto layer = stack->layers.rbegin(); layer != stack->layers.rend(); ++layer) {
      layer->made = made;
      layer->heard = made = in_steps(made + layer->memory);
    }
    passed_on = made;
    answered = stack->summed;
  }
}

}  // namespace teaching
}  // namespace tonewright
