// Harmonics and noise are what the plainest sums in double give, for blocks of any size and again after a reset; the
// adjoints are how they change; what is broken does not stay; and files that make no sense are refused.
#include <initializer_list>
#include <limits>

#include "node.h"
#include "tonewright/filtered_noise.h"
#include "tonewright/harmonic_bank.h"

using namespace tonewright;

namespace {

const double kTurn = 2.0 * std::acos(-1.0);

std::size_t index(int i) { return static_cast<std::size_t>(i); }

std::unique_ptr<Operation> bank_of(int harmonics, int hop, int sample_rate) {
  const std::string attributes = "\"harmonics\":" + std::to_string(harmonics) + ",\"hop\":" + std::to_string(hop) +
                                 ",\"sample_rate\":" + std::to_string(sample_rate);
  return make_operation(node_of("harmonic_bank", attributes, {}), {}, {1, harmonics, 1});
}

std::unique_ptr<Operation> noise_of(int bands, int hop) {
  const std::string attributes = "\"bands\":" + std::to_string(bands) + ",\"hop\":" + std::to_string(hop);
  return make_operation(node_of("filtered_noise", attributes, {}), {}, {bands});
}

// Inputs [channels][frames] through the node in random blocks, to [frames * hop]; takes no memory.
std::vector<float> play(Operation& node, const std::vector<std::vector<float>>& inputs, int frames, Random& random) {
  std::vector<float> y(index(frames * node.up) + 64), out(index(16 * node.up) + 64);
  std::vector<std::vector<float>> heard = inputs;
  for (std::vector<float>& rows : heard) rows.resize(rows.size() + kRowStep);  // so far may a kernel read
  node.prepare(16);
  const long before = allocations;
  for (int done = 0, count; done < frames; done += count) {
    count = std::min(frames - done, 1 + random.below(16));
    Signal in[3];
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const int channels = static_cast<int>(inputs[i].size()) / frames;
      in[i] = {heard[i].data() + done, index(frames), channels};
    }
    node.process(in, {out.data(), out.size(), 1}, count);
    std::copy_n(out.data(), count * node.up, y.data() + done * node.up);
  }
  CHECK(allocations == before);
  y.resize(index(frames * node.up));
  return y;
}

void harmonics_are_sines(int harmonics, int hop, int sample_rate) {
  Random random(static_cast<std::uint64_t>(harmonics));
  constexpr int kFrames = 40;
  std::vector<std::vector<float>> inputs(3);
  for (int m = 0; m < kFrames; ++m) {
    inputs[0].push_back(400.0f + 350.0f * random.uniform());
    inputs[2].push_back(0.5f + 0.5f * random.uniform());
  }
  for (float share : random.noise(index(harmonics * kFrames))) inputs[1].push_back(0.51f + 0.5f * share);
  const auto node = bank_of(harmonics, hop, sample_rate);
  CHECK(node->channels == 1 && node->up == hop && node->down == 1);
  const std::vector<float> y = play(*node, inputs, kFrames, random);
  std::vector<double> before(index(harmonics)), own(before);
  double turns = 0.0, last = inputs[0][0];
  for (int m = 0; m < kFrames; ++m) {
    const double f0 = inputs[0][index(m)];
    double sum = 1e-8;
    for (int k = 0; k < harmonics; ++k) {
      const double heard = std::min(1.0, std::max(0.0, (0.5 - (k + 1) * f0 / sample_rate) / 0.05));
      sum += own[index(k)] = heard * inputs[1][index(k * kFrames + m)];
    }
    for (double& amplitude : own) amplitude *= inputs[2][index(m)] / sum;
    for (int j = 0; j < hop; ++j) {
      const double w = static_cast<double>(j) / hop;
      const double phase = turns + j * (last + 0.5 * w * (f0 - last)) / sample_rate;
      double wanted = 0.0;
      for (int k = 0; k < harmonics; ++k)
        wanted += (before[index(k)] + w * (own[index(k)] - before[index(k)])) * std::sin(kTurn * (k + 1) * phase);
      CHECK(std::fabs(wanted - y[index(m * hop + j)]) < 5e-6);
    }
    turns = std::fmod(turns + hop * (last + f0) / 2.0 / sample_rate, 1.0);
    last = f0;
    before = own;
  }
  for (int again = 0; again < 2; ++again) {
    node->reset();
    CHECK(play(*node, inputs, kFrames, random) == y);
  }
}

