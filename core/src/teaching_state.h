// What a lesson works with: laid out by teaching.cpp, played by teaching_forward.cpp, learned from by
// teaching_backward.cpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "teaching_kernels.h"
#include "teaching_plan.h"

namespace tonewright {

struct WaveNetLesson::State {
  using Kernels = teaching::Kernels;
  using Product = teaching::Product;
  using Sound = teaching::Sound;

  // The gradient of one tap of a convolution while it is summed up.
  struct Slope {
    int inputs = 0, outputs = 0;
    std::size_t sums = 0;  // where they begin
    std::size_t weight = 0, per_input = 0, per_output = 0;  // where the gradient goes
    bool bias_first = false;  // the first input is the row of ones, whose gradient is that of the bias
    teaching::Place bias;
  };
  struct Layer {
    Sound heard;  // in backward it becomes its own gradient, from the end to the beginning
    Sound made;   // what the convolution made, bent; in backward it becomes the gradient before the bend
    Sound gated;  // what goes on: `made` itself where there is no gate
    Product conv, out, head;
    Product made_back, heard_back, condition_back;
    std::vector<Slope> of_conv, of_head;
    Slope of_condition, of_out, of_out_bias;
  };
  struct Stack {
    std::vector<Layer> layers;
    Sound passed_on;  // the running sound behind the last layer; no channels when nobody hears it
    Sound read;       // what the head reads, where layers are summed; in backward its gradient
    Product rechannel, head, source_back, read_back;
    std::vector<Slope> of_head;
    Slope of_rechannel, of_rechannel_bias, of_head_bias;
  };

  explicit State(const WaveNetShape& shape);

  // teaching.cpp
  std::size_t lay_out(int samples, float* rows);  // the rows of all sounds; returns how many floats they take
  void prepare(int samples);
  void hear(const float* from);
  void be_told(const float* dy, bool with_condition);
  void tell(float* d_condition) const;
  std::size_t given() const { return plan.settle + static_cast<std::size_t>(samples); }  // of the condition
  const Sound& source(std::size_t stack) const { return stack ? stacks[stack - 1].passed_on : condition; }
  const Sound& next(std::size_t stack, std::size_t layer) const {
    const Stack& s = stacks[stack];
    return layer + 1 < s.layers.size() ? s.layers[layer + 1].heard : s.passed_on;
  }

  // teaching_forward.cpp
  void pack_forward(const float* parameters);
  void play();
  void play_layer(std::size_t stack, std::size_t layer, int from, int to);
  void play_heads();

  // teaching_backward.cpp
  void pack_backward(const float* parameters);
  void pack_made_back(const float* parameters, std::size_t stack, std::size_t layer);
  void learn();
  void learn_heads();
  void learn_layer(std::size_t stack, std::size_t layer, int from, int to);
  void learn_made(std::size_t stack, std::size_t layer, int from, int to);
  void learn_rechannel(std::size_t stack, int from, int to);
  void correlate(const Slope& slope, const Sound& x, int shift, const Sound& g, int from, int to);
  void correlate_taps(const std::vector<Slope>& taps, const Sound& x, int dilation, const Sound& g, int from, int to);

  // teaching_slopes.cpp
  void place_slopes();
  void harvest(float* gradients);

  teaching::Plan plan;
  const Kernels* kernels;
  int samples = 0;
  bool ready = false, asked = false;  // asked: for the gradient of the condition
  float scale = 1.0f;
  Sound ones;         // the row that a bias hears, and behind it:
  Sound condition;    // the input and the knobs
  Sound heard_by_all;  // both
  Sound answer;       // in backward its gradient
  Sound d_condition;
  std::vector<Stack> stacks;
  std::vector<float> rows, sums, block, d_rows;
  std::size_t sums_count = 0;
};

namespace teaching {

// Samples that go through one layer, forward and backward, while they are near.
constexpr int kBlock = 512;
// Samples that go through all layers before the next ones do.
constexpr int kChunk = 1024;

}  // namespace teaching
}  // namespace tonewright
