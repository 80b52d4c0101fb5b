// Teaching a WaveNet: what it answers to a crop of sound, and how every weight should move to change that answer.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace tonewright {

enum class Bend { kLinear, kTanh, kRelu, kLeakyRelu, kSigmoid, kSoftsign, kGated, kSoftGated };

// The facts of models/wavenet/config.py.
struct WaveNetShape {
  struct Stack {
    int channels = 1;
    std::vector<std::pair<int, int>> layers;  // (kernel, dilation)
    Bend bend = Bend::kTanh;
    int head_channels = 1, head_kernel = 1;
    bool head_bias = true;
  };
  std::vector<Stack> stacks;
  int width = 1;  // rows of the condition: the input, then the knobs
  bool conditioned = true, input_bias = false;
  bool stacked = false;  // every layer has its own weights in the head; then there is one stack
};

// One crop at a time, on the calling thread. Weights and their gradients are one row of numbers, in the order of
// the model's parameters(): of each stack the rechannel's, the layers' (conv, mixin, out) and the head's, each a
// weight [outputs][inputs][taps] and then its bias. The answer needs `settle` samples of sound before its first one.
class WaveNetLesson {
 public:
  // Throws std::invalid_argument for a shape that it does not know; then torch takes over. [any thread]
  explicit WaveNetLesson(const WaveNetShape& shape);
  ~WaveNetLesson();
  WaveNetLesson(const WaveNetLesson&) = delete;
  WaveNetLesson& operator=(const WaveNetLesson&) = delete;

  std::size_t parameters() const noexcept;
  std::size_t settle() const noexcept;  // samples
  int width() const noexcept;
  std::size_t bytes(int samples) const;  // that an answer of so many samples will need

  // condition [width][settle + samples] to y [samples]. The output is multiplied by `scale`. Throws std::bad_alloc.
  void forward(const float* parameters, const float* condition, float scale, float* y, int samples);

  // What forward remembered is used up: once after each forward, with the same parameters.
  //   dy [samples]: by how much what is to be made small changes with y.
  //   gradients [parameters]: set to by how much it changes with each.
  //   d_condition [width][settle + samples]: the same for the condition; nullptr when nobody asks.
  void backward(const float* parameters, const float* dy, float* gradients, float* d_condition);
  bool ready() const noexcept;  // for backward
  int samples() const noexcept;  // of the last forward

  // Floats per vector: 0 for the widest that this CPU runs. False when it cannot; for tests.
  bool set_width(int floats) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tonewright
