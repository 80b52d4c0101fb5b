#include "kernels.h"
#include "wide_kernels.h"

namespace tonewright {

const WideKernels* wide_kernels(int width) noexcept {
  if (width == 0) width = kernels().width;
  if (!kernels_of_width(width)) return nullptr;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return &kWideKernels16;
  if (width == 8) return &kWideKernels8;
#endif
  return &kWideKernels4;
}

}  // namespace tonewright
