// Every kernel width gives what the plainest loop gives, for every shape; and activations are what the library says.
#include <algorithm>

#include "check.h"
#include "kernels.h"

using namespace tonewright;

namespace {

constexpr int kFrames = 77;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Rows of noise with room on both sides.
struct Noise {
  std::vector<float> samples;
  Signal signal;

  Noise(Random& random, int channels, int frames) {
    const std::size_t stride = padded(at(frames)) + 2 * kRowStep;
    samples = random.noise(stride * at(channels));
    signal = {samples.data(), stride, channels};
  }
};

// A convolution as the kernels want it, and as it is written on paper.
struct Example {
  struct Term {
    Noise x;
    std::vector<float> weights;  // [output][input][tap]
  };
  Convolution packed;
  std::vector<int> order;  // the output that each packed row makes, or -1
  std::vector<Term> terms;
  std::vector<Signal> sources;

  Example(Random& random, const Kernels& kernels, int outputs, bool gated) {
    packed.tile = kernels.tile(outputs, gated);
    arrange(outputs, gated);
    packed.outputs = gated ? static_cast<int>(order.size()) : outputs;
    for (int o : order) packed.bias.push_back(o < 0 ? 0.0f : random.uniform());
  }

  void add(Random& random, int inputs, int taps, int dilation, int outputs) {
    packed.terms.push_back({inputs, taps, dilation});
    packed.tile_size += at(inputs * taps * packed.tile);
    terms.push_back({Noise(random, inputs, kFrames + taps * dilation), random.noise(at(outputs * inputs * taps))});
  }

  void pack() {
    for (std::size_t first = 0; first < order.size(); first += at(packed.tile))
      for (std::size_t i = 0; i < terms.size(); ++i) pack_term(first, i);
    for (const Term& term : terms) sources.push_back(term.x.signal);
  }

  double output(int o, int t) const {
    const auto row = std::find(order.begin(), order.end(), o) - order.begin();
    double sum = packed.bias[static_cast<std::size_t>(row)];
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const Convolution::Term& shape = packed.terms[i];
      for (int input = 0; input < shape.inputs; ++input)
        for (int k = 0; k < shape.taps; ++k)
          sum += static_cast<double>(terms[i].weights[at((o * shape.inputs + input) * shape.taps + k)]) *
                 terms[i].x.signal.row(input)[t + k * shape.dilation];
    }
    return sum;
  }

 private:
  void arrange(int outputs, bool gated) {
    const int made = gated ? outputs / 2 : outputs, step = gated ? packed.tile / 2 : packed.tile;
    for (int first = 0; first < made; first += step)
      for (int side = 0; side < (gated ? 2 : 1); ++side)
        for (int o = first; o < first + step; ++o) order.push_back(o < made ? o + side * made : -1);
  }

  void pack_term(std::size_t first, std::size_t i) {
    const Convolution::Term& shape = packed.terms[i];
    for (int k = 0; k < shape.taps; ++k)
      for (int input = 0; input < shape.inputs; ++input)
        for (std::size_t row = first; row < first + at(packed.tile); ++row)
          packed.weights.push_back(order[row] < 0 ? 0.0f : terms[i].weights[at((order[row] * shape.inputs + input) * shape.taps + k)]);
  }
};

// The same convolution in tiles of another size, as a mix wants it.
Convolution repacked(Example& example, int tile) {
  Example other = example;
  other.packed.tile = tile;
  other.packed.tile_size = at(example.packed.terms[0].inputs * tile);
  other.packed.weights.clear();
  other.order.resize(at((example.packed.outputs + tile - 1) / tile * tile));
  for (std::size_t o = 0; o < other.order.size(); ++o) other.order[o] = o < at(example.packed.outputs) ? static_cast<int>(o) : -1;
  other.packed.bias.resize(other.order.size(), 0.0f);
  other.pack();
  return other.packed;
}

double bent(double v, Unary op) {
  return op == Unary::kSoftsign ? v / (1.0 + std::fabs(v)) : op == Unary::kTanh ? std::tanh(v) : v;
}

