// conv1d, conv_transpose1d and delay: the primitives of tonewright/layers/conv.py.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

std::unique_ptr<Operation> make_conv1d(const Json& node, const Tensors& tensors, int channels);
std::unique_ptr<Operation> make_conv_transpose1d(const Json& node, const Tensors& tensors, int channels);
std::unique_ptr<Operation> make_delay(const Json& node, int channels);

// The tensor that a node calls `key`, or nullptr when it has none; FileError when the file lacks it.
const Tensor* weight_of(const Json& node, const Tensors& tensors, const char* key);

}  // namespace tonewright
