#include "synth_nodes.h"

#include <algorithm>
#include <cmath>

#include "tonewright/filtered_noise.h"
#include "tonewright/harmonic_bank.h"
#include "wide.h"

namespace tonewright {

namespace {

constexpr std::int64_t kMaxHarmonics = 1 << 12, kMaxBands = 1 << 10, kMaxHop = 1 << 14, kMaxRate = 1 << 30;

class HarmonicBankNode : public Operation {
 public:
  HarmonicBankNode(int harmonics, int hop, int sample_rate)
      : bank_(harmonics, hop, sample_rate), sample_rate_(static_cast<float>(sample_rate)),
        before_(static_cast<std::size_t>(harmonics)), own_(static_cast<std::size_t>(harmonics)) {
    channels = 1;
    up = hop;
  }

  std::int64_t remembered() const override { return 64 * static_cast<std::int64_t>(own_.size()) + 8 * std::int64_t{up}; }

  void reset() noexcept override {
    tone_ = {};
    std::fill(own_.begin(), own_.end(), 0.0f);
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int m = 0; m < frames; ++m) {
      const float f0_hz = in[0].row(0)[m];
      own_.swap(before_);
      share(f0_hz, in[1], in[2].row(0)[m], m);
      bank_.turn(tone_, f0_hz);
      bank_.play(before_.data(), own_.data(), y.row(0) + static_cast<std::ptrdiff_t>(m) * up);
    }
  }

 private:
  // What each harmonic sounds with: it fades from 0.45 to half of the sample rate, and the rest is divided by its sum.
  void share(float f0_hz, const Signal& distribution, float amplitude, int frame) noexcept {
    constexpr double kStart = 0.45, kEnd = 0.5;
    float sum = 0.0f, number = 1.0f;
    for (int k = 0; k < distribution.channels; ++k, number += 1.0f) {
      const float heard = (static_cast<float>(kEnd) - number * f0_hz / sample_rate_) / static_cast<float>(kEnd - kStart);
      const float part = distribution.row(k)[frame] * std::clamp(heard, 0.0f, 1.0f);
      own_[static_cast<std::size_t>(k)] = part;
      sum += part;
    }
    const float scale = amplitude / (sum + 1e-8f);
    for (float& part : own_) part *= scale;
  }

  HarmonicBank bank_;
  float sample_rate_;
  Tone tone_;
  std::vector<float> before_, own_;
};

class FilteredNoiseNode : public Operation {
 public:
  FilteredNoiseNode(int bands, int hop)
      : noise_(bands - 1, hop), bands_(bands), reach_(static_cast<std::size_t>(bands - 1)), before_(reach_, 0.0f) {
    channels = 1;
    up = hop;
  }

  std::int64_t remembered() const override {
    return (std::int64_t{bands_} + 16) * static_cast<std::int64_t>(reach_) + 8 * std::int64_t{up};
  }

  // The filters of all frames at once: a product of matrices.
  void prepare(int max_frames) override {
    const std::vector<float> responses = responses_of(bands_), bias(reach_, 0.0f);
    const std::vector<Wide::Term> term = {{bands_, 1, 1, responses.data()}};
    wide_ = std::make_unique<Wide>(term, bias.data(), bands_ - 1, Wide::Manner{1, bands_ - 1, 1.0f});
    wide_->prepare(max_frames);
    filters_.assign(reach_ * static_cast<std::size_t>(max_frames), 0.0f);
  }

  void reset() noexcept override {
    first_ = 0;
    std::fill(before_.begin(), before_.end(), 0.0f);
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    wide_->process(in, Finish{}, {filters_.data(), filters_.size(), 1}, frames);
    const float *before = before_.data(), *own = filters_.data();
    for (int m = 0; m < frames; ++m, first_ += static_cast<std::uint64_t>(up), before = own, own += reach_) {
      noise_.hear(0, first_);
      noise_.play(before, own, y.row(0) + static_cast<std::ptrdiff_t>(m) * up);
    }
    std::copy_n(before, reach_, before_.data());
  }

 private:
  // The later halves of the filters that pass one band, [reach][bands]: their inverse transforms, and a Hann window.
  static std::vector<float> responses_of(int count) {
    const auto bands = static_cast<std::size_t>(count), reach = bands - 1, taps = 2 * reach;
    std::vector<double> cosines(taps);
    for (std::size_t i = 0; i < taps; ++i)
      cosines[i] = std::cos(2.0 * std::acos(-1.0) * static_cast<double>(i) / static_cast<double>(taps));
    std::vector<float> responses;
    for (std::size_t d = 0; d < reach; ++d)
      for (std::size_t b = 0; b < bands; ++b) {
        const double twice = b == 0 || b == bands - 1 ? 1.0 : 2.0;
        const double window = 0.5 + 0.5 * cosines[d];
        responses.push_back(static_cast<float>(window * twice * cosines[b * d % taps] / static_cast<double>(taps)));
      }
    return responses;
  }

  FilteredNoise noise_;
  int bands_;
  std::size_t reach_;
  std::uint64_t first_ = 0;
  std::unique_ptr<Wide> wide_;
  std::vector<float> before_, filters_;  // the last filter of the block before, and those of a block
};

}  // namespace

std::unique_ptr<Operation> make_harmonic_bank(const Json& node, const std::vector<int>& channels) {
  const Json& attributes = node.at("attributes");
  const auto harmonics = static_cast<int>(attributes.at("harmonics").integer(1, kMaxHarmonics));
  const auto hop = static_cast<int>(attributes.at("hop").integer(1, kMaxHop));
  const auto sample_rate = static_cast<int>(attributes.at("sample_rate").integer(1, kMaxRate));
  if (channels != std::vector<int>{1, harmonics, 1})
    throw FileError("a bank of harmonics in the file wants a pitch, a share for each harmonic and an amplitude");
  return std::make_unique<HarmonicBankNode>(harmonics, hop, sample_rate);
}

std::unique_ptr<Operation> make_filtered_noise(const Json& node, const std::vector<int>& channels) {
  const Json& attributes = node.at("attributes");
  const auto bands = static_cast<int>(attributes.at("bands").integer(2, kMaxBands));
  const auto hop = static_cast<int>(attributes.at("hop").integer(1, kMaxHop));
  if (channels != std::vector<int>{bands}) throw FileError("filtered noise in the file wants a magnitude for each band");
  return std::make_unique<FilteredNoiseNode>(bands, hop);
}

}  // namespace tonewright
