#include "kernels.h"
#include "product_kernels.h"

namespace tonewright {

const ProductKernels* product_kernels(int width) noexcept {
  if (width == 0) width = kernels().width;
  if (!kernels_of_width(width)) return nullptr;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return &kProductKernels16;
  if (width == 8) return &kProductKernels8;
#endif
  return &kProductKernels4;
}

}  // namespace tonewright
