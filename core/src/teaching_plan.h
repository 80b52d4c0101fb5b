// What a WaveNet's lesson needs to know of its shape: where each weight lies, and how long each sound must be.
#pragma once

#include <cstddef>
#include <vector>

#include "tonewright/teaching.h"

namespace tonewright {
namespace teaching {

// Of one weight among the parameters; a bias that is not there has `there` false.
struct Place {
  std::size_t at = 0, size = 0;
  bool there = false;
};

struct LayerPlan {
  int kernel, dilation, memory;
  Place conv, conv_bias, mixin, out, out_bias;
  int heard = 0, made = 0;  // samples of the sound that it hears, and of what it makes; multiples of kStep
};

struct StackPlan {
  WaveNetShape::Stack shape;
  int source = 0;  // channels that the rechannel hears
  int made = 0;    // channels that a layer's convolution makes
  int read = 0;    // channels that the head reads
  Place rechannel, rechannel_bias, head, head_bias;
  std::vector<LayerPlan> layers;
  int summed = 0, answered = 0;  // samples that the head reads and gives; multiples of kStep
  int passed_on = 0;             // samples of its running sound that the next stack hears; 0 when there is none
};

struct Plan {
  explicit Plan(const WaveNetShape& shape);  // throws std::invalid_argument

  // Fits all lengths to an answer of so many samples.
  void fit(int samples);
  int heard() const { return stacks.front().layers.front().heard; }  // samples of the condition

  WaveNetShape shape;
  std::vector<StackPlan> stacks;
  std::size_t parameters = 0, settle = 0;
};

constexpr int kMostChannels = 64, kMostSettle = 1 << 22;

}  // namespace teaching
}  // namespace tonewright
