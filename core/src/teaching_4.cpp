// Teaching, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "teaching.inl"
#include "teaching_bends.inl"

namespace tonewright {
namespace teaching {
const Kernels kTeaching4{kWidth, tile_of, product, correlate, harvest, bend, unbend, add};
}  // namespace teaching
}  // namespace tonewright
