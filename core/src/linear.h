// linear: the primitive of tonewright/layers/dense.py.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

// The operation of a node called "linear". FileError when its weights are not those of such a layer. [main thread]
std::unique_ptr<Operation> make_linear(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
