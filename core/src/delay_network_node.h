// A feedback delay network as a node of the graph.
#pragma once

#include "operation.h"

namespace tonewright {

// FileError when its lines are damaged, or would sound for ever. [main thread]
std::unique_ptr<Operation> make_delay_network(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
