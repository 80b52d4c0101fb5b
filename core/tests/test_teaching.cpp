// Teaching against a plain WaveNet in double precision: equal answers, and gradients equal to differences of them.

#include "tonewright/teaching.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "check.h"

using tonewright::Bend;
using tonewright::WaveNetLesson;
using tonewright::WaveNetShape;

namespace {

using Numbers = std::vector<double>;
using Rows = std::vector<Numbers>;  // [channels][samples], all of them as long as the input

constexpr int kWidths[] = {16, 8, 4};
constexpr float kScale = 0.5f;

double softsign(double x) { return x / (1 + std::fabs(x)); }

double bent(Bend bend, double a, double b) {
  switch (bend) {
    case Bend::kLinear: return a;
    case Bend::kTanh: return std::tanh(a);
    case Bend::kRelu: return std::max(a, 0.0);
    case Bend::kLeakyRelu: return a > 0 ? a : 0.01 * a;
    case Bend::kSigmoid: return 1 / (1 + std::exp(-a));
    case Bend::kSoftsign: return softsign(a);
    case Bend::kGated: return std::tanh(a) / (1 + std::exp(-b));
    case Bend::kSoftGated: return softsign(a) * softsign(b);
  }
  return 0;
}

// A causal WaveNet, sample by sample, with silence before the first.
class Plain {
 public:
  Plain(const WaveNetShape& shape, const Numbers& weights) : shape_(shape), next_(weights.data()) {}

  Rows play(const Rows& condition) {
    Rows sound = condition, head;
    for (const auto& stack : shape_.stacks) {
      sound = convolve(sound, stack.channels, 1, 1, shape_.input_bias);
      Rows sum = head, joined;
      for (const auto& [kernel, dilation] : stack.layers) {
        const bool gated = stack.bend == Bend::kGated || stack.bend == Bend::kSoftGated;
        Rows made = convolve(sound, stack.channels * (gated ? 2 : 1), kernel, dilation, true);
        if (shape_.conditioned) made = added(made, convolve(condition, static_cast<int>(made.size()), 1, 1, false));
        Rows z(made.begin(), made.begin() + stack.channels);
        for (std::size_t c = 0; c < z.size(); ++c)
          for (std::size_t t = 0; t < z[c].size(); ++t)
            z[c][t] = bent(stack.bend, made[c][t], gated ? made[c + z.size()][t] : 0);
        sound = added(sound, convolve(z, stack.channels, 1, 1, true));
        sum = sum.empty() ? z : added(sum, z);
        joined.insert(joined.end(), z.begin(), z.end());
      }
      head = convolve(shape_.stacked ? joined : sum, stack.head_channels, stack.head_kernel, 1, stack.head_bias);
    }
    return head;
  }

 private:
  static Rows added(Rows a, const Rows& b) {
    for (std::size_t c = 0; c < a.size(); ++c)
      for (std::size_t t = 0; t < a[c].size(); ++t) a[c][t] += b[c][t];
    return a;
  }

  Rows convolve(const Rows& x, int outputs, int kernel, int dilation, bool biased) {
    const auto inputs = x.size(), taps = static_cast<std::size_t>(kernel), step = static_cast<std::size_t>(dilation);
    const double* weights = next_;
    next_ += static_cast<std::size_t>(outputs) * inputs * taps;
    const double* bias = next_;
    if (biased) next_ += outputs;
    Rows y;
    for (int o = 0; o < outputs; ++o) {
      y.emplace_back(x[0].size(), biased ? bias[o] : 0.0);
      for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t k = 0; k < taps; ++k) {
          const double w = weights[(static_cast<std::size_t>(o) * inputs + i) * taps + k];
          const std::size_t late = (taps - 1 - k) * step;
          for (std::size_t t = late; t < x[0].size(); ++t) y.back()[t] += w * x[i][t - late];
        }
    }
    return y;
  }

  const WaveNetShape& shape_;
  const double* next_;
};

double loss(const WaveNetShape& shape, const Numbers& weights, const Rows& condition, const std::vector<float>& dy) {
  const Rows y = Plain(shape, weights).play(condition);
  double sum = 0;
  for (std::size_t t = 0; t < dy.size(); ++t) sum += kScale * dy[t] * y[0][y[0].size() - dy.size() + t];
  return sum;
}

// The change of the loss with one of its numbers.
template <typename Loss>
double slope(double& number, Loss loss) {
  const double kept = number, h = 1e-5;
  const auto at = [&](double x) { return number = kept + x, loss(); };
  const double found = (at(h) - at(-h)) / (2 * h);
  number = kept;
  return found;
}

