// All-passes give what the plainest loop in double gives, in any blocks and again after a reset; their adjoint is how
// they change; and a file whose numbers make no sense is refused.
#include "tonewright/all_passes.h"

#include <limits>

#include "node.h"

using namespace tonewright;

namespace {

constexpr int kMost = 64;  // frames of a block

Tensors tensors_of(float coefficient, float feedback) {
  return {{"coefficient", {{}, {coefficient}}}, {"feedback", {{1}, {feedback}}}};
}

std::string stages_of(int stages) { return "\"stages\":" + std::to_string(stages); }

std::unique_ptr<Operation> made(int stages, const Tensors& tensors, const std::vector<int>& channels) {
  auto node = make_operation(node_of("all_passes", stages_of(stages), tensors), tensors, channels);
  CHECK(node->channels == channels[0] && node->remembered() == channels[0] * (stages + 1));
  node->prepare(kMost);
  return node;
}

bool makes_of(const std::string& attributes, const Tensors& tensors, const std::vector<int>& channels) {
  try {
    return make_operation(node_of("all_passes", attributes, tensors), tensors, channels) != nullptr;
  } catch (const FileError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return false;
  }
}

std::vector<double> plain(int stages, double feedback, const std::vector<double>& a, const float* x) {
  std::vector<double> y, s(static_cast<std::size_t>(stages), 0.0);
  double last = 0.0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    last = x[t] + feedback * last;
    for (double& memory : s) {
      const double passed = a[t] * last + memory;
      memory = last - a[t] * passed;
      last = passed;
    }
    y.push_back(last);
  }
  return y;
}

void a_still_one_equals_the_plain_loop() {
  Random random(1);
  constexpr int kFrames = 700, kChannels = 2;
  for (const auto& [stages, a] : {std::pair{1, 0.5f}, {4, -0.9f}, {64, 0.1f}, {2, 7.0f}}) {
    const auto node = made(stages, tensors_of(a, -0.6f), {kChannels});
    const std::vector<float> x = random.noise(kFrames * kChannels);
    const std::vector<double> still(kFrames, std::min(static_cast<double>(a), kMostAllPass));
    std::vector<float> first;
    for (int round = 0; round < 3; ++round, node->reset()) {
      const std::vector<float> y = played(*node, x, kChannels, random);
      for (int c = 0; c < kChannels; ++c) {
        const std::vector<double> expected = plain(stages, -0.6f, still, x.data() + c * kFrames);
        for (std::size_t t = 0; t < kFrames; ++t)
          CHECK(std::fabs(y[static_cast<std::size_t>(c * kFrames) + t] - expected[t]) <
                1e-6 * (1.0 + std::fabs(expected[t])));
      }
      CHECK(round == 0 || y == first);
      first = y;
    }
  }
}

void a_moving_one_equals_the_plain_loop() {
  Random random(2);
  constexpr int kFrames = 600, kStages = 6;
  Tensors tensors = tensors_of(0.0f, 0.3f);
  tensors.erase("coefficient");
  const auto node = made(kStages, tensors, {1, 1});
  std::vector<float> x = random.noise(kFrames), moving = random.noise(kFrames), y(kFrames);
  const std::vector<double> a(moving.begin(), moving.end());
  for (float& n : moving) CHECK(std::fabs(n) <= 1.0f);
  std::vector<double> within;
  for (double n : a) within.push_back(std::min(std::max(n, -kMostAllPass), kMostAllPass));
  const std::vector<double> expected = plain(kStages, 0.3f, within, x.data());
  const long before = allocations;
  for (int done = 0; done < kFrames;) {
    const int count = std::min(kFrames - done, 1 + random.below(kMost));
    const Signal heard[2] = {{x.data() + done, kFrames, 1}, {moving.data() + done, kFrames, 1}};
    node->process(heard, {y.data() + done, kFrames, 1}, count);
    done += count;
  }
  CHECK(allocations == before);
  for (std::size_t t = 0; t < kFrames; ++t)
    CHECK(std::fabs(y[t] - expected[t]) < 1e-6 * (1.0 + std::fabs(expected[t])));
}

