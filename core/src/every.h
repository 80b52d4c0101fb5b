// every: the primitive of tonewright/layers/dense.py.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

// The operation of a node called "every". FileError when its hop is no number of samples. [main thread]
std::unique_ptr<Operation> make_every(const Json& node, int channels);

}  // namespace tonewright
