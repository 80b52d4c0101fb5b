// Filters give what the plainest loop in double gives, in any blocks and again after a reset; their adjoint is how they
// change; and a file whose sections make no sense is refused.
#include "tonewright/filters.h"

#include <limits>

#include "node.h"

using namespace tonewright;

namespace {

constexpr double kPi = 3.14159265358979323846;

std::vector<Section> random_sections(Random& random, int count) {
  std::vector<Section> made;
  for (int i = 0; i < count; ++i) {
    const double g = std::tan(kPi * (0.24 + 0.239 * random.uniform())), k = 1.0 + 0.9 * random.uniform();
    made.push_back({g, k, random.uniform(), random.uniform(), random.uniform()});
  }
  return made;
}

Tensors tensors_of(const std::vector<Section>& sections) {
  Tensor tensor;
  tensor.shape = {static_cast<std::int64_t>(sections.size()), kSectionNumbers};
  for (const Section& s : sections)
    for (double n : {s.g, s.k, s.direct, s.band, s.low}) tensor.data.push_back(static_cast<float>(n));
  return {{"sections", tensor}};
}

std::vector<Section> as_stored(const Tensors& tensors) {
  std::vector<Section> made;
  const std::vector<float>& n = tensors.at("sections").data;
  for (std::size_t i = 0; i < n.size(); i += kSectionNumbers)
    made.push_back({n[i], n[i + 1], n[i + 2], n[i + 3], n[i + 4]});
  return made;
}

// The trapezoidal rule written as two integrators that hear each other, solved anew for every sample.
std::vector<double> plain(const std::vector<Section>& sections, std::vector<double> x) {
  for (const Section& s : sections) {
    double s1 = 0.0, s2 = 0.0;
    for (double& sample : x) {
      const double high = (sample - (s.g + s.k) * s1 - s2) / (1.0 + s.g * s.k + s.g * s.g);
      const double band = s1 + s.g * high, low = s2 + s.g * band;
      s1 = band + s.g * high;
      s2 = low + s.g * band;
      sample = s.direct * sample + s.band * band + s.low * low;
    }
  }
  return x;
}

void equals_the_plain_loop() {
  Random random(1);
  constexpr int kFrames = 700;
  for (int count : {1, 2, 5}) {
    const int channels = 1 + random.below(3);
    const Tensors tensors = tensors_of(random_sections(random, count));
    const auto node = make_operation(node_of("filters", "\"sections\":1", tensors), tensors, {channels});
    CHECK(node->channels == channels);
    const std::vector<float> x = random.noise(static_cast<std::size_t>(kFrames * channels));
    std::vector<double> expected;
    for (int c = 0; c < channels; ++c) {
      const auto from = x.begin() + c * kFrames;
      for (double y : plain(as_stored(tensors), {from, from + kFrames})) expected.push_back(y);
    }
    double peak = 0.0;
    for (double y : expected) peak = std::max(peak, std::fabs(y));
    std::vector<float> first;
    for (int round = 0; round < 3; ++round, node->reset()) {
      const std::vector<float> y = played(*node, x, channels, random);
      // Between sections sound is float32, whose rounding a resonance makes larger.
      for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::fabs(y[i] - expected[i]) < 2e-6 * peak);
      CHECK(round == 0 || y == first);
      first = y;
    }
  }
}

// How something that weighs every y and what is left behind changes with one number, by a small step of it.
void the_adjoint_is_how_it_changes() {
  Random random(2);
  constexpr int kFrames = 40, kCount = 3;
  std::vector<Section> sections = random_sections(random, kCount);
  std::vector<double> x, weights, state, left_weights;
  for (int t = 0; t < kFrames; ++t) x.push_back(random.uniform()), weights.push_back(random.uniform());
  for (int i = 0; i < kCount * kSectionStates; ++i)
    state.push_back(random.uniform()), left_weights.push_back(random.uniform());
  const auto result = [&](double* kept) {
    std::vector<double> left = state, y(x.size());
    filter(sections.data(), kCount, left.data(), x.data(), y.data(), kFrames, kept);
    double sum = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += weights[i] * y[i];
    for (std::size_t i = 0; i < left.size(); ++i) sum += left_weights[i] * left[i];
    return sum;
  };
  std::vector<double> kept(kFrames * kCount * kSectionKept), dx(x.size()), d_state = left_weights;
  std::vector<double> d_sections(kCount * kSectionNumbers, 0.0);
  result(kept.data());
  filter_back(sections.data(), kCount, kept.data(), weights.data(), dx.data(), d_state.data(), d_sections.data(),
              kFrames);
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
  for (std::size_t i = 0; i < state.size(); ++i) check(state[i], d_state[i]);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    Section& s = sections[i];
    const double* d = d_sections.data() + i * kSectionNumbers;
    check(s.g, d[0]), check(s.k, d[1]), check(s.direct, d[2]), check(s.band, d[3]), check(s.low, d[4]);
  }
}

void broken_samples_do_not_stay() {
  Random random(3);
  const Tensors tensors = tensors_of({{0.1, 1.0, 1.0, 2.0, 3.0}, {0.02, 0.7, 0.0, 0.0, 1.0}});
  const auto node = make_operation(node_of("filters", "\"sections\":2", tensors), tensors, {1});
  const float huge = std::numeric_limits<float>::max();
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), huge, -huge}) {
    played(*node, {0.5f, bad, -bad, bad}, 1, random);
    played(*node, std::vector<float>(40000, 0.0f), 1, random);
    for (float y : played(*node, random.noise(300), 1, random)) CHECK(std::fabs(y) < 100.0f);
  }
}

void files_that_make_no_sense_are_refused() {
  const Tensors right = tensors_of({{0.1, 1.0, 0.0, 0.0, 1.0}});
  CHECK(makes("filters", "\"sections\":1", right));
  CHECK(!makes("filters", "\"sections\":1", {}));
  for (std::vector<std::int64_t> shape : {std::vector<std::int64_t>{}, {5}, {1, 1, 5}, {5, 1}, {0, 5}, {2, 5}}) {
    Tensors wrong = right;
    std::int64_t size = 1;
    for (std::int64_t n : shape) size *= n;
    wrong["sections"].shape = shape;
    wrong["sections"].data.assign(static_cast<std::size_t>(size), 0.0f);
    CHECK(!makes("filters", "\"sections\":1", wrong));
  }
  for (int number : {0, 1})
    for (float value : {0.0f, -0.5f}) {
      Tensors wrong = right;
      wrong["sections"].data[static_cast<std::size_t>(number)] = value;
      CHECK(!makes("filters", "\"sections\":1", wrong));
    }
  Tensors many = right;
  many["sections"].shape[0] = 1025;
  many["sections"].data.assign(1025 * kSectionNumbers, 0.5f);
  CHECK(!makes("filters", "\"sections\":1025", many));
}

}  // namespace

int main() {
  equals_the_plain_loop();
  the_adjoint_is_how_it_changes();
  broken_samples_do_not_stay();
  files_that_make_no_sense_are_refused();
  std::printf("filters: all is well\n");
}
