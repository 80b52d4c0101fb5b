// layer_norm: the primitive of tonewright/layers/dense.py.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

// The operation of a node called "layer_norm". FileError when its weights are not one for each channel. [main thread]
std::unique_ptr<Operation> make_layer_norm(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
