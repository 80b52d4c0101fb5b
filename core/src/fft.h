// The spectrum of a real frame, for products of spectra: a transform of our own, in float, of powers of two.
#pragma once

#include "fft_kernels.h"

namespace tonewright {

// A frame of 2 * half samples has `half` complex numbers for a spectrum: those at odd multiples of half a bin,
// X[k] = sum over n of x[n] e^(-i pi (4 k - 1) n / (2 half)). None of them is real, as the first and last of the usual
// spectrum are, so that products need no exception. Products of spectra make the product of frames in which what runs
// over the end comes back at the beginning with the other sign; where the second frame has zeros in its later half,
// the later half of the result is not touched by that.
//
// Source: the transform at odd frequencies (Bonnerot and Bellanger, "Odd-time odd-frequency discrete Fourier transform
// for symmetric real-valued series", 1976), with the two halves of a frame as real and imaginary parts.
class Fft {
 public:
  // `half` is a power of two, at least kRowStep. Allocates. [main thread]
  explicit Fft(std::size_t half);

  std::size_t half() const { return half_; }
  // 2 * half samples to `half` real parts and as many imaginary ones behind them. [audio thread]
  void forward(const float* frame, float* spectrum) noexcept;
  // The later `half` samples of the frame that has this spectrum, which is overwritten. [audio thread]
  void late(float* spectrum, float* samples) noexcept;

 private:
  std::size_t half_;
  const FftKernels& kernels_;
  FftPlan plan_;
  Floats cos_, sin_;  // of pi n / (2 half)
  Floats other_;
};

}  // namespace tonewright
