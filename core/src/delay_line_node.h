// A delay line as a node of the graph.
#pragma once

#include "operation.h"

namespace tonewright {

// Its delay is the second input where there is one, else a weight. FileError when it is damaged. [main thread]
std::unique_ptr<Operation> make_delay_line(const Json& node, const Tensors& tensors, const std::vector<int>& channels);

}  // namespace tonewright