void the_adjoint_is_how_it_changes() {
  Random random(3);
  constexpr int kStages = 3;
  for (int frames : {1, 64, 150}) {
    const auto samples = static_cast<std::size_t>(frames);
    std::vector<double> x, a, weights, state, left_weights;
    for (int t = 0; t < frames; ++t)
      x.push_back(random.uniform()), a.push_back(0.5 + 0.3 * random.uniform()), weights.push_back(random.uniform());
    for (int i = 0; i <= kStages; ++i) state.push_back(random.uniform()), left_weights.push_back(random.uniform());
    double feedback = 0.4;
    std::vector<double> kept((samples + kAllPassPiece - 1) / kAllPassPiece * (kStages + 1)), dx(samples);
    const auto result = [&](double* kept) {
      std::vector<double> left = state, y(samples);
      all_passes(kStages, feedback, a.data(), left.data(), x.data(), y.data(), frames, kept);
      double sum = 0.0;
      for (std::size_t t = 0; t < samples; ++t) sum += weights[t] * y[t];
      for (std::size_t i = 0; i < left.size(); ++i) sum += left_weights[i] * left[i];
      return sum;
    };
    result(kept.data());
    std::vector<double> d_state = left_weights, d_a(samples, 5.0);  // what is there already is added to
    double d_feedback = 10.0;
    all_passes_back(kStages, feedback, a.data(), x.data(), kept.data(), weights.data(), dx.data(), d_state.data(),
                    d_a.data(), d_feedback, frames);
    const auto check = [&](double& number, double expected) {
      const double before = number, step = 1e-6;
      number = before + step;
      const double above = result(nullptr);
      number = before - step;
      const double below = result(nullptr);
      number = before;
      CHECK(std::fabs((above - below) / (2.0 * step) - expected) < 1e-6 * (1.0 + std::fabs(expected)));
    };
    for (std::size_t t = 0; t < samples; ++t) check(x[t], dx[t]), check(a[t], d_a[t] - 5.0);
    for (std::size_t i = 0; i < state.size(); ++i) check(state[i], d_state[i]);
    check(feedback, d_feedback - 10.0);
  }
}

void broken_samples_do_not_stay() {
  Random random(4);
  const auto node = made(4, tensors_of(0.5f, 0.7f), {1});
  const float huge = std::numeric_limits<float>::max();
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), huge, -huge}) {
    played(*node, {0.5f, bad, -bad, bad}, 1, random);
    played(*node, std::vector<float>(20000, 0.0f), 1, random);
    for (float y : played(*node, random.noise(300), 1, random)) CHECK(std::fabs(y) < 100.0f);
  }
}

void files_that_make_no_sense_are_refused() {
  const Tensors right = tensors_of(0.5f, -0.999f);
  CHECK(makes_of(stages_of(64), right, {3}));
  for (const char* attributes : {"", "\"stages\":0", "\"stages\":65", "\"stages\":1.5", "\"stages\":\"1\""})
    CHECK(!makes_of(attributes, right, {1}));
  for (float feedback : {1.0f, -1.0f, 30.0f, std::nanf("")})
    CHECK(!makes_of(stages_of(4), tensors_of(0.5f, feedback), {1}));
  for (const char* key : {"coefficient", "feedback"})
    for (const Tensor& wrong : {Tensor{{2}, {0.1f, 0.1f}}, Tensor{{0}, {}}}) {
      Tensors tensors = right;
      tensors[key] = wrong;
      CHECK(!makes_of(stages_of(4), tensors, {1}));
    }
  CHECK(!makes_of(stages_of(4), right, {1, 1}));  // two coefficients
  Tensors heard = right;
  heard.erase("coefficient");
  CHECK(makes_of(stages_of(4), heard, {2, 1}));
  for (const std::vector<int>& channels : {std::vector<int>{1}, {2, 2}, {1, 1, 1}})
    CHECK(!makes_of(stages_of(4), heard, channels));
  heard.erase("feedback");
  CHECK(!makes_of(stages_of(4), heard, {1, 1}));
}

}  // namespace

int main() {
  a_still_one_equals_the_plain_loop();
  a_moving_one_equals_the_plain_loop();
  the_adjoint_is_how_it_changes();
  broken_samples_do_not_stay();
  files_that_make_no_sense_are_refused();
  std::printf("all_passes: all is well\n");
}
