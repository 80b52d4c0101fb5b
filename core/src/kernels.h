// The inner loops, compiled three times (16, 8 and 4 floats wide); the widest that this CPU runs is chosen once.
#pragma once

#include <cstddef>
#include <vector>

namespace tonewright {

// Rows of samples, one per channel: rows[channel * stride + sample]. Rows may be read and written up to the next
// multiple of kRowStep samples: what lies beyond the block is junk that nobody looks at.
struct Signal {
  float* rows = nullptr;
  std::size_t stride = 0;
  int channels = 0;

  float* row(int channel) const { return rows + static_cast<std::size_t>(channel) * stride; }
};

constexpr int kRowStep = 16;    // samples
constexpr int kTileOutputs = 8;  // output channels that one pass of the convolution computes together

constexpr std::size_t padded(std::size_t samples) { return (samples + kRowStep - 1) / kRowStep * kRowStep; }

// y[o][t] = bias[o] + sum over taps k and inputs i of weight[o][i][k] * x[i][t + k * dilation]
struct Convolution {
  int inputs = 0, outputs = 0, taps = 0, dilation = 1;
  std::vector<float> weights;  // [outputs / kTileOutputs][taps][inputs][kTileOutputs], zeros beyond the outputs
  std::vector<float> bias;     // [outputs, rounded up to kTileOutputs]
};

enum class Unary { kNone, kTanh, kSigmoid, kRelu, kLeakyRelu, kSoftsign, kNeg, kAbs, kExp, kLog, kSin, kGelu };
enum class Binary { kAdd, kSub, kMul, kDiv, kPow, kMaximum, kMinimum };

// What a convolution does to its result before it is stored: add another sound, then bend it.
struct Finish {
  Signal addend;  // rows is nullptr when there is none
  Unary activation = Unary::kNone;
  float slope = 0.0f;
};

struct Kernels {
  int width;  // floats that one instruction works on
  void (*convolve)(const Convolution& c, Signal x, Signal y, const Finish& finish, int frames);
  void (*unary)(Unary op, float slope, Signal x, Signal y, int frames);
  // An operand of one channel goes with every channel of the other.
  void (*binary)(Binary op, Signal a, Signal b, Signal y, int frames);
};

// The widest of the three that this CPU can run. [any thread]
const Kernels& kernels() noexcept;
// That of a given width, or nullptr where it cannot run; for tests.
const Kernels* kernels_of_width(int width) noexcept;

extern const Kernels kKernels16, kKernels8, kKernels4;

}  // namespace tonewright
