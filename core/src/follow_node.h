// Ballistics as a node of the graph.
#pragma once

#include "operation.h"

namespace tonewright {

// FileError when its rates are damaged. [main thread]
std::unique_ptr<Operation> make_follow(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