// Any shape, with everything that a convolution may take over.
void convolutions(const Kernels& kernels) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    const bool gated = random.below(3) == 0, adds = !gated && random.below(2), sums = random.below(2), mixes = random.below(2);
    const int outputs = (1 + random.below(17)) * (gated ? 2 : 1), made = gated ? outputs / 2 : outputs;
    const int frames = 1 + random.below(kFrames), mixed = 1 + random.below(17);
    Example x(random, kernels, outputs, gated), mix(random, kernels, mixed, false);
    for (int terms = 1 + random.below(3); terms > 0; --terms)
      x.add(random, 1 + random.below(19), 1 + random.below(5), 1 + random.below(9), outputs);
    x.pack();
    Noise y(random, made, kFrames), addend(random, made, kFrames), before(random, made, kFrames), after(random, made, kFrames);
    Noise residual(random, mixed, kFrames), out(random, mixed, kFrames);
    Finish finish;
    finish.activation = gated ? Unary::kTanh : mixes ? Unary::kTanh : random.below(2) ? Unary::kSoftsign : Unary::kNone;
    if (gated) finish.gate = Unary::kSigmoid;
    if (adds) finish.addend = &addend.signal;
    if (sums) {
      finish.sum_before = &before.signal;
      finish.sum_after = &after.signal;
    }
    mix.add(random, made, 1, 1, mixed);
    mix.packed = repacked(mix, x.packed.tile);
    const Mix behind{&mix.packed, &residual.signal, &out.signal};
    const bool keeps = !mixes || random.below(2);
    kernels.convolve(x.packed, x.sources.data(), keeps ? y.signal : Signal{nullptr, 0, made}, finish, mixes ? &behind : nullptr, frames);
    for (int t = 0; t < frames; ++t) {
      std::vector<double> z(at(made));
      for (int o = 0; o < made; ++o) {
        double value = x.output(o, t) + (adds ? addend.signal.row(o)[t] : 0.0);
        value = bent(value, finish.activation);
        if (gated) value /= 1.0 + std::exp(-x.output(o + made, t));
        z[at(o)] = value;
        if (keeps) CHECK(std::fabs(value - y.signal.row(o)[t]) < 3e-5);
        if (sums) CHECK(std::fabs(value + before.signal.row(o)[t] - after.signal.row(o)[t]) < 3e-5);
      }
      for (int o = 0; mixes && o < mixed; ++o) {
        double value = mix.packed.bias[at(o)] + static_cast<double>(residual.signal.row(o)[t]);
        for (int i = 0; i < made; ++i) value += static_cast<double>(mix.terms[0].weights[at(o * made + i)]) * z[at(i)];
        CHECK(std::fabs(value - out.signal.row(o)[t]) < 5e-5);
      }
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
  CHECK(worst(Unary::kTanh, [](double v) { return std::tanh(v); }) < 7e-7);
  CHECK(worst(Unary::kSigmoid, [](double v) { return 1.0 / (1.0 + std::exp(-v)); }) < 3e-7);
  CHECK(worst(Unary::kExp, [](double v) { return std::exp(v); }) < 1e-6);
  CHECK(worst(Unary::kLeakyRelu, [](double v) { return v > 0 ? v : 0.01 * v; }) < 1e-7);
  CHECK(worst(Unary::kSoftsign, [](double v) { return v / (1.0 + std::fabs(v)); }) < 3e-7);
  CHECK(worst(Unary::kGelu, [](double v) { return 0.5 * v * (1.0 + std::erf(v / std::sqrt(2.0))); }) < 1e-6);
  CHECK(worst(Unary::kRelu, [](double v) { return v > 0 ? v : 0.0; }) == 0.0);
}

std::vector<float> bent(const Kernels& kernels, Unary op, std::vector<float> x) {
  const std::size_t count = x.size();
  x.resize(padded(count));
  kernels.unary(op, 0.0f, {x.data(), x.size(), 1}, {x.data(), x.size(), 1}, static_cast<int>(count));
  x.resize(count);
  return x;
}

// From the smallest ordinary number to the largest, and densely around 1, where the logarithm is small.
void logarithms(const Kernels& kernels) {
  std::vector<float> x;
  for (int i = 0; i <= 100000; ++i) {
    x.push_back(static_cast<float>(std::exp2(-126.0 + i * (253.99 / 100000.0))));
    x.push_back(0.6f + static_cast<float>(i) * 1e-5f);
  }
  const std::vector<float> y = bent(kernels, Unary::kLog, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::log(static_cast<double>(x[i]));
    CHECK(std::fabs(y[i] - exact) <= 1.5e-7 * std::fabs(exact));
  }
  const std::vector<float> edges = bent(kernels, Unary::kLog, {0.0f, -0.0f, -1.0f, -INFINITY, INFINITY, NAN, 1.0f});
  CHECK(edges[0] == -INFINITY && edges[1] == -INFINITY && edges[4] == INFINITY && edges[6] == 0.0f);
  for (std::size_t i : {2, 3, 5}) CHECK(std::isnan(edges[i]));
}

void gelus(const Kernels& kernels) {
  std::vector<float> x;
  for (int i = -200000; i <= 200000; ++i) x.push_back(static_cast<float>(i) * 5e-5f);
  for (float size = 1e-30f; size < 1e30f; size *= 1.7f) x.insert(x.end(), {size, -size});
  const std::vector<float> y = bent(kernels, Unary::kGelu, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = x[i], exact = 0.5 * v * std::erfc(-v / std::sqrt(2.0));
    CHECK(std::fabs(y[i] - exact) <= 4e-7 * std::max(1.0, std::fabs(v)));
    if (v < -5.2) CHECK(std::fabs(y[i] - exact) < 1e-6);
    if (std::fabs(v) < 1e-3) CHECK(std::fabs(y[i] - exact) <= 2e-7 * std::fabs(v));
  }
  const std::vector<float> edges = bent(kernels, Unary::kGelu, {INFINITY, -INFINITY, NAN, 0.0f});
  CHECK(edges[0] == INFINITY && std::fabs(edges[1]) < 1e-6f && std::isnan(edges[2]) && edges[3] == 0.0f);
}

}  // namespace

int main() {
  int tried = 0;
  for (int width : {16, 8, 4})
    if (const Kernels* found = kernels_of_width(width)) {
      convolutions(*found);
      activations(*found);
      logarithms(*found);
      gelus(*found);
      ++tried;
    }
  CHECK(tried >= 1);
  std::printf("graph: all is well at %d widths\n", tried);
}
