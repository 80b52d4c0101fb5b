// conv_transpose1d: from a lower rate to a higher one.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

// FileError when the node makes no sense. [main thread]
std::unique_ptr<Operation> make_conv_transpose1d(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
