// The tile that all three kinds of wide convolutions are made of: a few rows of weights (or of a sound) times a few
// vectors, whose sums stay in registers. Included after vector.inl.

#include <algorithm>

#include "teaching_wide_kernels.h"

namespace tonewright {
namespace {

// AVX-512 has 32 registers, the others 16.
constexpr std::size_t kTileRows = kWidth == 16 ? 8 : 4, kTileVectors = kWidth == 4 ? 2 : 3;

constexpr std::size_t ceiling(std::size_t count, std::size_t step) { return (count + step - 1) / step; }

// What a tap adds to the places of a channel's weight and of its samples.
struct Tap {
  std::ptrdiff_t left = 0, right = 0;
};

// What all tiles of a pass share: sums over `depth` channels and their taps.
struct Pass {
  std::ptrdiff_t left_row = 0, left_step = 0, right_step = 0;  // to the next row, and to the next channel
  const Tap* taps = nullptr;
  std::size_t count = 0, depth = 0;  // taps; channels
  bool add = false;                  // to the sums that are there
};

// Where the sums of a tile go, their vectors side by side.
struct Target {
  float* at = nullptr;
  std::ptrdiff_t row = 0;
  const float* bias = nullptr;  // of the rows; where the sums begin, nothing when there is none
  const float* bent = nullptr;  // where it is not above zero, the sums are multiplied by `slope`
  std::ptrdiff_t bent_row = 0;
  float slope = 1.0f;

  Target below(std::size_t rows) const {
    const auto down = static_cast<std::ptrdiff_t>(rows);
    return {at + down * row, row, bias ? bias + rows : nullptr, bent ? bent + down * bent_row : nullptr, bent_row, slope};
  }
};

template <std::size_t Rows, std::size_t Vectors>
void tile(const Pass& pass, const float* left, const float* const* right, const Target& to) {
  Vector sums[Rows][Vectors] = {};
  if (to.bias)
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] = all(to.bias[r]);
  // What the sums meet in the end is on its way meanwhile.
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      const auto down = static_cast<std::ptrdiff_t>(r);
      __builtin_prefetch(to.at + down * to.row + v * kWidth, 1);
      if (to.bent) __builtin_prefetch(to.bent + down * to.bent_row + v * kWidth);
    }
  const std::ptrdiff_t row = pass.left_row;
  const float* at[Vectors];
#pragma GCC unroll 4
  for (std::size_t v = 0; v < Vectors; ++v) at[v] = right[v];
  for (std::size_t c = pass.depth; c > 0; --c) {
    for (const Tap *tap = pass.taps, *end = tap + pass.count; tap < end; ++tap) {
      Vector in[Vectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Vectors; ++v) in[v] = load(at[v] + tap->right);
      const float* weight = left + tap->left;
#pragma GCC unroll 8
      for (std::size_t r = 0; r < Rows; ++r) {
        const Vector w = all(weight[static_cast<std::ptrdiff_t>(r) * row]);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) sums[r][v] += w * in[v];
      }
    }
    left += pass.left_step;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) at[v] += pass.right_step;
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < Rows; ++r) {
    const auto down = static_cast<std::ptrdiff_t>(r);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      float* out = to.at + down * to.row + v * kWidth;
      Vector sum = sums[r][v];
      if (pass.add) sum += load(out);
      if (to.bent) sum = load(to.bent + down * to.bent_row + v * kWidth) > 0.0f ? sum : to.slope * sum;
      store(out, sum);
    }
  }
}

template <std::size_t Rows>
void rows_of(const Pass& pass, const float* left, const float* const* right, std::size_t vectors, const Target& to) {
  if (vectors == 1) return tile<Rows, 1>(pass, left, right, to);
  if (vectors == 2 || kTileVectors == 2) return tile<Rows, 2>(pass, left, right, to);
  tile<Rows, kTileVectors>(pass, left, right, to);
}

// A tile of up to so many rows and vectors.
void tiles(const Pass& pass, const float* left, const float* const* right, std::size_t rows, std::size_t vectors,
           const Target& to) {
  if (rows >= kTileRows) return rows_of<kTileRows>(pass, left, right, vectors, to);
  for (std::size_t done = 0; done < rows;) {
    const std::size_t some = rows - done >= 4 ? 4 : rows - done >= 2 ? 2 : 1;
    const float* from = left + static_cast<std::ptrdiff_t>(done) * pass.left_row;
    const Target out = to.below(done);
    if (some == 4)
      rows_of<4>(pass, from, right, vectors, out);
    else if (some == 2)
      rows_of<2>(pass, from, right, vectors, out);
    else
      rows_of<1>(pass, from, right, vectors, out);
    done += some;
  }
}

// How many of `left` vectors the next tile takes: never so that one vector remains alone.
constexpr std::size_t next_vectors(std::size_t left) {
  if (left == kTileVectors + 1 && kTileVectors > 2) return 2;
  return std::min(left, kTileVectors);
}

}  // namespace
}  // namespace tonewright
