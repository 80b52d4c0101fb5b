// A delay line gives what the plainest loop in double gives, in any blocks and again after a reset; its adjoint is how
// it changes; what is broken does not stay; and a file whose numbers make no sense is refused.
#include "tonewright/delay_line.h"

#include <limits>

#include "node.h"
#include "tonewright/graph.h"

using namespace tonewright;

namespace {

constexpr const char* kMost = "\"most\":90";

Tensors tensors_of(float feedback, float damping) {
  return {{"feedback", {{}, {feedback}}}, {"damping", {{1}, {damping}}}};
}

Tensors tensors_of(float feedback, float damping, float delay) {
  Tensors tensors = tensors_of(feedback, damping);
  tensors["delay"] = {{}, {delay}};
  return tensors;
}

// As played() of node.h, of a node that hears a second sound of one channel, `delays`.
std::vector<float> played_at(Operation& node, const std::vector<float>& x, const std::vector<float>& delays,
                             int channels, Random& random) {
  constexpr int kLongest = 64;
  const auto frames = static_cast<int>(delays.size());
  std::vector<float> in(static_cast<std::size_t>(kLongest * channels)), second(kLongest), out(in.size());
  std::vector<float> made(x.size());
  const Signal heard[] = {{in.data(), kLongest, channels}, {second.data(), kLongest, 1}};
  const Signal y{out.data(), kLongest, channels};
  const long before = allocations;
  for (int done = 0; done < frames;) {
    const int count = std::min(frames - done, 1 + random.below(kLongest));
    for (int c = 0; c < channels; ++c) std::copy_n(x.data() + c * frames + done, count, heard[0].row(c));
    std::copy_n(delays.data() + done, count, second.data());
    node.process(heard, y, count);
    for (int c = 0; c < channels; ++c) std::copy_n(y.row(c), count, made.data() + c * frames + done);
    done += count;
  }
  CHECK(allocations == before);
  return made;
}

// The polynomial through w at the four whole delays around this one, by the definition of Lagrange.
double read(const std::vector<double>& w, double delay) {
  const int first = static_cast<int>(std::floor(delay)) - 1;
  double sum = 0.0;
  for (int i = 0; i < 4; ++i) {
    double part = 1.0;
    for (int j = 0; j < 4; ++j)
      if (j != i) part *= (delay - (first + j)) / (i - j);
    const int at = static_cast<int>(w.size()) - (first + i);
    sum += at < 0 ? 0.0 : part * w[static_cast<std::size_t>(at)];
  }
  return sum;
}

// One channel, x [frames], in double.
std::vector<double> plain(const float* x, const std::vector<float>& delays, double feedback, double damping, int most) {
  std::vector<double> w, y;
  double last = 0.0;
  for (std::size_t t = 0; t < delays.size(); ++t) {
    const double r = read(w, std::min(std::max(double{delays[t]}, 2.0), static_cast<double>(most)));
    last = (1.0 - damping) * r + damping * last;
    y.push_back(last);
    w.push_back(x[t] + feedback * last);
  }
  return y;
}

void close(const std::vector<float>& y, const std::vector<float>& x, const std::vector<float>& delays, double feedback,
           double damping) {
  const std::size_t frames = delays.size();
  for (std::size_t from = 0; from < x.size(); from += frames) {
    const std::vector<double> expected = plain(x.data() + from, delays, feedback, damping, 90);
    for (std::size_t t = 0; t < frames; ++t)
      CHECK(std::fabs(y[from + t] - expected[t]) < 1e-6 * (1.0 + std::fabs(expected[t])));
  }
}

void a_delay_that_stays_equals_the_plain_loop() {
  Random random(1);
  constexpr int kFrames = 900, kChannels = 3;
  const std::vector<float> x = random.noise(kFrames * kChannels);
  for (float delay : {2.0f, 2.5f, 3.0f, 17.25f, 64.0f, 89.99f, 90.0f, -5.0f, 1.5f, 1e9f}) {
    const float feedback = delay < 10.0f ? -0.9f : 0.7f, damping = delay < 3.0f ? 0.0f : 0.3f;
    const Tensors tensors = tensors_of(feedback, damping, delay);
    const auto node = make_operation(node_of("delay_line", kMost, tensors), tensors, {kChannels});
    CHECK(node->channels == kChannels && node->up == 1 && node->down == 1);
    node->prepare(64);
    for (int round = 0; round < 3; ++round, node->reset()) {
      const std::vector<float> y = played(*node, x, kChannels, random);
      close(y, x, std::vector<float>(kFrames, delay), feedback, damping);
    }
  }
}

void a_delay_that_moves_equals_the_plain_loop() {
  Random random(2);
  constexpr int kFrames = 900, kChannels = 2;
  const Tensors tensors = tensors_of(0.8f, 0.2f);
  const auto node = make_operation(node_of("delay_line", kMost, tensors), tensors, {kChannels, 1});
  node->prepare(64);
  for (int round = 0; round < 3; ++round, node->reset()) {
    const std::vector<float> x = random.noise(kFrames * kChannels);
    std::vector<float> delays = random.noise(kFrames);
    for (float& delay : delays) delay = 46.0f + 50.0f * delay;  // also outside of the limits
    if (round == 2)
      for (float& delay : delays) delay = std::floor(delay);
    close(played_at(*node, x, delays, kChannels, random), x, delays, 0.8f, 0.2f);
  }
}

void whole_delays_are_exact() {
  Random random(3);
  const std::vector<float> x = random.noise(400);
  for (int delay : {2, 3, 50, 90}) {
    const Tensors tensors = tensors_of(0.0f, 0.0f, static_cast<float>(delay));
    const auto node = make_operation(node_of("delay_line", kMost, tensors), tensors, {1});
    node->prepare(64);
    const std::vector<float> y = played(*node, x, 1, random);
    for (int t = 0; t < 400; ++t)
      CHECK(y[static_cast<std::size_t>(t)] == (t < delay ? 0.0f : x[static_cast<std::size_t>(t - delay)]));
  }
}

void the_adjoint_is_how_it_changes() {
  Random random(4);
  constexpr int kFrames = 30, kLongest = 9, kMemory = kLongest + kDelayReach;
  for (int step : {0, 1}) {
    DelayLoop loop{0.6, 0.3};
    double last = 0.4;
    const double d_last = -0.7;
    std::vector<double> given, delays, d_y, d_left, line, y(kFrames);
    for (int t = 0; t < kMemory + kFrames; ++t) given.push_back(random.uniform());
    for (int t = 0; t < kFrames; ++t) delays.push_back(5.52 + 4.0 * random.uniform()), d_y.push_back(random.uniform());
    for (int t = 0; t < kMemory; ++t) d_left.push_back(random.uniform());
    const Delays<double> at{delays.data(), step, kLongest};
    const auto result = [&] {
      line = given;
      double left = last, sum = 0.0;
      DelayRing ring{line.data(), kMemory + kFrames, kMemory};
      delay_line(loop, at, ring, left, line.data() + kMemory, y.data(), kFrames);
      for (std::size_t t = 0; t < kFrames; ++t) sum += d_y[t] * y[t];
      for (std::size_t t = 0; t < kMemory; ++t) sum += d_left[t] * line[t + kFrames];
      return sum + d_last * left;
    };
    result();
    std::vector<double> d_line(given.size()), d_delays(kFrames, 30.0);
    std::copy(d_left.begin(), d_left.end(), d_line.begin() + kFrames);
    double d_loop[kDelayLoopNumbers] = {10.0, 20.0};  // what is there already is added to
    DelayChange change{d_line.data(), d_delays.data(), d_last, d_loop};
    delay_line_back(loop, at, {line.data(), y.data(), last}, d_y.data(), change, kFrames);
    const auto check = [&](double& number, double expected) {
      const double before = number, little = 1e-6;
      number = before + little;
      const double above = result();
      number = before - little;
      const double below = result();
      number = before;
      CHECK(std::fabs((above - below) / (2.0 * little) - expected) < 1e-7 * (1.0 + std::fabs(expected)));
    };
    for (std::size_t t = 0; t < given.size(); ++t) check(given[t], d_line[t]);
    for (std::size_t t = 0; t < (step ? kFrames : 1); ++t) check(delays[t], d_delays[t] - 30.0);
    check(last, change.d_last);
    check(loop.feedback, d_loop[0] - 10.0);
    check(loop.damping, d_loop[1] - 20.0);
  }
}

void broken_samples_do_not_stay() {
  Random random(5);
  const float infinite = std::numeric_limits<float>::infinity(), nothing = std::nanf("");
  for (float bad : {nothing, infinite, -infinite}) {
    for (int place = 0; place < 200; ++place) {  // all around the ring
      const Tensors tensors = tensors_of(0.9f, 0.5f);
      const auto node = make_operation(node_of("delay_line", kMost, tensors), tensors, {1, 1});
      node->prepare(64);
      std::vector<float> x(1000, 0.0f), delays(1000, 5.5f);
      x[static_cast<std::size_t>(place)] = bad;
      delays[static_cast<std::size_t>(place + 1)] = bad;
      played_at(*node, x, delays, 1, random);
      for (float y : played_at(*node, random.noise(300), std::vector<float>(300, 7.5f), 1, random))
        CHECK(std::fabs(y) <= 10.0f);
    }
  }
}

// A delay longer than any block: what is broken is gone before it is read, wherever in the ring it stood.
void broken_samples_are_not_heard_after_their_block() {
  Random random(6);
  const Tensors tensors = tensors_of(0.9f, 0.0f, 70.5f);
  for (std::size_t place = 0; place < 200; ++place) {
    const auto node = make_operation(node_of("delay_line", kMost, tensors), tensors, {1});
    node->prepare(64);
    std::vector<float> x = random.noise(500);
    x[place] = std::nanf("");
    for (float y : played(*node, x, 1, random)) CHECK(std::isfinite(y));
  }
}

bool makes_of(const std::string& attributes, const Tensors& tensors, const std::vector<int>& channels) {
  try {
    return make_operation(node_of("delay_line", attributes, tensors), tensors, channels) != nullptr;
  } catch (const FileError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return false;
  }
}

void files_that_make_no_sense_are_refused() {
  CHECK(makes_of(kMost, tensors_of(-0.99f, 0.99f, 5.0f), {3}) && makes_of(kMost, tensors_of(0.5f, 0.0f), {3, 1}));
  CHECK(makes_of("\"most\":2", tensors_of(0, 0), {1, 1}) && makes_of("\"most\":1048576", tensors_of(0, 0), {1, 1}));
  for (float feedback : {1.0f, -1.0f, 3.0f}) CHECK(!makes_of(kMost, tensors_of(feedback, 0.0f, 5.0f), {1}));
  for (float damping : {1.0f, -0.1f, 3.0f}) CHECK(!makes_of(kMost, tensors_of(0.0f, damping, 5.0f), {1}));
  CHECK(!makes_of(kMost, tensors_of(0.5f, 0.0f), {1}));     // no delay
  CHECK(!makes_of(kMost, tensors_of(0.5f, 0.0f), {2, 2}));  // two
  CHECK(!makes_of(kMost, tensors_of(0.5f, 0.0f), {1, 1, 1}) && !makes_of(kMost, tensors_of(0.5f, 0.0f), {}));
  for (const char* key : {"delay", "feedback", "damping"}) {
    Tensors wrong = tensors_of(0.1f, 0.1f, 5.0f);
    wrong[key] = {{2}, {0.1f, 0.1f}};
    CHECK(!makes_of(kMost, wrong, {1}));
    wrong[key] = {{0}, {}};
    CHECK(!makes_of(kMost, wrong, {1}));
    wrong.erase(key);
    CHECK(!makes_of(kMost, wrong, {1}));
  }
  for (const char* attributes : {"", "\"most\":1", "\"most\":1048577", "\"most\":-5", "\"most\":2.5", "\"most\":null"})
    CHECK(!makes_of(attributes, tensors_of(0.1f, 0.1f, 5.0f), {1}));
}

// So many lines of a second and more, one after another.
bool opens(int count, int most, int channels) {
  std::string nodes = input_node("x", channels);
  for (int i = 0; i < count; ++i)
    nodes += R"(,{"op":"delay_line","inputs":[)" + std::to_string(i) + R"(],"attributes":{"most":)" +
             std::to_string(most) + R"(},"weights":{"delay":"d","feedback":"f","damping":"f"}})";
  const auto bytes = tone_bytes(header_of(nodes, count), {{"d", "[]", {4.0f}}, {"f", "[1]", {0.5f}}});
  try {
    Graph graph(ToneFile::parse(bytes.data(), bytes.size()));
    return true;
  } catch (const FileError& error) {
    CHECK(std::strstr(error.what(), "remember more than"));
    return false;
  }
}

void what_does_not_fit_into_memory_is_refused() {
  CHECK(opens(1, 1 << 20, 1) && opens(15, 1 << 20, 1) && opens(1, 1 << 20, 15) && opens(1, 2, 1 << 14));
  CHECK(!opens(16, 1 << 20, 1) && !opens(1, 1 << 20, 16) && !opens(1, 1 << 20, 1 << 14) && !opens(8, 1 << 20, 2));
}

}  // namespace

int main() {
  a_delay_that_stays_equals_the_plain_loop();
  a_delay_that_moves_equals_the_plain_loop();
  whole_delays_are_exact();
  the_adjoint_is_how_it_changes();
  broken_samples_do_not_stay();
  broken_samples_are_not_heard_after_their_block();
  files_that_make_no_sense_are_refused();
  what_does_not_fit_into_memory_is_refused();
  std::printf("delay_line: all is well\n");
}
