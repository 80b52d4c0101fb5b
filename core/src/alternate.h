// Every second sample of every second channel with its sign turned: what turns the bands of a filter bank over.
#pragma once

#include "operation.h"

namespace tonewright {

// FileError when it is for other channels. [main thread]
std::unique_ptr<Operation> make_alternate(const Json& node, int channels);

}  // namespace tonewright
