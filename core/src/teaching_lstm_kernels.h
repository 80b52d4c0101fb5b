// The inner loops of teaching an LSTM, compiled three times (16, 8 and 4 floats wide). A vector holds one number of
// each of several sounds, its lanes, so that no loop waits for the sample before in fewer than all of them.
#pragma once

#include <cstddef>
#include <vector>

namespace tonewright {
namespace lstm {

constexpr int kBlock = 32;           // samples whose share in the gradients is summed while it is near
constexpr int kApart = kBlock + 1;   // vectors from row to row: a power of two would crowd one place of the cache
constexpr int kUnits = 4;            // units are padded to a multiple, with weights of nothing
constexpr int kGates = 4;            // input, forget, cell, output: torch's order

// What each sample leaves behind, `units` vectors of each part. The first sample's is preceded by the first state.
enum Part { kIn, kForget, kCell, kOut, kC, kBent, kH, kParts };  // kBent is tanh of c

// y[group][4] += sum over inputs of weight[group][input][4] * source[input].
struct Product {
  int groups = 0, inputs = 0;
  std::vector<float> weights;
};

struct Layer {
  int inputs = 0;  // those of the condition, or the units of the layer below
  int units = 0;
  Product hear, recall;           // a group is a unit, its outputs are the gates
  std::vector<float> bias;        // [units][gates]
  Product hear_back, recall_back; // a group is four inputs, or four units; hear_back is empty in the first layer

  std::size_t heard() const { return static_cast<std::size_t>(inputs + units + 1); }  // and the one that biases hear
  std::size_t gates() const { return static_cast<std::size_t>(units) * kGates; }
  std::size_t left() const { return static_cast<std::size_t>(units) * kParts; }  // vectors that a sample leaves
};

// Vectors in which a block of samples is learned from, backward.
struct Room {
  float* slopes;   // [gates][kApart]: gradients of what the gates heard
  float* heard;    // [inputs + units + 1][kApart]: what they had heard; the last row is ones
  float* now;      // [units][gates]: slopes of one sample
  float* d_h;      // [kBlock][most units]: gradient of h from above; it becomes that of what the layer heard
  float* later_h;  // [units]: gradient of h and c from the samples behind
  float* later_c;
  float* sums;     // [gates][heard]: gradients of the weights, lane by lane
};

// What comes from one sample to the next is `step` vectors apart.
struct Heard {
  const float* at;
  std::size_t step;
};

struct Kernels {
  int width;  // floats that one instruction works on
  // `left` is that of the state before the first of these samples.
  void (*play)(const Layer& layer, Heard x, float* left, int samples);
  // y[t] = bias + sum of weight * h.
  void (*answer)(const Layer& layer, const float* weights, float bias, const float* left, int samples, float* y);
  // From dy [samples] (already scaled) the room's d_h, and onto sums [units + 1] the gradients of the head.
  void (*unanswer)(const Layer& layer, const float* weights, const float* dy, const float* left, int samples,
                   const Room& room, float* sums);
  // At most kBlock samples. x and left are those of the first of them, as for play.
  void (*learn)(const Layer& layer, Heard x, const float* left, int samples, const Room& room);
};

// Those of a width, or of the widest that this CPU runs when it is 0; nullptr where it cannot. [any thread]
const Kernels* kernels_of(int width) noexcept;

extern const Kernels kLstm16, kLstm8, kLstm4;

}  // namespace lstm
}  // namespace tonewright
