#include <cstdlib>

#include "kernels.h"

namespace tonewright {

const Kernels* kernels_of_width(int width) noexcept {
#if defined(TONEWRIGHT_X86)
  if (width == 16 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq"))
    return &kKernels16;
  if (width == 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kKernels8;
#endif
  return width == 4 ? &kKernels4 : nullptr;
}

namespace {

const Kernels& choose() noexcept {
  const char* limit = std::getenv("TONEWRIGHT_WIDTH");
  const int most = limit ? std::atoi(limit) : 16;
  for (int width : {16, 8})
    if (const Kernels* found = width <= most ? kernels_of_width(width) : nullptr) return *found;
  return kKernels4;
}

}  // namespace

const Kernels& kernels() noexcept {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace tonewright