void check(const WaveNetShape& shape, int n, int width) {
  WaveNetLesson lesson(shape);
  if (!lesson.set_width(width)) return;
  Random random(7);
  const auto rows = static_cast<std::size_t>(shape.width);
  const std::size_t length = lesson.settle() + static_cast<std::size_t>(n);
  std::vector<float> weights = random.noise(lesson.parameters()), condition = random.noise(rows * length);
  for (float& w : weights) w *= 0.5f;
  const std::vector<float> dy = random.noise(static_cast<std::size_t>(n));
  std::vector<float> y(dy.size()), gradients(weights.size()), d_condition(condition.size());
  lesson.forward(weights.data(), condition.data(), kScale, y.data(), n);
  lesson.backward(weights.data(), dy.data(), gradients.data(), d_condition.data());

  Numbers exact(weights.begin(), weights.end());
  Rows heard;
  for (std::size_t c = 0; c < rows; ++c)
    heard.emplace_back(condition.begin() + static_cast<std::ptrdiff_t>(c * length),
                       condition.begin() + static_cast<std::ptrdiff_t>((c + 1) * length));
  const Rows answer = Plain(shape, exact).play(heard);
  for (std::size_t t = 0; t < y.size(); ++t)
    CHECK(std::fabs(y[t] - kScale * answer[0][answer[0].size() - y.size() + t]) < 1e-5 * (1 + std::fabs(y[t])));

  const auto again = [&] { return loss(shape, exact, heard, dy); };
  double largest = 0;
  for (float g : gradients) largest = std::max(largest, static_cast<double>(std::fabs(g)));
  for (std::size_t i = 0; i < exact.size(); ++i)
    CHECK(std::fabs(slope(exact[i], again) - gradients[i]) < 1e-5 * largest);
  for (std::size_t i = 0; i < condition.size(); i += 1 + condition.size() / 50) {
    double& number = heard[i / length][i % length];
    CHECK(std::fabs(slope(number, again) - d_condition[i]) < 1e-5 * largest);
  }
}

std::vector<WaveNetShape> shapes() {
  WaveNetShape two;
  two.stacks = {{3, {{2, 1}, {3, 5}}, Bend::kTanh, 2, 3, false}, {2, {{3, 2}}, Bend::kSigmoid, 1, 2, true}};
  two.width = 3;
  two.input_bias = true;
  WaveNetShape stacked;
  stacked.stacks = {{4, {{3, 1}, {2, 20}}, Bend::kGated, 1, 2, true}};
  stacked.conditioned = false;
  stacked.stacked = true;
  WaveNetShape soft;
  soft.stacks = {{1, {{1, 1}}, Bend::kSoftGated, 5, 40, true}, {5, {{2, 7}}, Bend::kSoftsign, 1, 1, false}};
  WaveNetShape corners;  // too few for a difference to be taken across one
  corners.stacks = {{2, {{3, 40}, {2, 130}}, Bend::kLeakyRelu, 1, 1, true}, {1, {{2, 3}}, Bend::kRelu, 1, 1, true}};
  WaveNetShape straight;
  straight.stacks = {{3, {{2, 1}, {3, 4}}, Bend::kLinear, 1, 1, true}};
  return {two, stacked, soft, corners, straight};
}

void refuses(WaveNetShape shape) {
  bool refused = false;
  try {
    WaveNetLesson lesson(shape);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

void check_refusals() {
  const WaveNetShape fine = shapes()[0];
  auto with = [&](auto change) {
    WaveNetShape shape = fine;
    change(shape);
    refuses(shape);
  };
  with([](WaveNetShape& s) { s.stacks.clear(); });
  with([](WaveNetShape& s) { s.stacked = true; });
  with([](WaveNetShape& s) { s.width = 0; });
  with([](WaveNetShape& s) { s.stacks[0].channels = 65; });
  with([](WaveNetShape& s) { s.stacks[0].head_channels = 3; });
  with([](WaveNetShape& s) { s.stacks[1].head_channels = 2; });
  with([](WaveNetShape& s) { s.stacks[0].head_kernel = 1 << 30; });
  with([](WaveNetShape& s) { s.stacks[0].layers.clear(); });
  with([](WaveNetShape& s) { s.stacks[0].layers[0] = {0, 1}; });
  with([](WaveNetShape& s) { s.stacks[0].layers[0] = {1024, 1 << 20}; });
}

// Each thread with its own lesson gives what one alone gives.
void check_threads() {
  const WaveNetShape shape = shapes()[0];
  const auto learn = [&](std::vector<float>& gradients) {
    WaveNetLesson lesson(shape);
    Random random(3);
    const int n = 700;
    const auto weights = random.noise(lesson.parameters());
    const auto sound = random.noise(3 * (lesson.settle() + n));
    std::vector<float> y(n);
    gradients.resize(weights.size());
    for (int again = 0; again < 3; ++again) {
      lesson.forward(weights.data(), sound.data(), 1.0f, y.data(), n);
      lesson.backward(weights.data(), y.data(), gradients.data(), nullptr);
    }
  };
  std::vector<float> alone, together[2];
  learn(alone);
  std::thread other(learn, std::ref(together[0]));
  learn(together[1]);
  other.join();
  CHECK(alone == together[0] && alone == together[1]);
}

}  // namespace

int main() {
  for (int width : kWidths) {
    for (const WaveNetShape& shape : shapes())
      for (int n : {1, 33}) check(shape, n, width);
    check(shapes().back(), 150, width);
  }
  check_refusals();
  check_threads();
}
