#include "tonewright/harmonic_bank.h"

#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "synth_kernels.h"

namespace tonewright {

namespace {

std::size_t room(int samples) { return padded(static_cast<std::size_t>(samples)); }

// That many turns without the whole ones, to the next 2^-64.
std::uint64_t fixed(double turns) noexcept {
  const double part = turns - std::nearbyint(turns);  // exact, within half a turn
  if (part >= 0.5) return std::uint64_t{1} << 63;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::nearbyint(std::ldexp(part, 64))));
}

}  // namespace

const SynthKernels& synth_kernels() noexcept {
#if defined(TONEWRIGHT_X86)
  if (kernels().width == 16) return kSynthKernels16;
  if (kernels().width == 8) return kSynthKernels8;
#endif
  return kSynthKernels4;
}

HarmonicBank::HarmonicBank(int harmonics, int hop, int sample_rate)
    : kernels_(synth_kernels()), harmonics_(harmonics), hop_(hop), sample_rate_(sample_rate),
      swing_(static_cast<std::size_t>(harmonics)), cosine_(room(hop)), sine_(room(hop)), rise_(room(hop)),
      made_(room(hop)), early_(room(hop)), late_(room(hop)),
      lanes_(2 * static_cast<std::size_t>(harmonics * kernels_.width)) {
  for (int j = 0; j < hop; ++j) rise_[static_cast<std::size_t>(j)] = static_cast<float>(static_cast<double>(j) / hop);
}

void HarmonicBank::turn(Tone& tone, double f0_hz) noexcept {
  const double highest = sample_rate_ / 2.0, to = f0_hz > 0.0 ? std::min(f0_hz, highest) : 0.0;
  const double from = tone.f0_hz > 0.0 ? std::min(tone.f0_hz, highest) : to, lowest = std::min(from, to);
  heard_ = harmonics_;
  if (lowest * heard_ >= highest) heard_ = std::min(heard_, static_cast<int>(highest / lowest) + 1);
  while (heard_ > 0 && lowest * heard_ >= highest) --heard_;
  const double start = std::ldexp(static_cast<double>(static_cast<std::int64_t>(tone.phase)), -64);
  kernels_.turn(start, from / sample_rate_, (to - from) / (2.0 * hop_ * sample_rate_), hop_, cosine_.data(),
                sine_.data());
  tone.phase += fixed((from + to) * 0.5 * hop_ / sample_rate_);
  tone.f0_hz = to;
}

void HarmonicBank::play(const float* from, const float* to, float* y) noexcept {
  // What is silent at both ends above the last harmonic that is not.
  int count = heard_;
  while (count > 0 && from[count - 1] == 0.0f && to[count - 1] == 0.0f) --count;
  for (int k = 0; k < count; ++k) swing_[static_cast<std::size_t>(k)] = to[k] - from[k];
  kernels_.sum(from, swing_.data(), count, {cosine_.data(), sine_.data()}, rise_.data(), hop_, made_.data());
  std::copy_n(made_.data(), hop_, y);
}

void HarmonicBank::play_back(const float* dy, float* d_from, float* d_to) noexcept {
  for (std::size_t j = 0; j < static_cast<std::size_t>(hop_); ++j) {
    late_[j] = rise_[j] * dy[j];
    early_[j] = dy[j] - late_[j];
  }
  kernels_.sum_back(early_.data(), late_.data(), heard_, {cosine_.data(), sine_.data()}, hop_, lanes_.data(), d_from,
                    d_to);
}

}  // namespace tonewright
