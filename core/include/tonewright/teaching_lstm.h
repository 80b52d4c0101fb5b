// Teaching an LSTM: what it answers to some stretches of sound, from the state that came before them, and how every
// weight should move to change that answer. Back-propagation is truncated: no gradient goes into the state before.
#pragma once

#include <cstddef>
#include <memory>

namespace tonewright {

// The facts of models/lstm/config.py.
struct LstmShape {
  int width = 1;  // rows of the condition: the input, then the knobs
  int hidden = 16, layers = 1;
  bool direct = false;  // the input is added to the answer
};

// Some sounds at a time, on the calling thread. Weights and their gradients are one row of numbers, in the order of
// the model's parameters(): of each layer weight_ih [4 hidden][inputs], weight_hh [4 hidden][hidden], bias_ih and
// bias_hh; then the head's weight [hidden] and bias. A state is h and then c of each layer, [hidden] each.
class LstmLesson {
 public:
  // Throws std::invalid_argument for a shape that it does not know; then torch takes over. [any thread]
  explicit LstmLesson(const LstmShape& shape);
  ~LstmLesson();
  LstmLesson(const LstmLesson&) = delete;
  LstmLesson& operator=(const LstmLesson&) = delete;

  std::size_t parameters() const noexcept;
  std::size_t state() const noexcept;  // numbers of one sound's state
  int width() const noexcept;
  std::size_t bytes(int sounds, int samples) const noexcept;  // that such an answer will need, about

  // condition [sounds][width][samples] and before [sounds][state] to y [sounds][samples] and after [sounds][state].
  // What comes out of the network is multiplied by `scale`. With `learning` false nothing is kept for backward.
  // Throws std::bad_alloc.
  void forward(const float* parameters, const float* condition, const float* before, float scale, float* y,
               float* after, int sounds, int samples, bool learning);

  // What forward remembered is used up: once after each forward.
  //   dy [sounds][samples]: by how much what is to be made small changes with y.
  //   gradients [parameters]: set to by how much it changes with each.
  void backward(const float* dy, float* gradients);
  bool ready() const noexcept;  // for backward
  int sounds() const noexcept;  // of the last forward
  int samples() const noexcept;

  // Floats per vector: 0 for the widest that this CPU runs. False when it cannot; for tests.
  bool set_width(int floats) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tonewright
