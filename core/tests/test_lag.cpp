// A lag gives what the plainest loop in double gives, in any blocks and again after a reset; its adjoint is how it
// changes; and a file whose time constants make no sense is refused.
#include "tonewright/lag.h"

#include <algorithm>
#include <limits>

#include "node.h"

using namespace tonewright;

namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();

Tensors tensors_of(float slow, float fast) { return {{"slow", {{}, {slow}}}, {"fast", {{1, 1}, {fast}}}}; }

void equals_the_plain_loop() {
  Random random(1);
  constexpr int kFrames = 900, kChannels = 3;
  for (const auto& [slow, fast] : {std::pair{3000.0f, 250.0f}, {5.0f, 200.0f}, {30.0f, 0.01f}, {7.0f, 7.0f}}) {
    const Tensors tensors = tensors_of(slow, fast);
    const auto node = make_operation(node_of("lag", "\"start\":-0.25", tensors), tensors, {kChannels});
    CHECK(node->channels == kChannels);
    std::vector<float> x = random.noise(static_cast<std::size_t>(kFrames * kChannels));
    for (float& sample : x) sample = 0.5f + 1.5f * sample;  // also beyond both ends
    std::vector<float> first;
    for (int round = 0; round < 3; ++round, node->reset()) {
      const std::vector<float> y = played(*node, x, kChannels, random);
      std::size_t at = 0;
      for (int c = 0; c < kChannels; ++c) {
        double level = -0.25;
        for (int t = 0; t < kFrames; ++t, ++at) {
          const double place = std::min(std::max(level, 0.0), 1.0);
          const double tau = std::pow(slow, 1.0 - place) * std::pow(fast, place);
          level = (tau * level + x[at]) / (1.0 + tau);
          CHECK(std::fabs(y[at] - level) < 5e-7);
        }
      }
      CHECK(round == 0 || y == first);
      first = y;
    }
  }
}

void the_adjoint_is_how_it_changes() {
  Random random(2);
  constexpr int kFrames = 60;
  Lags lags{6.0, 0.7};
  std::vector<double> x, weights;
  for (int t = 0; t < kFrames; ++t) x.push_back(0.5 + 1.2 * random.uniform()), weights.push_back(random.uniform());
  double state = 0.4;
  const double weight_left = -0.7;
  std::vector<double> y(x.size()), dx(x.size());
  const auto result = [&] {
    double left = state, sum = 0.0;
    lag(lags, left, x.data(), y.data(), kFrames);
    for (std::size_t i = 0; i < y.size(); ++i) sum += weights[i] * y[i];
    return sum + weight_left * left;
  };
  result();
  const auto [lowest, highest] = std::minmax_element(y.begin(), y.end());
  CHECK(*lowest < 0.0 && *highest > 1.0);
  double d_state = weight_left, d_lags[kLagNumbers] = {10.0, 20.0};  // what is there already is added to
  lag_back(lags, state, x.data(), y.data(), weights.data(), dx.data(), d_state, d_lags, kFrames);
  const auto check = [&](double& number, double expected) {
    const double before = number, step = 1e-6;
    number = before + step;
    const double above = result();
    number = before - step;
    const double below = result();
    number = before;
    CHECK(std::fabs((above - below) / (2.0 * step) - expected) < 1e-7 * (1.0 + std::fabs(expected)));
  };
  for (std::size_t t = 0; t < x.size(); ++t) check(x[t], dx[t]);
  check(state, d_state);
  check(lags.slow, d_lags[0] - 10.0);
  check(lags.fast, d_lags[1] - 20.0);
}

void broken_samples_do_not_stay() {
  Random random(3);
  const Tensors tensors = tensors_of(20.0f, 2.0f);
  const auto node = make_operation(node_of("lag", "\"start\":0", tensors), tensors, {1});
  const float huge = std::numeric_limits<float>::max();
  for (float bad : {std::nanf(""), kInfinite, huge, -huge}) {
    played(*node, {0.5f, bad, -bad, bad}, 1, random);
    played(*node, std::vector<float>(4000, 0.0f), 1, random);
    for (float y : played(*node, random.noise(300), 1, random)) CHECK(std::fabs(y) <= 1.0f);
  }
}

void files_that_make_no_sense_are_refused() {
  const std::string right = "\"start\":0";
  CHECK(makes("lag", right, tensors_of(1e30f, 1e-30f)));
  for (float samples : {0.0f, -0.1f, kInfinite, -kInfinite, std::nanf("")}) {
    CHECK(!makes("lag", right, tensors_of(samples, 5.0f)));
    CHECK(!makes("lag", right, tensors_of(5.0f, samples)));
  }
  for (const char* key : {"slow", "fast"}) {
    Tensors wrong = tensors_of(5.0f, 5.0f);
    wrong[key] = {{2}, {5.0f, 5.0f}};
    CHECK(!makes("lag", right, wrong));
    wrong[key] = {{0}, {}};
    CHECK(!makes("lag", right, wrong));
    wrong.erase(key);
    CHECK(!makes("lag", right, wrong));
  }
  for (const char* attributes : {"", "\"start\":null", "\"start\":\"0\"", "\"start\":[0]"})
    CHECK(!makes("lag", attributes, tensors_of(5.0f, 5.0f)));
}

}  // namespace

int main() {
  equals_the_plain_loop();
  the_adjoint_is_how_it_changes();
  broken_samples_do_not_stay();
  files_that_make_no_sense_are_refused();
  std::printf("lag: all is well\n");
}
