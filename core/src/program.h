// The nodes of a graph in the order and in the form in which a block runs through them: all that a step touches lies
// close together.
#pragma once

#include "node.h"
#include "rows.h"

namespace tonewright {

class Program {
 public:
  // Lays out memory for blocks of up to `frames` samples of x. The nodes stay alive as long as this does. FileError when
  // it would not fit. [main thread]
  void prepare(const Nodes& nodes, int frames);
  // Forgets all sound. [audio thread]
  void reset() noexcept;

  // Where to write the next block of an input node. [audio thread]
  Signal begin(int node, int frames) noexcept;
  // Plays a block, once every input is there. [audio thread]
  void run(int frames) noexcept;
  // What a node made of it. [audio thread]
  Signal made_by(int node) const noexcept;

 private:
  struct Step {
    Operation* operation = nullptr;  // none: a view of another node's rows
    int node = 0, of = 0;
    std::ptrdiff_t offset = 0;                    // of a view
    int up = 1, down = 1;                         // samples of the node for one of x
    std::size_t signals = 0, inputs = 0;          // first in signals_, and how many
    std::size_t first_other = 0, last_other = 0;  // in others_
  };
  struct Other {  // a node whose output the step writes too
    int node, same_as;
  };

  static int scaled(int frames, int up, int down) noexcept {
    return up == down ? frames : static_cast<int>(std::int64_t{frames} * up / down);
  }
  float*& now(int node) { return now_[static_cast<std::size_t>(node)]; }
  void check_size(const Nodes& nodes) const;
  void place(const Node& node, std::size_t index, int phase);
  void add_steps(const Nodes& nodes);
  void add_view(const Nodes& nodes, int index);
  void add_operation(const Nodes& nodes, int index);
  void write_constant(const Node& node, std::size_t index) noexcept;

  int frames_ = 0;
  std::int64_t longest_ = 0;  // samples of a block at the node of the highest rate
  std::vector<Step> steps_;
  std::vector<Other> others_;
  std::vector<int> from_;        // the nodes of signals_
  std::vector<Signal> signals_;  // what the steps hear, and what they make
  std::vector<float*> now_;      // where each node's block begins
  std::vector<Signal> shapes_;   // stride and channels of each node's rows
  std::vector<Rows> rows_;
  const Nodes* nodes_ = nullptr;
};

}  // namespace tonewright
