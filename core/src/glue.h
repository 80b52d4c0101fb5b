// The glue between primitives: sums, products, activations, channels put together or cut out.
#pragma once

#include <memory>
#include <string>

#include "operation.h"

namespace tonewright {

// The operation of that name, or nullptr when it is no glue.
std::unique_ptr<Operation> make_glue(const std::string& op, const Json& node, const std::vector<int>& channels);

}  // namespace tonewright
