// Teaching, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "teaching.inl"
#include "teaching_bends.inl"

namespace tonewright {
namespace teaching {
const Kernels kTeaching8{kWidth, tile_of, product, correlate, harvest, bend, unbend, add};
}  // namespace teaching
}  // namespace tonewright
