// All-passes in a row as a node of the graph.
#pragma once

#include "operation.h"

namespace tonewright {

// channels: of the sound, and of the coefficient where it is no weight. FileError when the node is damaged.
// [main thread]
std::unique_ptr<Operation> make_all_passes(const Json& node, const Tensors& tensors, const std::vector<int>& channels);

}  // namespace tonewright
