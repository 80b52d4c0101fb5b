#include "kernels.h"
#include "teaching_wide_kernels.h"

namespace tonewright {

const TeachingWideKernels* teaching_wide_kernels(int width) noexcept {
  if (width == 0) width = kernels().width;
  if (!kernels_of_width(width)) return nullptr;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return &kTeachingWideKernels16;
  if (width == 8) return &kTeachingWideKernels8;
#endif
  return &kTeachingWideKernels4;
}

}  // namespace tonewright