// Against wider floats, and a dyadic pitch to the bit.
void an_hour_is_in_tune() {
  constexpr int kHour = 360000;
  HarmonicBank bank(1, 160, 16000);
  Tone tone;
  for (int m = 0; m < kHour; ++m) bank.turn(tone, 440.1);
  const long double turns = static_cast<long double>(440.1) * 160.0L / 16000.0L * kHour;
  const auto exact = static_cast<double>(turns - std::floor(turns));
  const double found = std::ldexp(static_cast<double>(tone.phase), -64);
  CHECK(std::fabs(std::remainder(exact - found, 1.0)) < 4e-10);  // an hour of roundings of 4.4 turns, two a frame
  tone = {};
  for (int m = 0; m < 1000; ++m) bank.turn(tone, 6.25);  // a sixteenth of a turn each
  CHECK(tone.phase == std::uint64_t{1} << 63);
  for (double f0_hz : {-1.0, std::nan(""), HUGE_VAL}) bank.turn(tone, f0_hz);
  CHECK(tone.f0_hz == 8000.0);
}

void noise_is_filtered(int bands, int hop) {
  Random random(static_cast<std::uint64_t>(bands));
  constexpr int kFrames = 20;
  std::vector<std::vector<float>> inputs(1);
  for (float level : random.noise(index(bands * kFrames))) inputs[0].push_back(0.5f + 0.5f * level);
  const auto node = noise_of(bands, hop);
  const std::vector<float> y = play(*node, inputs, kFrames, random);
  const int taps = 2 * (bands - 1), reach = bands - 1;
  std::vector<float> x(index(kFrames * hop + 2 * reach));
  white_noise(0, static_cast<std::uint64_t>(-std::int64_t{reach}), x.data(), static_cast<int>(x.size()));
  const auto response = [&](int m, int d) {  // of the inverse transform of [bands] and its mirror image, and the window
    double sum = 0.0;
    for (int i = 0; m >= 0 && i < taps; ++i)
      sum += inputs[0][index(std::min(i, taps - i) * kFrames + m)] * std::cos(kTurn * i * d / taps) / taps;
    return sum * (0.5 + 0.5 * std::cos(kTurn * d / taps));
  };
  for (int m = 0; m < kFrames; m += 1 + random.below(5)) {
    std::vector<double> before, own;
    for (int d = 0; d < reach; ++d) before.push_back(response(m - 1, d)), own.push_back(response(m, d));
    for (int j = 0; j < hop; ++j) {
      const double w = static_cast<double>(j) / hop;
      double wanted = 0.0;
      for (int d = 1 - reach; d < reach; ++d) {
        const std::size_t at = index(std::abs(d));
        wanted += (before[at] + w * (own[at] - before[at])) * x[index(m * hop + j + reach + d)];
      }
      CHECK(std::fabs(wanted - y[index(m * hop + j)]) < 3e-6);
    }
  }
  node->reset();
  CHECK(play(*node, inputs, kFrames, random) == y);
}

// Both are linear: the product of what comes out with anything is that of what goes in with what comes back.
template <typename Machine>
void the_adjoint_fits(Machine& machine, int count, int hop, Random& random) {
  const std::vector<float> from = random.noise(index(count)), to = random.noise(index(count));
  const std::vector<float> dy = random.noise(index(hop));
  std::vector<float> y(index(hop)), d_from(index(count), 0.5f), d_to(index(count), -0.5f);
  machine.play(from.data(), to.data(), y.data());
  machine.play_back(dy.data(), d_from.data(), d_to.data());
  double out = 0.0, back = 0.0;
  for (int j = 0; j < hop; ++j) out += static_cast<double>(dy[index(j)]) * y[index(j)];
  for (int k = 0; k < count; ++k)
    back += static_cast<double>(from[index(k)]) * (d_from[index(k)] - 0.5) +
            static_cast<double>(to[index(k)]) * (d_to[index(k)] + 0.5);
  CHECK(std::fabs(out - back) < 1e-5 * (hop + count));
}

void adjoints() {
  Random random(4);
  for (int hop : {1, 15, 16, 31, 47, 48, 160, 441})
    for (int count : {1, 2, 16, 33, 100}) {
      HarmonicBank bank(count, hop, 16000);
      Tone tone{random.next(), 90.0};
      bank.turn(tone, 130.0);
      the_adjoint_fits(bank, count, hop, random);
      FilteredNoise noise(count, hop);
      noise.hear(random.next(), random.next());
      the_adjoint_fits(noise, count, hop, random);
    }
}

