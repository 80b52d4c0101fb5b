// The lag of a photoresistor as a node of the graph.
#pragma once

#include "operation.h"

namespace tonewright {

// FileError when its time constants are damaged. [main thread]
std::unique_ptr<Operation> make_lag(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
