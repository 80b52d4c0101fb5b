// A convolution of many channels and few frames, or with a step between its frames: see wide_kernels.h.
#pragma once

#include "wide_kernels.h"

namespace tonewright {

class Wide {
 public:
  struct Term {
    int inputs = 0, taps = 1, dilation = 1;
    const float* weight = nullptr;  // [lane][input][tap]
  };

  // How frames follow each other, and the leaky ReLU that x goes through first: as in WideConvolution.
  struct Manner {
    int step = 1, spread = 1;
    float slope = 1.0f;
  };

  // Copies the weights; bias [lanes]. [main thread]
  Wide(const std::vector<Term>& terms, const float* bias, int lanes, Manner manner);
  // Allocates for up to `frames` frames. [main thread]
  void prepare(int frames);

  // As WideKernels::play, and finishes whatever there is to finish. [audio thread]
  void process(const Signal* sources, const Finish& finish, const Signal& y, int frames) noexcept;

 private:
  void pack(const std::vector<Term>& terms, int width);

  WideConvolution c_;
  const WideKernels& kernels_;
  Floats heard_;
};

}  // namespace tonewright
