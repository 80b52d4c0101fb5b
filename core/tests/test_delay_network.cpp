// A delay network gives what the plainest loop in double gives, in any blocks and again after a reset; its adjoint is
// how it changes; and a file whose lines make no sense is refused.
#include "tonewright/delay_network.h"

#include <limits>
#include <numeric>

#include "node.h"

using namespace tonewright;

namespace {

const std::vector<const char*> kKeys = {"gains", "damping", "inputs", "outputs"};

Tensor row_of(std::vector<float> numbers) {
  return {{static_cast<std::int64_t>(numbers.size())}, std::move(numbers)};
}

Tensors random_lines(Random& random, std::size_t count) {
  Tensors tensors;
  for (const char* key : kKeys) tensors[key] = row_of(random.noise(count));
  for (float& gain : tensors["gains"].data) gain *= 0.9f;
  for (float& damping : tensors["damping"].data) damping = 0.5f * std::fabs(damping);
  return tensors;
}

std::string delays_of(const std::vector<int>& delays) {
  std::string text;
  for (int delay : delays) text += (text.empty() ? "" : ",") + std::to_string(delay);
  return "\"delays\":[" + text + "]";
}

std::vector<double> plain(const std::vector<int>& delays, const Tensors& tensors, const float* x, int frames) {
  const std::size_t count = delays.size();
  const auto number = [&](const char* key, std::size_t i) { return static_cast<double>(tensors.at(key).data[i]); };
  std::vector<std::vector<double>> lines(count);
  std::vector<double> p(count, 0.0), f(count), y;
  for (int t = 0; t < frames; ++t) {
    double sum = 0.0, made = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      const double r = t < delays[i] ? 0.0 : lines[i][static_cast<std::size_t>(t - delays[i])];
      p[i] = r * (1.0 - number("damping", i)) + number("damping", i) * p[i];
      f[i] = number("gains", i) * p[i];
      sum += f[i];
      made += number("outputs", i) * f[i];
    }
    for (std::size_t i = 0; i < count; ++i)
      lines[i].push_back(number("inputs", i) * x[t] + f[i] - 2.0 / static_cast<double>(count) * sum);
    y.push_back(made);
  }
  return y;
}

void equals_the_plain_loop() {
  Random random(1);
  constexpr int kFrames = 900, kChannels = 2;
  for (const std::vector<int>& delays : {std::vector<int>{1}, {3, 1, 200}, {37, 41, 43, 47, 53, 59, 61, 67}}) {
    const Tensors tensors = random_lines(random, delays.size());
    const auto node = make_operation(node_of("delay_network", delays_of(delays), tensors), tensors, {kChannels});
    CHECK(node->channels == kChannels);
    CHECK(node->remembered() == kChannels * std::accumulate(delays.begin(), delays.end(), 0));
    node->prepare(64);
    const std::vector<float> x = random.noise(kFrames * kChannels);
    std::vector<float> first;
    for (int round = 0; round < 3; ++round, node->reset()) {
      const std::vector<float> y = played(*node, x, kChannels, random);
      for (int c = 0; c < kChannels; ++c) {
        const std::vector<double> expected = plain(delays, tensors, x.data() + c * kFrames, kFrames);
        for (std::size_t t = 0; t < kFrames; ++t)
          CHECK(std::fabs(y[static_cast<std::size_t>(c * kFrames) + t] - expected[t]) < 1e-6);
      }
      CHECK(round == 0 || y == first);
      first = y;
    }
  }
}

