// The inner loops of products of matrices and of teaching a GRU, compiled three times (16, 8 and 4 floats wide) as
// those of kernels.h are.
#pragma once

#include <cstddef>

#include "lines.h"

namespace tonewright {

// Any matrix in memory: element [i][j] is at[i * row + j * column].
struct Matrix {
  const float* at = nullptr;
  std::ptrdiff_t row = 0, column = 1;

  Matrix turned() const { return {at, column, row}; }
};

// The right side of a product, [depth, columns], in the order that the kernel of one width reads it.
struct Panels {
  std::size_t depth = 0, columns = 0;
  std::size_t width = 0;  // of all panels: columns, and zeros up to a whole panel
  Floats floats;          // [panel][depth][its columns]
};

// A GRU as torch keeps it; the gates are r, z, n, [batch][samples][3 hidden].
struct GruShape {
  std::size_t batch = 0, samples = 0, hidden = 0;
};

struct ProductKernels {
  int width;  // floats that one instruction works on

  // to [m, n], rows `stride` apart: left [m, k] times right [k, n], added to what is there if `add`. Takes memory, and
  // so throws std::bad_alloc, as all of these do. [any thread]
  void (*multiply)(Matrix left, Matrix right, std::size_t m, std::size_t k, std::size_t n, float* to, std::size_t stride,
                   bool add);
  // gates: what came of the input, without biases; they become r, z and n. bias [4 hidden]: of r, z, n, and of what n
  // hears of the past. first [batch, hidden] is h before the first sample, y [batch, samples, hidden] h after each, and
  // late, of the same size, what n hears of the past before r scales it. [any thread]
  void (*gru)(const GruShape& shape, float* gates, Matrix weight_hh, const float* bias, const float* first, float* y,
              float* late);
  // gates, y, late: as `gru` left them. dy and d_last [batch, hidden]: by how much what is to be made small changes with
  // y, and with h after the last sample; d_last becomes that with `first`. slopes [batch, samples, 4 hidden]: that with
  // what goes into n, r, z, and into n from the past. [any thread]
  void (*gru_back)(const GruShape& shape, const float* gates, Matrix weight_hh, const float* first, const float* y,
                   const float* late, const float* dy, float* d_last, float* slopes);
};

// The widest that this CPU runs, or that of a width; nullptr where it cannot. [any thread]
const ProductKernels* product_kernels(int width = 0) noexcept;

extern const ProductKernels kProductKernels16, kProductKernels8, kProductKernels4;

}  // namespace tonewright
