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

constexpr int kRowStep = 16;  // samples

constexpr std::size_t padded(std::size_t samples) { return (samples + kRowStep - 1) / kRowStep * kRowStep; }

enum class Unary { kNone, kTanh, kSigmoid, kRelu, kLeakyRelu, kSoftsign, kNeg, kAbs, kExp, kLog, kSin, kGelu };
enum class Binary { kAdd, kSub, kMul, kDiv, kPow, kMaximum, kMinimum };

// y[o][t] = bias[o] + sum over terms, their taps k and their inputs i of weight[o][i][k] * x[i][t + k * dilation],
// where each term has its own x.
struct Convolution {
  struct Term {
    int inputs = 0, taps = 1, dilation = 1;
  };
  int outputs = 0;
  int tile = 1;  // outputs that are computed together, as Kernels::tile chose
  std::vector<Term> terms;
  std::size_t tile_size = 0;   // weights of a tile
  std::vector<float> weights;  // [outputs / tile][term][tap][input][tile], zeros beyond the outputs
  std::vector<float> bias;     // [outputs, rounded up to the tile]
};

// What a convolution does to its results before they are stored: adds another sound, then bends them.
struct Finish {
  const Signal* addend = nullptr;
  Unary activation = Unary::kNone;
  float slope = 0.0f;
  // With a gate, the first half of each tile is bent by `activation`, the second by `gate`, and their product is
  // what comes out: half as many channels, nothing added.
  Unary gate = Unary::kNone;
  const Signal *sum_before = nullptr, *sum_after = nullptr;  // sum_after = sum_before + what comes out
};

// A convolution of one tap that hears what another one makes, in the same tile.
struct Mix {
  const Convolution* convolution = nullptr;
  const Signal *addend = nullptr, *y = nullptr;
};
constexpr int kMaxMix = 64;  // channels between the two

struct Kernels {
  int width;  // floats that one instruction works on
  // Outputs to compute together in a convolution that has so many.
  int (*tile)(int outputs, bool gated);
  // sources[i] is the x of term i, from the sample that its oldest tap meets on. With a mix (in tiles of the same size)
  // y may have no rows, when nobody else hears it.
  void (*convolve)(const Convolution& c, const Signal* sources, const Signal& y, const Finish& finish,
                   const Mix* mix, int frames);
  void (*unary)(Unary op, float slope, Signal x, Signal y, int frames);
  // An operand of one channel goes with every channel of the other.
  void (*binary)(Binary op, Signal a, Signal b, Signal y, int frames);
};

// What a convolution bends in its registers; any other activation is a second pass over its output, and cannot have a
// mix behind it.
constexpr bool bends_in_registers(Unary activation) {
  return activation == Unary::kNone || activation == Unary::kTanh || activation == Unary::kLeakyRelu;
}
constexpr bool can_gate(Unary a, Unary b) { return a == Unary::kTanh && b == Unary::kSigmoid; }

// The widest of the three that this CPU can run, or less when TONEWRIGHT_WIDTH says so. [any thread]
const Kernels& kernels() noexcept;
// That of a given width, or nullptr where it cannot run; for tests.
const Kernels* kernels_of_width(int width) noexcept;

extern const Kernels kKernels16, kKernels8, kKernels4;

}  // namespace tonewright
