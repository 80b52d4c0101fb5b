// Every kernel width gives what the plainest loop gives, for every shape; and activations are what the library says.
#include <algorithm>

#include "check.h"
#include "kernels.h"

using namespace tonewright;

namespace {

constexpr int kFrames = 77;

Convolution random_convolution(Random& random, int inputs, int outputs, int taps, int dilation,
                               std::vector<float>& plain) {
  Convolution c{inputs, outputs, taps, dilation, {}, {}};
  const int tiles = (outputs + kTileOutputs - 1) / kTileOutputs;
  c.weights.assign(static_cast<std::size_t>(tiles * taps * inputs * kTileOutputs), 0.0f);
  c.bias.assign(static_cast<std::size_t>(tiles * kTileOutputs), 0.0f);
  plain = random.noise(static_cast<std::size_t>(outputs * inputs * taps));
  for (int o = 0; o < outputs; ++o) {
    c.bias[static_cast<std::size_t>(o)] = random.uniform();
    for (int i = 0; i < inputs; ++i)
      for (int k = 0; k < taps; ++k)
        c.weights[static_cast<std::size_t>(((o / kTileOutputs * taps + k) * inputs + i) * kTileOutputs + o % kTileOutputs)] =
            plain[static_cast<std::size_t>((o * inputs + i) * taps + k)];
  }
  return c;
}

void convolutions(const Kernels& kernels) {
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    const int inputs = 1 + random.below(19), outputs = 1 + random.below(19), taps = 1 + random.below(6);
    const int dilation = 1 + random.below(9), frames = 1 + random.below(kFrames);
    std::vector<float> plain;
    const Convolution c = random_convolution(random, inputs, outputs, taps, dilation, plain);
    const std::size_t stride = padded(kFrames + static_cast<std::size_t>((taps - 1) * dilation)) + kRowStep;
    std::vector<float> x = random.noise(stride * static_cast<std::size_t>(inputs));
    std::vector<float> y(stride * static_cast<std::size_t>(outputs), 0.0f);
    std::vector<float> other = random.noise(y.size());
    Finish finish;
    const bool adds = random.below(2) != 0, bends = random.below(2) != 0;
    if (adds) finish.addend = {other.data(), stride, outputs};
    if (bends) finish.activation = Unary::kSoftsign;
    kernels.convolve(c, {x.data(), stride, inputs}, {y.data(), stride, outputs}, finish, frames);
    for (int o = 0; o < outputs; ++o)
      for (int t = 0; t < frames; ++t) {
        double sum = c.bias[static_cast<std::size_t>(o)];
        for (int i = 0; i < inputs; ++i)
          for (int k = 0; k < taps; ++k)
            sum += static_cast<double>(plain[static_cast<std::size_t>((o * inputs + i) * taps + k)]) *
                   x[static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(t + k * dilation)];
        if (adds) sum += other[static_cast<std::size_t>(o) * stride + static_cast<std::size_t>(t)];
        if (bends) sum /= 1.0 + std::fabs(sum);
        CHECK(std::fabs(sum - y[static_cast<std::size_t>(o) * stride + static_cast<std::size_t>(t)]) < 2e-5);
      }
  }
}

void activations(const Kernels& kernels) {
  constexpr int kCount = 4096;
  std::vector<float> x(kCount + kRowStep), y(kCount + kRowStep);
  for (int i = 0; i < kCount; ++i) x[static_cast<std::size_t>(i)] = 24.0f * static_cast<float>(i - kCount / 2) / kCount;
  const auto worst = [&](Unary op, double (*exact)(double)) {
    kernels.unary(op, 0.01f, {x.data(), x.size(), 1}, {y.data(), y.size(), 1}, kCount);
    double most = 0.0;
    for (std::size_t i = 0; i < kCount; ++i)
      most = std::max(most, std::fabs(y[i] - exact(x[i])) / std::max(1.0, std::fabs(exact(x[i]))));
    return most;
  };
  CHECK(worst(Unary::kTanh, [](double v) { return std::tanh(v); }) < 3e-7);
  CHECK(worst(Unary::kSigmoid, [](double v) { return 1.0 / (1.0 + std::exp(-v)); }) < 3e-7);
  CHECK(worst(Unary::kExp, [](double v) { return std::exp(v); }) < 1e-6);
  CHECK(worst(Unary::kLeakyRelu, [](double v) { return v > 0 ? v : 0.01 * v; }) < 1e-7);
  CHECK(worst(Unary::kSoftsign, [](double v) { return v / (1.0 + std::fabs(v)); }) < 3e-7);
  CHECK(worst(Unary::kGelu, [](double v) { return 0.5 * v * (1.0 + std::erf(v / std::sqrt(2.0))); }) < 1e-6);
  CHECK(worst(Unary::kRelu, [](double v) { return v > 0 ? v : 0.0; }) == 0.0);
}

}  // namespace

int main() {
  int tried = 0;
  for (int width : {16, 8, 4})
    if (const Kernels* found = kernels_of_width(width)) {
      convolutions(*found);
      activations(*found);
      ++tried;
    }
  CHECK(tried >= 1);
  std::printf("graph: all is well at %d widths\n", tried);
}
