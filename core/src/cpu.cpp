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

const Kernels& kernels() noexcept {
  for (int width : {16, 8})
    if (const Kernels* found = kernels_of_width(width)) return *found;
  return kKernels4;
}

}  // namespace tonewright
