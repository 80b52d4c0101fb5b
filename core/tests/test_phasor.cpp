// A phasor is where whole numbers say it is, after any time, in any blocks and again after a reset; and a file that
// turns at no possible rate is refused.
#include "phasor.h"

#include "node.h"

using namespace tonewright;

namespace {

Tensors tensors_of(float rate_hz, float phase) { return {{"rate_hz", {{}, {rate_hz}}}, {"phase", {{1}, {phase}}}}; }

std::string attributes_of(std::int64_t start, int sample_rate = 48000) {
  return "\"sample_rate\":" + std::to_string(sample_rate) + ",\"start\":" + std::to_string(start);
}

// Quarters, halves and dyadic rates are exact in any arithmetic, so they say what every bit of the ramp has to be.
void turns_are_exact() {
  CHECK(Turns(0.25, 0.0, 1).step == std::uint64_t{1} << 62);
  CHECK(Turns(0.25, 0.75, 1).phase == std::uint64_t{3} << 62);
  CHECK(Turns(0.25, -0.25, 1).phase == std::uint64_t{3} << 62);
  CHECK(Turns(0.25, -1e6, 1).phase == 0);
  CHECK(Turns(0.25, 999999.5, 1).phase == std::uint64_t{1} << 63);
  CHECK(Turns(0.25, 0x1p-64, 1).phase == 1 && Turns(0.25, -0x1p-64, 1).phase == ~std::uint64_t{0});
  CHECK(Turns(0.25, -1e-300, 1).phase == 0);
  CHECK(Turns(0.25, std::nextafter(1.0, 0.0), 1).phase == ~std::uint64_t{0} - 2047);
  CHECK(Turns(0x1p-40, 0.0, 1).at(std::int64_t{1} << 39) == std::uint64_t{1} << 63);
  CHECK(Turns(0x1p-40, 0.0, 1).at(-1) == ~std::uint64_t{0} - ((std::uint64_t{1} << 24) - 1));
}

void equals_the_fraction() {
  Random random(1);
  constexpr int kFrames = 3000;
  for (int round = 0; round < 20; ++round) {
    const float rate_hz = 0.01f + static_cast<float>(random.below(1000)) / 2.0f, phase = 3.0f * random.uniform();
    const std::int64_t start = random.below(2000000000) - std::int64_t{1000000000};
    const Tensors tensors = tensors_of(rate_hz, phase);
    const int channels = 1 + random.below(3);
    const auto node = make_operation(node_of("phasor", attributes_of(start), tensors), tensors, {channels});
    CHECK(node->channels == 1);
    const std::vector<float> x(static_cast<std::size_t>(kFrames * channels), 0.5f);
    std::vector<float> first;
    for (int again = 0; again < 3; ++again, node->reset()) {
      const std::vector<float> y = played(*node, x, channels, random);
      for (int t = 0; t < kFrames; ++t) {
        const long double turns = static_cast<long double>(phase) +
                                  static_cast<long double>(start + t) * static_cast<long double>(rate_hz / 48000.0);
        const auto ramp = static_cast<double>(turns - std::floor(turns));
        const double away = std::fabs(ramp - y[static_cast<std::size_t>(t)]);
        CHECK(y[static_cast<std::size_t>(t)] >= 0.0f && y[static_cast<std::size_t>(t)] < 1.0f);
        CHECK(std::min(away, 1.0 - away) < 1.5 * 0x1p-24);
      }
      CHECK(again == 0 || y == first);
      first = y;
    }
  }
}

void files_that_make_no_sense_are_refused() {
  const std::string right = attributes_of(0);
  CHECK(makes("phasor", right, tensors_of(0.5f, 0.0f)));
  CHECK(makes("phasor", attributes_of(std::int64_t{1} << 53), tensors_of(23999.0f, -1e6f)));
  for (float rate_hz : {0.0f, -1.0f, 24000.0f, 1e30f}) CHECK(!makes("phasor", right, tensors_of(rate_hz, 0.0f)));
  for (float phase : {1.1e6f, -1e30f}) CHECK(!makes("phasor", right, tensors_of(1.0f, phase)));
  for (const char* key : {"rate_hz", "phase"}) {
    Tensors wrong = tensors_of(1.0f, 0.0f);
    wrong[key] = {{2}, {1.0f, 1.0f}};
    CHECK(!makes("phasor", right, wrong));
    wrong.erase(key);
    CHECK(!makes("phasor", right, wrong));
  }
  for (const char* attributes :
       {"", R"("start":0)", R"("sample_rate":48000)",
        R"("sample_rate":0,"start":0)", R"("sample_rate":48000.5,"start":0)",
        R"("sample_rate":48000,"start":0.5)", R"("sample_rate":48000,"start":1e17)",
        R"("sample_rate":48000,"start":-1e17)", R"("sample_rate":1e12,"start":0)"})
    CHECK(!makes("phasor", attributes, tensors_of(1.0f, 0.0f)));
}

}  // namespace

int main() {
  turns_are_exact();
  equals_the_fraction();
  files_that_make_no_sense_are_refused();
  std::printf("phasor: all is well\n");
}
