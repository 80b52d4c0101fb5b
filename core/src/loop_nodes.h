// The graph inside a feedback, read and checked.
#pragma once

#include <memory>
#include <vector>

#include "dense.h"
#include "operation.h"

namespace tonewright {

// A convolution inside a loop.
struct LoopLayer {
  DenseShape shape;
  int memory = 0;  // samples of its input
  const float* weights = nullptr;  // of a tensor of the file
  std::vector<float> bias;
};

struct LoopNode {
  enum class Kind { kNone, kX, kY, kFixed, kGlue, kView, kStack, kLayer };  // none: another node does its work
  Kind kind = Kind::kGlue;
  std::vector<int> from;
  int channels = 0;
  std::unique_ptr<Operation> operation;  // of glue, and of what is fixed
  int first = 0;                         // of a view: the first channel
  LoopLayer layer;
  int addend = -1;       // of a layer: the node whose sound it adds; -1 for none
  bool matters = false;  // what it makes is remembered somewhere
};

struct LoopGraph {
  std::vector<LoopNode> nodes;
  int output = 0;
};

// The nodes of `graph`, which stand after those that they hear. `inputs` and `outputs` are the channels of what the
// loop hears and makes. The tensors must outlive it. FileError when the graph makes no sense, or asks for what a loop
// cannot play. [main thread]
LoopGraph read_loop(const Json& graph, const Tensors& tensors, int inputs, int outputs);

}  // namespace tonewright
