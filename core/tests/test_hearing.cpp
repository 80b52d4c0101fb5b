// The transform is what its definition says; tones are heard at their pitch and with their level, a frame late, and
// again after a reset; nothing is allocated; and a file whose rates and ranges make no sense is refused.
#include <cmath>
#include <limits>

#include "node.h"
#include "tonewright/pitch.h"
#include "transform.h"

using namespace tonewright;

namespace {

const double kPi = std::acos(-1.0);

void the_transform_is_its_sum() {
  Random random(1);
  for (std::size_t size = 1; size <= 512; size *= 2) {
    Transform transform(size);
    Complexes x(size);
    for (std::size_t n = 0; n < size; ++n) x.re[n] = random.uniform(), x.im[n] = random.uniform();
    const Complexes before = x;
    transform.forward(x);
    for (std::size_t k = 0; k < size; ++k) {
      double re = 0.0, im = 0.0;
      for (std::size_t n = 0; n < size; ++n) {
        const double angle = -2.0 * kPi * static_cast<double>(k * n % size) / static_cast<double>(size);
        re += before.re[n] * std::cos(angle) - before.im[n] * std::sin(angle);
        im += before.re[n] * std::sin(angle) + before.im[n] * std::cos(angle);
      }
      CHECK(std::fabs(x.re[k] - re) < 1e-11 && std::fabs(x.im[k] - im) < 1e-11);
    }
  }
}

std::vector<float> tone(double f0_hz, int rate, int samples, double level) {
  std::vector<float> x;
  for (int t = 0; t < samples; ++t) {
    double sum = 0.0;
    for (int k = 1; k <= 4; ++k) sum += std::sin(2.0 * kPi * k * f0_hz * t / rate) / k;
    x.push_back(static_cast<float>(level * sum));
  }
  return x;
}

// x through the node in blocks of one hop, or more, to [channels][frames].
std::vector<float> heard(Operation& node, const std::vector<float>& x, Random& random) {
  const int hop = node.down, frames = static_cast<int>(x.size()) / hop;
  std::vector<float> in(x), out(static_cast<std::size_t>(frames * node.channels));
  const long before = allocations;
  for (int n = 0; n < frames;) {
    const int count = std::min(frames - n, 1 + random.below(3));
    const Signal block{in.data() + n * hop, static_cast<std::size_t>(count * hop), 1};
    const Signal y{out.data() + n, static_cast<std::size_t>(frames), node.channels};
    node.process(&block, y, count * hop);
    n += count;
  }
  CHECK(allocations == before);
  return out;
}

std::string attributes_of(int rate, double lowest_hz = 60.0) {
  return "\"sample_rate\":" + std::to_string(rate) + ",\"hop\":" + std::to_string(rate / 100) +
         ",\"lowest_hz\":" + std::to_string(lowest_hz) + ",\"highest_hz\":2000.0";
}

void tones_are_heard() {
  Random random(2);
  constexpr int kFrames = 40;
  for (int rate : {16000, 44100, 48000}) {
    for (double f0_hz : {65.0, 220.0, 987.8}) {
      const auto pitch = make_operation(node_of("pitch", attributes_of(rate), {}), {}, {1});
      const auto loudness = make_operation(node_of("loudness", attributes_of(rate), {}), {}, {1});
      CHECK(pitch->channels == 2 && loudness->channels == 1 && pitch->down == rate / 100 && loudness->down == rate / 100);
      const std::vector<float> x = tone(f0_hz, rate, kFrames * rate / 100, 0.1);
      std::vector<float> first, first_levels;
      for (int round = 0; round < 2; ++round, pitch->reset(), loudness->reset()) {
        const std::vector<float> y = heard(*pitch, x, random), levels = heard(*loudness, x, random);
        for (std::size_t n = 4; n < kFrames; ++n) {
          CHECK(std::fabs(y[n] / f0_hz - 1.0) < 1e-3 && y[kFrames + n] > 0.99f && y[kFrames + n] <= 1.0f);
          CHECK(std::fabs(levels[n] - levels[20]) < 3.0f);  // a window of 32 ms cuts low tones anywhere
        }
        CHECK(round == 0 || (y == first && levels == first_levels));
        first = y;
        first_levels = levels;
      }
    }
  }
}

void a_sine_of_1_khz_has_its_level() {
  Random random(3);
  for (int rate : {16000, 44100, 48000, 96000}) {
    const auto node = make_operation(node_of("loudness", attributes_of(rate), {}), {}, {1});
    std::vector<float> x;
    for (int t = 0; t < rate / 5; ++t) x.push_back(static_cast<float>(std::sin(2.0 * kPi * 1000.0 * t / rate)));
    const std::vector<float> levels = heard(*node, x, random);
    CHECK(levels[0] < levels[5]);
    for (std::size_t n = 4; n < levels.size(); ++n) CHECK(std::fabs(levels[n] - 19.8053f) < 0.01f);
  }
}

void silence_and_what_is_no_number_have_no_pitch() {
  Random random(4);
  const auto pitch = make_operation(node_of("pitch", attributes_of(16000), {}), {}, {1});
  const auto loudness = make_operation(node_of("loudness", attributes_of(16000), {}), {}, {1});
  std::vector<float> x(16000, 0.0f);
  const std::vector<float> note = tone(330.0, 16000, 8000, 0.1);
  std::copy(note.begin(), note.end(), x.begin() + 8000);
  x[4000] = std::numeric_limits<float>::quiet_NaN();
  x[4500] = std::numeric_limits<float>::infinity();
  const std::vector<float> y = heard(*pitch, x, random), levels = heard(*loudness, x, random);
  for (std::size_t n = 0; n < 49; ++n) CHECK(std::fabs(y[n] - std::sqrt(60.0 * 2000.0)) < 1e-3 && y[100 + n] == 0.0f);
  for (std::size_t n = 55; n < 100; ++n) CHECK(std::fabs(y[n] - 330.0f) < 0.3f && y[100 + n] > 0.9f);
  for (std::size_t n = 0; n < 20; ++n) CHECK(levels[n] == -80.0f);
  for (std::size_t n = 55; n < 100; ++n) CHECK(levels[n] > -20.0f);
}

void files_that_make_no_sense_are_refused() {
  for (const char* op : {"pitch", "loudness"}) CHECK(makes(op, attributes_of(48000), {}));
  CHECK(!makes("pitch", attributes_of(48000, 49.0), {}));
  CHECK(!makes("pitch", attributes_of(48000, 1999.0), {}));
  for (const char* attributes :
       {"", R"("sample_rate":16000,"hop":160)", R"("sample_rate":16000,"hop":160,"lowest_hz":60.0)",
        R"("sample_rate":16000,"hop":0,"lowest_hz":60.0,"highest_hz":2000.0)",
        R"("sample_rate":16000,"hop":321,"lowest_hz":60.0,"highest_hz":2000.0)",
        R"("sample_rate":16000,"hop":8,"lowest_hz":1100.0,"highest_hz":2000.0)",
        R"("sample_rate":1e9,"hop":160,"lowest_hz":60.0,"highest_hz":2000.0)",
        R"("sample_rate":16000,"hop":160,"lowest_hz":60.0,"highest_hz":1e9)",
        R"("sample_rate":16000,"hop":160,"lowest_hz":-60.0,"highest_hz":2000.0)",
        R"("sample_rate":16000,"hop":160,"lowest_hz":1e300,"highest_hz":1e301)",
        R"("sample_rate":16000,"hop":160,"lowest_hz":"low","highest_hz":2000.0)"})
    CHECK(!makes("pitch", attributes, {}));
  for (const char* attributes :
       {"", R"("sample_rate":16000)", R"("hop":160)", R"("sample_rate":16000,"hop":127)",
        R"("sample_rate":999,"hop":160)", R"("sample_rate":1e9,"hop":160)", R"("sample_rate":16000,"hop":-160)"})
    CHECK(!makes("loudness", attributes, {}));
  for (const char* op : {"pitch", "loudness"}) {
    bool refused = false;
    try {
      make_operation(node_of(op, attributes_of(16000), {}), {}, {2});
    } catch (const FileError&) {
      refused = true;
    }
    CHECK(refused);
  }
}

// A file of many such nodes is refused for what they take, and not for what they seem to.
void what_is_remembered_is_told() {
  const auto remembered = [](const char* op, const char* attributes) {
    return make_operation(node_of(op, attributes, {}), {}, {1})->remembered();
  };
  CHECK(remembered("pitch", R"("sample_rate":800,"hop":16,"lowest_hz":25.0,"highest_hz":100.0)") >= 2 * 6 * 128 * 64);
  CHECK(remembered("loudness", R"("sample_rate":1000,"hop":16384)") >= 2 * 2 * 16384);
}

}  // namespace

int main() {
  the_transform_is_its_sum();
  tones_are_heard();
  a_sine_of_1_khz_has_its_level();
  silence_and_what_is_no_number_have_no_pitch();
  files_that_make_no_sense_are_refused();
  what_is_remembered_is_told();
  std::printf("hearing: all is well\n");
}
