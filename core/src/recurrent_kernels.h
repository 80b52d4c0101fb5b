// The inner loops of lstm and gru, compiled three times (16, 8 and 4 floats wide) as those of kernels.h are.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels.h"
#include "lines.h"

namespace tonewright {

enum class Cell { kLstm, kGru };

constexpr int gates_of(Cell cell) { return cell == Cell::kLstm ? 4 : 3; }

constexpr int kDepthStep = 4;         // units of the past that are summed side by side
constexpr int kMaxGroups = 3;         // groups of one batch: as many as the registers of every width hold
constexpr int kRecurrentFrames = 4;  // samples whose inputs are heard, and whose outputs are turned, together
constexpr int kHeardVectors = 8;     // vectors of gates that hear the inputs of one sample together

// Hidden units that are computed together, their sums in registers. A group is as many units as a vector is wide, with
// one vector for each gate. Where half a group is left over, two gates share a vector, the second in its upper half.
struct Batch {
  int groups = 0;
  bool half = false;
  int first = 0;            // unit
  std::size_t rows = 0;     // where its gates start among those of a sample
  std::size_t weights = 0;  // where its weights start in `recurrent`
};

// A gate is 1 / (1 + 2^z). The weights are scaled for that: sigmoid x is the gate of kSigmoidScale x, and tanh x is
// twice the gate of kTanhScale x, less 1. A cell is kept as kTanhScale times what it is.
constexpr float kSigmoidScale = -1.4426950408889634f, kTanhScale = 2.0f * kSigmoidScale;

// A layer, in the order that the kernel of one width reads it.
struct Recurrence {
  Cell cell = Cell::kLstm;
  int inputs = 0, hidden = 0;
  std::vector<Batch> batches;
  std::size_t depth = 0;         // units, in whole kDepthSteps
  std::size_t width = 0;         // floats of h, in whole vectors
  std::size_t rows = 0;          // floats of all gates of a sample
  Floats bias;       // [rows]
  Floats input;      // [tile][inputs][its rows], where a tile is kHeardVectors, and the last one what is left
  Floats recurrent;  // [batch][depth][its rows]
  Floats late;       // GRU: the bias that is added to the past's part of the new gate [width]

  // Rows of the tile that begins with this row.
  std::size_t tile(std::size_t row, int vector) const {
    const std::size_t most = static_cast<std::size_t>(kHeardVectors) * static_cast<std::size_t>(vector);
    return rows - row < most ? rows - row : most;
  }
};

// What the kernel works on besides. h [kRecurrentFrames + 1][width]: after a block, the first row is the last one's.
struct RecurrentMemory {
  float *h, *c, *gates, *x;  // c [width]; gates [kRecurrentFrames][rows]; x, one sample of the inputs [inputs]
};

struct RecurrentKernels {
  int width;
  // x [inputs, frames] to y [hidden, frames]. [audio thread]
  void (*play)(const Recurrence& layer, RecurrentMemory memory, Signal x, Signal y, int frames);
};

extern const RecurrentKernels kRecurrentKernels16, kRecurrentKernels8, kRecurrentKernels4;

}  // namespace tonewright