void the_adjoint_is_how_it_changes() {
  Random random(2);
  constexpr int kFrames = 40, kCount = 3;
  const std::vector<int> delays = {5, 1, 60};
  const auto some = [&](int count) {
    std::vector<double> made;
    for (int i = 0; i < count; ++i) made.push_back(random.uniform());
    return made;
  };
  std::vector<double> x = some(kFrames), numbers = some(4 * kCount), history = some(66), low = some(kCount);
  for (int i = 0; i < kCount; ++i) numbers[kCount + static_cast<std::size_t>(i)] = 0.2 * i + 0.1;
  const std::vector<double> weights = some(kFrames), left_weights = some(66), low_weights = some(kCount);
  const double* n = numbers.data();
  const Network network{kCount, delays.data(), n, n + kCount, n + 2 * kCount, n + 3 * kCount};
  const auto result = [&](double* kept) {
    std::vector<double> left = history, left_low = low, y(kFrames);
    std::vector<int> at(kCount, 0);
    delay_network(network, left.data(), at.data(), left_low.data(), x.data(), y.data(), kFrames, kept);
    double sum = 0.0;
    for (std::size_t t = 0; t < kFrames; ++t) sum += weights[t] * y[t];
    for (std::size_t i = 0, from = 0; i < kCount; from += static_cast<std::size_t>(delays[i++])) {
      sum += low_weights[i] * left_low[i];
      for (int k = 0; k < delays[i]; ++k)
        sum += left_weights[from + static_cast<std::size_t>(k)] *
               left[from + static_cast<std::size_t>((at[i] + k) % delays[i])];
    }
    return sum;
  };
  std::vector<double> kept(kFrames * kCount * kNetworkKept), dx(kFrames), d_history = left_weights;
  std::vector<double> d_low = low_weights, d_numbers(4 * kCount, 0.0);
  std::vector<int> newest = {4, 0, 59};
  result(kept.data());
  delay_network_back(network, low.data(), x.data(), kept.data(), weights.data(), dx.data(), d_history.data(),
                     newest.data(), d_low.data(), d_numbers.data(), kFrames);
  const auto check = [&](double& number, double expected) {
    const double before = number, step = 1e-6;
    number = before + step;
    const double above = result(nullptr);
    number = before - step;
    const double below = result(nullptr);
    number = before;
    CHECK(std::fabs((above - below) / (2.0 * step) - expected) < 1e-6 * (1.0 + std::fabs(expected)));
  };
  for (std::size_t t = 0; t < x.size(); ++t) check(x[t], dx[t]);
  for (std::size_t i = 0; i < numbers.size(); ++i) check(numbers[i], d_numbers[i]);
  for (std::size_t i = 0, from = 0; i < kCount; from += static_cast<std::size_t>(delays[i++])) {
    check(low[i], d_low[i]);
    for (int k = 0; k < delays[i]; ++k)
      check(history[from + static_cast<std::size_t>(k)],
            d_history[from + static_cast<std::size_t>((newest[i] + 1 + k) % delays[i])]);
  }
}

void broken_samples_do_not_stay() {
  Random random(3);
  Tensors tensors = random_lines(random, 3);
  tensors["gains"] = row_of({0.8f, 0.7f, 0.9f});
  const auto node = make_operation(node_of("delay_network", delays_of({7, 11, 3}), tensors), tensors, {1});
  node->prepare(64);
  const float huge = std::numeric_limits<float>::max();
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), huge, -huge}) {
    played(*node, {0.5f, bad, -bad, bad}, 1, random);
    played(*node, std::vector<float>(40000, 0.0f), 1, random);
    for (float y : played(*node, random.noise(300), 1, random)) CHECK(std::fabs(y) < 100.0f);
  }
}

void files_that_make_no_sense_are_refused() {
  Random random(4);
  const Tensors right = random_lines(random, 2);
  CHECK(makes("delay_network", delays_of({1, 1 << 17}), right));
  for (const char* attributes : {"", "\"delays\":2", "\"delays\":[]", "\"delays\":[1]", "\"delays\":[1,2,3]",
                                 "\"delays\":[0,1]", "\"delays\":[1,131073]", "\"delays\":[1,1.5]"})
    CHECK(!makes("delay_network", attributes, right));
  CHECK(makes("delay_network", delays_of(std::vector<int>(32, 5)), random_lines(random, 32)));
  CHECK(!makes("delay_network", delays_of(std::vector<int>(33, 5)), random_lines(random, 33)));
  for (const char* key : kKeys) {
    for (const Tensor& shape : {Tensor{{1, 2}, {0.1f, 0.1f}}, Tensor{{}, {0.1f}}, Tensor{{3}, {0.1f, 0.1f, 0.1f}}}) {
      Tensors wrong = right;
      wrong[key] = shape;
      CHECK(!makes("delay_network", delays_of({4, 5}), wrong));
    }
    Tensors wrong = right;
    wrong[key].data[1] = std::nanf("");
    CHECK(!makes("delay_network", delays_of({4, 5}), wrong));
    wrong.erase(key);
    CHECK(!makes("delay_network", delays_of({4, 5}), wrong));
  }
  for (const auto& [key, number] : {std::pair{"gains", 1.0f}, {"gains", -1.0f}, {"damping", 1.0f}, {"damping", -0.1f},
                                    {"inputs", std::numeric_limits<float>::infinity()}}) {
    Tensors wrong = right;
    wrong[key].data[0] = number;
    CHECK(!makes("delay_network", delays_of({4, 5}), wrong));
  }
}

}  // namespace

int main() {
  equals_the_plain_loop();
  the_adjoint_is_how_it_changes();
  broken_samples_do_not_stay();
  files_that_make_no_sense_are_refused();
  std::printf("delay_network: all is well\n");
}
