#include "tonewright/filtered_noise.h"

#include <algorithm>

#include "kernels.h"
#include "synth_kernels.h"

namespace tonewright {

namespace {

std::size_t room(int samples) { return padded(static_cast<std::size_t>(samples)); }

std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

void white_noise(std::uint64_t seed, std::uint64_t first, float* samples, int count) noexcept {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
  std::uint64_t z = mix(seed) + (first + 1) * kGolden;
  for (int n = 0; n < count; ++n, z += kGolden) {
    // The upper 24 bits, signed: all that a float holds between -1 and 1.
    samples[n] = static_cast<float>(static_cast<std::int32_t>(mix(z) >> 32) >> 8) * 0x1p-23f;
  }
}

FilteredNoise::FilteredNoise(int reach, int hop)
    : kernels_(synth_kernels()), reach_(reach), hop_(hop), noise_(room(hop) + 2 * room(2 * reach)),
      swing_(static_cast<std::size_t>(reach)), rise_(room(hop)), made_(room(hop)), early_(room(hop)), late_(room(hop)),
      d_early_(room(2 * reach)), d_late_(room(2 * reach)) {
  for (int j = 0; j < hop; ++j) rise_[static_cast<std::size_t>(j)] = static_cast<float>(static_cast<double>(j) / hop);
}

void FilteredNoise::hear(std::uint64_t seed, std::uint64_t first) noexcept {
  const int before = reach_ - 1, window = hop_ + 2 * before;
  const bool next = hears_ && seed == seed_ && first - first_ == static_cast<std::uint64_t>(hop_);
  const int known = next ? window - hop_ : 0;
  if (next) std::copy_n(noise_.data() + hop_, known, noise_.data());
  white_noise(seed, first + static_cast<std::uint64_t>(known - before), noise_.data() + known, window - known);
  hears_ = true;
  seed_ = seed;
  first_ = first;
}

void FilteredNoise::play(const float* from, const float* to, float* y) noexcept {
  for (int d = 0; d < reach_; ++d) swing_[static_cast<std::size_t>(d)] = to[d] - from[d];
  kernels_.filter(from, swing_.data(), reach_, noise_.data() + reach_ - 1, rise_.data(), hop_, made_.data());
  std::copy_n(made_.data(), hop_, y);
}

void FilteredNoise::play_back(const float* dy, float* d_from, float* d_to) noexcept {
  for (std::size_t j = 0; j < static_cast<std::size_t>(hop_); ++j) {
    late_[j] = rise_[j] * dy[j];
    early_[j] = dy[j] - late_[j];
  }
  kernels_.filter_back(early_.data(), late_.data(), noise_.data(), hop_, static_cast<int>(d_early_.size()),
                       d_early_.data(), d_late_.data());
  const std::ptrdiff_t middle = reach_ - 1;
  const auto fold = [&](const std::vector<float>& d, float* to) {
    to[0] += d[static_cast<std::size_t>(middle)];
    for (int k = 1; k < reach_; ++k)
      to[k] += d[static_cast<std::size_t>(middle + k)] + d[static_cast<std::size_t>(middle - k)];
  };
  fold(d_early_, d_from);
  fold(d_late_, d_to);
}

}  // namespace tonewright
