// The inner loops of fft.h and long_fir.h, compiled three times (16, 8 and 4 floats wide) as those of kernels.h are.
#pragma once

#include <cstddef>

#include "lines.h"

namespace tonewright {

// Complex numbers, their parts in two rows.
struct Parts {
  float *re = nullptr, *im = nullptr;
};

// How a transform of rows * columns numbers goes: its rows first, then its columns.
struct FftPlan {
  std::size_t rows = 1, columns = 1;
  int passes = 0;  // each writes what it makes into the other of two buffers
  // Of the passes over the rows, then of those over the columns: for each power w of a root, w, w^2 and w^3 of a pass
  // by four and w of a pass by two, as re, im.
  Floats turns;
  Floats between_re, between_im;  // [rows, columns], what stands between the two
};

struct FftKernels {
  int width;
  // X[k] = sum over n of x[n] e^(-2 pi i k n / size). x and `other` are overwritten; returns the one that holds X.
  Parts (*transform)(const FftPlan& plan, Parts x, Parts other);
  // sum += a * b, each a row of `count` real parts and then as many imaginary ones; count is a multiple of kRowStep.
  void (*add_product)(const float* a, const float* b, float* sum, std::size_t count);
  // y[t] = sum over k < taps of response[k] * x[t - k]; x and y may be used up to the next multiple of kRowStep.
  void (*direct)(const float* response, int taps, const float* x, float* y, int frames);
};

extern const FftKernels kFftKernels16, kFftKernels8, kFftKernels4;

// The kernels of that width. [any thread]
const FftKernels& fft_kernels(int width) noexcept;

}  // namespace tonewright
