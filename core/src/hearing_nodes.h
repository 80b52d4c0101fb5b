// What an instrument hears, as nodes of the graph: one frame for each hop, a frame late.
#pragma once

#include "operation.h"

namespace tonewright {

// The primitives of tonewright/layers/hearing.py. FileError when the attributes are damaged. [main thread]
std::unique_ptr<Operation> make_pitch(const Json& node, int channels);
std::unique_ptr<Operation> make_loudness(const Json& node, int channels);

}  // namespace tonewright
