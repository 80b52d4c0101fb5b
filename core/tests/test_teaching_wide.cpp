// Wide convolutions for teaching are at every width what the plainest loops in double give, and write nothing else.
#include "teaching_wide_kernels.h"

#include <algorithm>

#include "check.h"

using namespace tonewright;

namespace {

constexpr float kUntouched = 7.0f;
constexpr std::size_t kBeyond = 64;

Sounds<const float> sounds(const std::vector<float>& from, std::size_t channels, std::size_t samples) {
  return {from.data(), static_cast<std::ptrdiff_t>(channels * samples), static_cast<std::ptrdiff_t>(samples), samples};
}

// What is made of a number of items, with some floats behind it that nobody may write to.
struct Made {
  std::vector<double> exact;
  std::vector<float> floats;
  std::size_t channels, samples;

  Made(std::size_t batch, std::size_t c, std::size_t t)
      : exact(batch * c * t), floats(exact.size() + kBeyond, kUntouched), channels(c), samples(t) {}
  double& at(std::size_t b, std::size_t c, std::size_t t) { return exact[(b * channels + c) * samples + t]; }
  Sounds<float> sounds() {
    const auto pitch = static_cast<std::ptrdiff_t>(samples);
    return {floats.data(), static_cast<std::ptrdiff_t>(channels) * pitch, pitch, samples};
  }
  void shade(const std::vector<float>& bent, float slope) {
    for (std::size_t i = 0; i < exact.size(); ++i) exact[i] *= bent[i] > 0.0f ? 1.0f : slope;
  }
  void check() const {
    double most = 1e-9, off = 0.0;
    for (double v : exact) most = std::max(most, std::fabs(v));
    for (std::size_t i = 0; i < exact.size(); ++i) off = std::max(off, std::fabs(exact[i] - floats[i]));
    CHECK(off < 3e-6 * most);
    for (std::size_t i = exact.size(); i < floats.size(); ++i) CHECK(floats[i] == kUntouched);
  }
};

// One side of a convolution: sounds, their past or none, and a leaky ReLU or none.
struct Side {
  std::vector<float> now, past;
  Heard heard;

  Side(Random& random, std::size_t batch, std::size_t channels, std::size_t before, std::size_t samples)
      : now(random.noise(batch * channels * samples)), past(random.noise(batch * channels * before)) {
    heard.now = sounds(now, channels, samples), heard.before = before;
    if (before > 0 && random.below(3) > 0) heard.past = sounds(past, channels, before);
    heard.slope = random.below(2) ? 0.2f : 1.0f;
  }
  double at(std::size_t b, std::size_t c, std::size_t i) const {
    if (i < heard.before) return heard.past.at ? heard.past.row(b, c)[i] : 0.0;
    if (i >= heard.samples()) return 0.0;
    const double v = heard.now.row(b, c)[i - heard.before];
    return v > 0.0 ? v : heard.slope * v;
  }
};

std::size_t from_to(Random& random, int low, int high) { return static_cast<std::size_t>(low + random.below(high - low + 1)); }

void equals_the_plain_loops(const TeachingWideKernels& kernels, std::uint64_t seed, bool is_long) {
  Random random(seed);
  TeachingWideShape s;
  s.batch = from_to(random, 1, 3), s.fine = from_to(random, 1, 40), s.coarse = from_to(random, 1, 40);
  s.kernel = from_to(random, 1, 9), s.stride = from_to(random, 1, 5), s.dilation = from_to(random, 1, 4);
  const std::size_t coarse_before = from_to(random, 0, 9);
  const std::size_t coarse_samples = is_long ? 700 : from_to(random, 1, 60);
  const std::size_t all = coarse_before + coarse_samples, reached = (all - 1) * s.stride + s.span() + 1;
  const std::size_t fine_before = std::min(reached - 1, from_to(random, 0, 30));
  const Side fine(random, s.batch, s.fine, fine_before, reached - fine_before);
  const Side coarse(random, s.batch, s.coarse, coarse_before, coarse_samples);
  const std::vector<float> weights = random.noise(s.coarse * s.fine * s.kernel), bias = random.noise(64);
  // More than there is to hear, or a part of what could be made.
  Made gathered(s.batch, s.coarse, from_to(random, 1, static_cast<int>(all) + 3));
  Made spread(s.batch, s.fine, from_to(random, 1, static_cast<int>(reached)));
  Made slopes(s.coarse, s.fine, s.kernel);
  const std::size_t skip = from_to(random, 0, 20);
  for (std::size_t b = 0; b < s.batch; ++b) {
    for (std::size_t m = 0; m < s.coarse; ++m)
      for (std::size_t n = 0; n < gathered.samples; ++n) gathered.at(b, m, n) = bias[m];
    for (std::size_t c = 0; c < s.fine; ++c)
      for (std::size_t t = 0; t < spread.samples; ++t) spread.at(b, c, t) = bias[c];
    for (std::size_t m = 0; m < s.coarse; ++m)
      for (std::size_t n = 0; n < std::max(all, gathered.samples); ++n)
        for (std::size_t c = 0; c < s.fine; ++c)
          for (std::size_t k = 0; k < s.kernel; ++k) {
            const std::size_t t = n * s.stride + k * s.dilation;
            const double weight = weights[(m * s.fine + c) * s.kernel + k], x = fine.at(b, c, t), y = coarse.at(b, m, n);
            if (n < gathered.samples) gathered.at(b, m, n) += weight * x;
            if (t >= skip && t - skip < spread.samples) spread.at(b, c, t - skip) += weight * y;
            slopes.at(m, c, k) += x * y;
          }
  }
  const std::vector<float> bent_coarse = random.noise(gathered.exact.size()), bent_fine = random.noise(spread.exact.size());
  Bent at_coarse, at_fine;
  if (random.below(2)) {
    at_coarse = {sounds(bent_coarse, s.coarse, gathered.samples), 0.3f}, gathered.shade(bent_coarse, 0.3f);
    at_fine = {sounds(bent_fine, s.fine, spread.samples), 0.3f}, spread.shade(bent_fine, 0.3f);
  }
  kernels.gather(s, weights.data(), bias.data(), fine.heard, at_coarse, gathered.sounds());
  kernels.spread(s, weights.data(), bias.data(), coarse.heard, skip, at_fine, spread.sounds());
  kernels.slopes(s, fine.heard, coarse.heard, slopes.floats.data());
  gathered.check(), spread.check(), slopes.check();
}

}  // namespace

int main() {
  for (int width : {16, 8, 4}) {
    const TeachingWideKernels* kernels = teaching_wide_kernels(width);
    if (!kernels) continue;
    CHECK(kernels->width == width);
    for (std::uint64_t seed = 0; seed < 60; ++seed) equals_the_plain_loops(*kernels, seed, seed % 20 == 0);
  }
  CHECK(teaching_wide_kernels() != nullptr && teaching_wide_kernels(5) == nullptr);
}