void what_is_broken_does_not_stay() {
  Random random(5);
  const float infinite = std::numeric_limits<float>::infinity();
  const auto bank = bank_of(8, 32, 16000), noise = noise_of(9, 32);
  std::vector<std::vector<float>> tone{{0, 0, 0, 440, 440, 440}, std::vector<float>(48, 0.5f), std::vector<float>(6, 1)};
  std::vector<std::vector<float>> bands{std::vector<float>(54, 0.5f)};
  for (float bad : {std::nanf(""), infinite, -infinite, 3e38f}) {
    for (std::size_t i = 0; i < 3; ++i) tone[i][1] = bad;
    bands[0][1] = bad;
    for (const auto& [node, inputs] : {std::pair{bank.get(), &tone}, {noise.get(), &bands}}) {
      const std::vector<float> y = play(*node, *inputs, 6, random);
      for (std::size_t t = 3 * 32; t < y.size(); ++t) CHECK(std::fabs(y[t]) < 10.0f);
    }
  }
}

bool makes_with(const std::string& op, const std::string& attributes, const std::vector<int>& channels) {
  try {
    return make_operation(node_of(op, attributes, {}), {}, channels) != nullptr;
  } catch (const FileError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return false;
  }
}

void files_that_make_no_sense_are_refused() {
  const std::string bank = R"("harmonics":3,"hop":160,"sample_rate":16000)", noise = R"("bands":3,"hop":160)";
  CHECK(makes_with("harmonic_bank", bank, {1, 3, 1}) && makes_with("filtered_noise", noise, {3}));
  for (const std::vector<int>& channels : std::initializer_list<std::vector<int>>{
           {}, {1}, {3}, {1, 3}, {1, 2, 1}, {2, 3, 1}, {1, 3, 3}, {1, 1, 1}, {1, 3, 1, 1}})
    CHECK(!makes_with("harmonic_bank", bank, channels));
  for (const std::vector<int>& channels : std::initializer_list<std::vector<int>>{{}, {1}, {2}, {4}, {3, 3}})
    CHECK(!makes_with("filtered_noise", noise, channels));
  for (const char* attributes :
       {"", R"("harmonics":3,"hop":160)", R"("harmonics":3,"sample_rate":16000)", R"("hop":160,"sample_rate":16000)",
        R"("harmonics":3,"hop":0,"sample_rate":16000)", R"("harmonics":3,"hop":16385,"sample_rate":16000)",
        R"("harmonics":3,"hop":1.5,"sample_rate":16000)", R"("harmonics":3,"hop":160,"sample_rate":0)",
        R"("harmonics":3,"hop":160,"sample_rate":1e12)", R"("harmonics":3,"hop":160,"sample_rate":"16000")",
        R"("harmonics":"3","hop":160,"sample_rate":16000)", R"("harmonics":-3,"hop":160,"sample_rate":16000)"})
    CHECK(!makes_with("harmonic_bank", attributes, {1, 3, 1}));
  CHECK(!makes_with("harmonic_bank", R"("harmonics":5000,"hop":160,"sample_rate":16000)", {1, 5000, 1}));
  for (const char* attributes : {"", R"("bands":3)", R"("hop":160)", R"("bands":3,"hop":0)", R"("bands":3,"hop":1e9)",
                                 R"("bands":3,"hop":-1)", R"("bands":null,"hop":160)", R"("bands":3.5,"hop":160)"})
    CHECK(!makes_with("filtered_noise", attributes, {3}));
  CHECK(!makes_with("filtered_noise", R"("bands":1,"hop":160)", {1}));
  CHECK(!makes_with("filtered_noise", R"("bands":2000,"hop":160)", {2000}));
}

}  // namespace

int main() {
  harmonics_are_sines(100, 160, 16000);
  harmonics_are_sines(13, 441, 44100);
  harmonics_are_sines(1, 7, 48000);
  an_hour_is_in_tune();
  for (const auto& [bands, hop] : {std::pair{65, 160}, {2, 5}, {33, 480}, {10, 1}}) noise_is_filtered(bands, hop);
  adjoints();
  what_is_broken_does_not_stay();
  files_that_make_no_sense_are_refused();
  std::printf("synth: all is well\n");
}
