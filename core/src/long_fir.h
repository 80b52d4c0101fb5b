// long_fir: the primitive of tonewright/layers/fir.py.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

// The operation of a node called "long_fir". FileError when its response is not one of so many taps, or is too long.
// [main thread]
std::unique_ptr<Operation> make_long_fir(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
