#include "hearing_nodes.h"

#include <algorithm>
#include <cmath>

#include "loudness.h"
#include "tonewright/pitch.h"

namespace tonewright {

namespace {

// The last samples of a sound, the newest at the end.
class Heard {
 public:
  Heard(std::int64_t before, std::int64_t hop)
      : hop_(static_cast<std::size_t>(hop)), samples_(static_cast<std::size_t>(before + hop)) {}

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(samples_.size()); }
  void reset() noexcept { std::fill(samples_.begin(), samples_.end(), 0.0); }
  const double* data() const noexcept { return samples_.data(); }

  void hear(const float* x) noexcept {
    std::copy(samples_.begin() + static_cast<std::ptrdiff_t>(hop_), samples_.end(), samples_.begin());
    std::copy_n(x, hop_, samples_.end() - static_cast<std::ptrdiff_t>(hop_));
  }

 private:
  std::size_t hop_;
  std::vector<double> samples_;
};

class Pitch : public Operation {
 public:
  explicit Pitch(const PitchRange& range)
      : range_(range), tracker_(range), heard_((kPitchWindow - 1) * range.hop, range.hop) {
    channels = 2;
    down = static_cast<int>(range.hop);
    reset();
  }

  // A double is two floats.
  std::int64_t remembered() const override { return 2 * (static_cast<std::int64_t>(tracker_.size()) + heard_.size()); }

  void reset() noexcept override {
    heard_.reset();
    track_ = {std::sqrt(range_.lowest_hz * range_.highest_hz)};
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int n = 0; n < frames / down; ++n) {
      heard_.hear(in->row(0) + n * down);
      y.row(1)[n] = static_cast<float>(tracker_.clarity(heard_.data(), track_));
      y.row(0)[n] = static_cast<float>(track_.f0_hz);
    }
  }

 private:
  PitchRange range_;
  PitchTracker tracker_;
  Heard heard_;
  PitchTrack track_;
};

class Loudness : public Operation {
 public:
  Loudness(std::int64_t sample_rate, std::int64_t hop)
      : meter_(sample_rate), heard_(LoudnessMeter::half(sample_rate) + hop, hop) {
    channels = 1;
    down = static_cast<int>(hop);
  }

  std::int64_t remembered() const override { return 16 * static_cast<std::int64_t>(meter_.size()) + 2 * heard_.size(); }
  void reset() noexcept override { heard_.reset(); }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int n = 0; n < frames / down; ++n) {
      heard_.hear(in->row(0) + n * down);
      y.row(0)[n] = static_cast<float>(meter_.level_db(heard_.data()));
    }
  }

 private:
  LoudnessMeter meter_;
  Heard heard_;
};

constexpr std::int64_t kMaxRate = 384000;

}  // namespace

std::unique_ptr<Operation> make_pitch(const Json& node, int channels) {
  if (channels != 1) throw FileError("a pitch tracker in the file hears more than one channel");
  const Json& attributes = node.at("attributes");
  const PitchRange range{attributes.at("sample_rate").integer(1, kMaxRate), attributes.at("hop").integer(1, kMaxStride),
                         attributes.at("lowest_hz").number(), attributes.at("highest_hz").number()};
  if (const char* wrong = wrong_with(range)) throw FileError(std::string("the file cannot be played: ") + wrong);
  return std::make_unique<Pitch>(range);
}

std::unique_ptr<Operation> make_loudness(const Json& node, int channels) {
  if (channels != 1) throw FileError("a loudness meter in the file hears more than one channel");
  const Json& attributes = node.at("attributes");
  const std::int64_t sample_rate = attributes.at("sample_rate").integer(1000, kMaxRate);
  const std::int64_t hop = attributes.at("hop").integer(1, kMaxStride);
  if (2 * hop < LoudnessMeter::half(sample_rate))
    throw FileError("a loudness meter in the file has a hop of less than half of its 16 ms");
  return std::make_unique<Loudness>(sample_rate, hop);
}

}  // namespace tonewright
