// Harmonics and filtered noise as nodes of the graph.
#pragma once

#include "operation.h"

namespace tonewright {

// Hears the pitch, the shares of the harmonics and their amplitude. FileError when the node makes no sense, or hears
// something else. [main thread]
std::unique_ptr<Operation> make_harmonic_bank(const Json& node, const std::vector<int>& channels);

// Hears the magnitudes of the bands. FileError as above. [main thread]
std::unique_ptr<Operation> make_filtered_noise(const Json& node, const std::vector<int>& channels);

}  // namespace tonewright
