// A node of the graph, and the rules by which several become one.
#pragma once

#include <memory>
#include <vector>

#include "operation.h"

namespace tonewright {

struct Node {
  std::unique_ptr<Operation> operation;  // none for an input, and none when another node does its work
  std::vector<int> from;                 // the nodes that it hears
  int channels = 0;                      // of its output
  int up = 1, down = 1;                  // samples here for one sample of x
  bool fixed = false;                    // a constant, written once
  int view_of = -1;                      // its rows are some of this node's
  int same_as = -1;                      // its rows are this node's, whose sound nobody needs any more
  std::vector<int> also_makes;           // nodes whose outputs its operation writes too
  int made_at = 0;                       // the node whose operation makes its output; -1 when nobody does

  int memory = 0;                        // samples that those who hear it want from before the block

  bool has_rows() const { return view_of < 0 && same_as < 0 && made_at >= 0; }
};

using Nodes = std::vector<std::unique_ptr<Node>>;

inline Node& node_at(const Nodes& nodes, int index) { return *nodes[static_cast<std::size_t>(index)]; }

// Lets convolutions take over sums, activations, gates, stacks and running sums around them, and turns slices and
// delays into views. What is computed stays the same, to the order of additions. [main thread]
void fuse(Nodes& nodes, int output);

}  // namespace tonewright
