// Products of matrices, tile by tile: the sums of a tile stay in registers while a panel of the right side, which is
// read from one end to the other, and some rows of the left pass by. Included after vector.inl.
//
// Source: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008.

#include <algorithm>

#include "product_kernels.h"

namespace tonewright {
namespace {

// AVX-512 has 32 registers, the others 16.
constexpr std::size_t kTileRows = kWidth == 16 ? 8 : 6, kTileVectors = kWidth == 16 ? 3 : 2;
constexpr std::size_t kTileColumns = kTileVectors * kWidth;
constexpr std::size_t kDepth = 256;    // of a panel: most of it stays in the nearest cache while rows pass by
constexpr std::size_t kManyRows = 96;  // of the left side that are packed at once; a multiple of each kTileRows

std::size_t in_whole(std::size_t count, std::size_t step) { return (count + step - 1) / step * step; }

// A tile of `to`: kTileRows rows of the left side, whose elements are `row` and `column` apart, times a panel.
inline void tile(const float* left, std::ptrdiff_t row, std::ptrdiff_t column, const float* panel, std::size_t depth,
                 float* to, std::size_t stride, bool add) {
  Vector sums[kTileRows][kTileVectors] = {};
  for (; depth > 0; --depth, panel += kTileColumns, left += column) {
    Vector right[kTileVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kTileVectors; ++v) right[v] = load(panel + v * kWidth);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const Vector x = all(left[static_cast<std::ptrdiff_t>(r) * row]);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kTileVectors; ++v) sums[r][v] += x * right[v];
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kTileRows; ++r)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      float* at = to + r * stride + v * kWidth;
      store(at, add ? sums[r][v] + load(at) : sums[r][v]);
    }
}

// Rows first to first + depth of the right side, panel after panel.
inline void pack_right(Matrix right, std::size_t first, std::size_t depth, std::size_t columns, float* to) {
  for (std::size_t panel = 0; panel < columns; panel += kTileColumns) {
    const std::size_t count = std::min(kTileColumns, columns - panel);
    for (std::size_t k = 0; k < depth; ++k, to += kTileColumns) {
      const float* from = right.at + static_cast<std::ptrdiff_t>(first + k) * right.row +
                          static_cast<std::ptrdiff_t>(panel) * right.column;
      for (std::size_t c = 0; c < count; ++c) to[c] = from[static_cast<std::ptrdiff_t>(c) * right.column];
      std::fill(to + count, to + kTileColumns, 0.0f);
    }
  }
}

// Some rows of the left side, tile after tile, each [depth][kTileRows].
inline void pack_left(Matrix left, std::size_t rows, std::size_t depth, float* to) {
  for (std::size_t tile = 0; tile < rows; tile += kTileRows, to += kTileRows * depth) {
    const std::size_t count = std::min(kTileRows, rows - tile);
    const float* from = left.at + static_cast<std::ptrdiff_t>(tile) * left.row;
    if (count < kTileRows) std::fill_n(to, kTileRows * depth, 0.0f);
    for (std::size_t k = 0; k < depth; ++k, from += left.column)
      if (count == kTileRows)
#pragma GCC unroll 8
        for (std::size_t r = 0; r < kTileRows; ++r) to[k * kTileRows + r] = from[static_cast<std::ptrdiff_t>(r) * left.row];
      else
        for (std::size_t r = 0; r < count; ++r) to[k * kTileRows + r] = from[static_cast<std::ptrdiff_t>(r) * left.row];
  }
}

// A tile at the edge, of which only so many rows and columns are wanted.
inline void edge(const float* left, const float* panel, std::size_t depth, float* to, std::size_t stride, bool add,
                 std::size_t rows, std::size_t columns) {
  alignas(64) float made[kTileRows * kTileColumns];
  tile(left, 1, kTileRows, panel, depth, made, kTileColumns, false);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      to[r * stride + c] = made[r * kTileColumns + c] + (add ? to[r * stride + c] : 0.0f);
}

void multiply(Matrix left, Matrix right, std::size_t m, std::size_t k, std::size_t n, float* to, std::size_t stride,
              bool add) {
  if (k == 0 && !add)
    for (std::size_t r = 0; r < m; ++r) std::fill_n(to + r * stride, n, 0.0f);
  Floats panels(in_whole(n, kTileColumns) * std::min(k, kDepth)), rows(kManyRows * std::min(k, kDepth));
  for (std::size_t first = 0; first < k; first += kDepth) {
    const std::size_t depth = std::min(kDepth, k - first);
    pack_right(right, first, depth, n, panels.data());
    for (std::size_t block = 0; block < m; block += kManyRows) {
      const std::size_t count = std::min(kManyRows, m - block);
      const Matrix some{left.at + static_cast<std::ptrdiff_t>(block) * left.row + static_cast<std::ptrdiff_t>(first) * left.column,
                        left.row, left.column};
      pack_left(some, count, depth, rows.data());
      for (std::size_t c = 0; c < n; c += kTileColumns)
        for (std::size_t r = 0; r < count; r += kTileRows) {
          const float *x = rows.data() + r * depth, *panel = panels.data() + c * depth;
          float* made = to + (block + r) * stride + c;
          if (count - r >= kTileRows && n - c >= kTileColumns)
            tile(x, 1, kTileRows, panel, depth, made, stride, add || first > 0);
          else
            edge(x, panel, depth, made, stride, add || first > 0, std::min(kTileRows, count - r), std::min(kTileColumns, n - c));
        }
    }
  }
}

inline Panels panels_of(Matrix right, std::size_t depth, std::size_t columns) {
  Panels made{depth, columns, in_whole(columns, kTileColumns), {}};
  made.floats.resize(depth * made.width);
  pack_right(right, 0, depth, columns, made.floats.data());
  return made;
}

// Few rows, in whole tiles, times panels that are used again and again: each is read once.
inline void multiply_few(const float* left, std::size_t rows, const Panels& right, float* to) {
  for (std::size_t c = 0; c < right.width; c += kTileColumns) {
    const float* panel = right.floats.data() + c * right.depth;
    for (std::size_t first = 0; first < right.depth; first += kDepth)
      for (std::size_t r = 0; r < rows; r += kTileRows)
        tile(left + r * right.depth + first, static_cast<std::ptrdiff_t>(right.depth), 1, panel + first * kTileColumns,
             std::min(kDepth, right.depth - first), to + r * right.width + c, right.width, first > 0);
  }
}

}  // namespace
}  // namespace tonewright
