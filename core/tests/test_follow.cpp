// A follower gives what the plainest loop in double gives, in any blocks and again after a reset; its adjoint is how it
// changes; and a file whose rates make no sense is refused.
#include "tonewright/follow.h"

#include <limits>

#include "node.h"

using namespace tonewright;

namespace {

Tensors tensors_of(float attack, float release) {
  return {{"attack", {{}, {attack}}}, {"release", {{1, 1}, {release}}}};
}

void equals_the_plain_loop() {
  Random random(1);
  constexpr int kFrames = 900, kChannels = 3;
  for (const auto& [attack, release] : {std::pair{0.5f, 0.01f}, {0.003f, 1e-5f}, {1.0f, 0.2f}, {0.1f, 0.1f}}) {
    const Tensors tensors = tensors_of(attack, release);
    const auto node = make_operation(node_of("follow", "\"start\":-0.25", tensors), tensors, {kChannels});
    CHECK(node->channels == kChannels);
    const std::vector<float> x = random.noise(static_cast<std::size_t>(kFrames * kChannels));
    std::vector<float> first;
    for (int round = 0; round < 3; ++round, node->reset()) {
      const std::vector<float> y = played(*node, x, kChannels, random);
      std::size_t at = 0;
      for (int c = 0; c < kChannels; ++c) {
        double level = -0.25;
        for (int t = 0; t < kFrames; ++t, ++at) {
          const double kept = 1.0 - static_cast<double>(x[at] < level ? attack : release);
          level = x[at] + kept * (level - x[at]);
          CHECK(std::fabs(y[at] - level) < 1e-7);
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
  Rates rates{0.3, 0.05};
  std::vector<double> x, weights;
  for (int t = 0; t < kFrames; ++t) x.push_back(random.uniform()), weights.push_back(random.uniform());
  double state = 0.4;
  const double weight_left = -0.7;
  std::vector<double> y(x.size()), dx(x.size());
  const auto result = [&] {
    double left = state, sum = 0.0;
    follow(rates, left, x.data(), y.data(), kFrames);
    for (std::size_t i = 0; i < y.size(); ++i) sum += weights[i] * y[i];
    return sum + weight_left * left;
  };
  result();
  double d_state = weight_left, d_rates[kRateNumbers] = {10.0, 20.0};  // what is there already is added to
  follow_back(rates, state, x.data(), y.data(), weights.data(), dx.data(), d_state, d_rates, kFrames);
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
  check(rates.attack, d_rates[0] - 10.0);
  check(rates.release, d_rates[1] - 20.0);
}

void broken_samples_do_not_stay() {
  Random random(3);
  const Tensors tensors = tensors_of(0.5f, 0.1f);
  const auto node = make_operation(node_of("follow", "\"start\":0", tensors), tensors, {1});
  const float huge = std::numeric_limits<float>::max();
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), huge, -huge}) {
    played(*node, {0.5f, bad, -bad, bad}, 1, random);
    played(*node, std::vector<float>(2000, 0.0f), 1, random);
    for (float y : played(*node, random.noise(300), 1, random)) CHECK(std::fabs(y) <= 1.0f);
  }
}

void files_that_make_no_sense_are_refused() {
  const std::string right = "\"start\":0";
  CHECK(makes("follow", right, tensors_of(1.0f, 1e-9f)));
  for (float rate : {0.0f, -0.1f, 1.001f}) {
    CHECK(!makes("follow", right, tensors_of(rate, 0.1f)));
    CHECK(!makes("follow", right, tensors_of(0.1f, rate)));
  }
  for (const char* key : {"attack", "release"}) {
    Tensors wrong = tensors_of(0.1f, 0.1f);
    wrong[key] = {{2}, {0.1f, 0.1f}};
    CHECK(!makes("follow", right, wrong));
    wrong[key] = {{0}, {}};
    CHECK(!makes("follow", right, wrong));
    wrong.erase(key);
    CHECK(!makes("follow", right, wrong));
  }
  for (const char* attributes : {"", "\"start\":null", "\"start\":\"0\"", "\"start\":[0]"})
    CHECK(!makes("follow", attributes, tensors_of(0.1f, 0.1f)));
}

}  // namespace

int main() {
  equals_the_plain_loop();
  the_adjoint_is_how_it_changes();
  broken_samples_do_not_stay();
  files_that_make_no_sense_are_refused();
  std::printf("follow: all is well\n");
}
