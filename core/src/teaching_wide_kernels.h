// Convolutions of many channels and their gradients, for teaching; compiled three times (16, 8 and 4 floats wide) as
// the loops of kernels.h are.
//
// There are two sounds: a fine one, and a coarse one with a sample for every `stride` of it. Coarse sample n and fine
// samples n * stride + k * dilation are heard through weights [coarse channels][fine channels][kernel]. `gather` makes
// the coarse sound of the fine one (a convolution, or the gradient of a transposed one), `spread` the fine of the
// coarse (a transposed convolution, or the gradient of a plain one), and `slopes` the weights' gradient of both.
#pragma once

#include <cstddef>

#include "lines.h"

namespace tonewright {

struct TeachingWideShape {
  std::size_t batch = 0, fine = 0, coarse = 0;  // items; channels
  std::size_t kernel = 1, stride = 1, dilation = 1;

  std::size_t span() const { return (kernel - 1) * dilation; }
};

// Channels of a batch; the samples of each lie side by side.
template <typename Sample>
struct Sounds {
  Sample* at = nullptr;
  std::ptrdiff_t item = 0, channel = 0;  // from one to the next
  std::size_t samples = 0;

  Sample* row(std::size_t b, std::size_t c) const {
    return at + static_cast<std::ptrdiff_t>(b) * item + static_cast<std::ptrdiff_t>(c) * channel;
  }
};

// What a convolution hears: so many samples of the past, then these, bent by a leaky ReLU. Silence after them, and in
// the past where that is nowhere.
struct Heard {
  Sounds<const float> now, past;
  std::size_t before = 0;  // samples of the past
  float slope = 1.0f;      // of the leaky ReLU, which is none at 1; the past has been bent already

  std::size_t samples() const { return before + now.samples; }
};

// What is made is multiplied by the slope that a leaky ReLU of slope `slope` has at this sound, if that is somewhere.
struct Bent {
  Sounds<const float> at;
  float slope = 1.0f;
};

// All of them take memory, and so throw std::bad_alloc. [any thread]
struct TeachingWideKernels {
  int width;  // floats that one instruction works on
  // to[b][m][n] = bias[m] + sum over c, k of weights[m][c][k] * fine[b][c][n * stride + k * dilation]
  void (*gather)(const TeachingWideShape& shape, const float* weights, const float* bias, const Heard& fine, const Bent& bent,
                 Sounds<float> to);
  // to[b][c][n * stride + k * dilation - skip] gets, beside its bias[c], weights[m][c][k] * coarse[b][m][n] of every
  // m, n and k.
  void (*spread)(const TeachingWideShape& shape, const float* weights, const float* bias, const Heard& coarse, std::size_t skip,
                 const Bent& bent, Sounds<float> to);
  // to[m][c][k] = sum over b, n of coarse[b][m][n] * fine[b][c][n * stride + k * dilation]
  void (*slopes)(const TeachingWideShape& shape, const Heard& fine, const Heard& coarse, float* to);
};

// The widest that this CPU runs, or that of a width; nullptr where it cannot. [any thread]
const TeachingWideKernels* teaching_wide_kernels(int width = 0) noexcept;

extern const TeachingWideKernels kTeachingWideKernels16, kTeachingWideKernels8, kTeachingWideKernels4;

}  // namespace tonewright
