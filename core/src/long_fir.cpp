#include "long_fir.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "pieces.h"
#include "shapes.h"

namespace tonewright {

namespace {

constexpr std::int64_t kMaxTaps = 1 << 20;
// The first kShort taps are summed up in time, so that nothing is late. What they leave is made of spectra of frames
// that are over: in pieces of kShort taps, and from 2 kLong taps on of kLong. When a long frame is over, its first
// answer is wanted one long frame later, so that the work is done bit by bit: a step whenever a short frame is over.
constexpr std::size_t kShort = 128, kLong = 2048;
constexpr std::size_t kSteps = kLong / kShort;

// Source: Gardner, "Efficient convolution without input-output delay", JAES 43 (3), 1995.
class LongFir : public Operation {
 public:
  LongFir(const std::vector<float>& response, int count) : taps_(response.size()) {
    channels = count;
    first_.assign(response.begin(), response.begin() + static_cast<std::ptrdiff_t>(std::min(taps_, kShort)));
    if (taps_ > kShort) short_.emplace(response, kShort, std::min(taps_, 2 * kLong), kShort);
    if (taps_ > 2 * kLong) long_.emplace(response, 2 * kLong, taps_, kLong);
  }

  int memory(std::size_t /*input*/) const override { return static_cast<int>(first_.size()) - 1; }
  std::int64_t remembered() const override { return static_cast<std::int64_t>(taps_) * (channels + 1); }

  void prepare(int /*max_frames*/) override {
    channels_.clear();
    for (int c = 0; short_ && c < channels; ++c) channels_.emplace_back(*short_, long_ ? &*long_ : nullptr);
    reset();
  }

  void reset() noexcept override {
    filled_ = step_ = 0;
    for (Channel& channel : channels_) channel.reset();
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int c = 0; c < channels; ++c)
      kernels_.direct(first_.data(), static_cast<int>(first_.size()), in[0].row(c), y.row(c), frames);
    const auto end = static_cast<std::size_t>(frames);
    for (std::size_t at = 0, count; short_ && at < end; at += count) {
      count = std::min(end - at, kShort - filled_);
      for (int c = 0; c < channels; ++c)
        channels_[static_cast<std::size_t>(c)].hear(in[0].row(c) + at, y.row(c) + at, filled_, count);
      if ((filled_ += count) == kShort) turn();
    }
  }

 private:
  struct Channel {
    HeardByPieces by_short;
    std::optional<HeardByPieces> by_long;
    Floats rest;                  // of the short frame that is filling up, what the first taps leave
    Floats long_rest, next_rest;  // of the long one and of the one after, what the long pieces make

    Channel(Pieces& short_pieces, Pieces* long_pieces) : by_short(short_pieces), rest(kShort) {
      if (!long_pieces) return;
      by_long.emplace(*long_pieces);
      long_rest.resize(kLong);
      next_rest.resize(kLong);
    }

    void reset() noexcept {
      by_short.reset();
      if (by_long) by_long->reset();
      for (Floats* samples : {&rest, &long_rest, &next_rest}) std::fill(samples->begin(), samples->end(), 0.0f);
    }

    void hear(const float* x, float* y, std::size_t at, std::size_t count) noexcept {
      std::memcpy(by_short.filling() + at, x, count * sizeof(float));
      for (std::size_t t = 0; t < count; ++t) y[t] += rest[at + t];
    }
  };

  // A short frame is over.
  void turn() noexcept {
    filled_ = 0;
    step_ = (step_ + 1) % kSteps;
    for (Channel& channel : channels_) {
      if (channel.by_long) {
        const std::size_t before = (step_ + kSteps - 1) % kSteps;
        std::memcpy(channel.by_long->filling() + before * kShort, channel.by_short.filling(), kShort * sizeof(float));
        step_of_long(channel);
      }
      channel.by_short.turn();
      channel.by_short.add(0, short_->count());
      channel.by_short.finish(channel.rest.data());
      if (!channel.by_long) continue;
      const float* made = channel.long_rest.data() + step_ * kShort;
      for (std::size_t t = 0; t < kShort; ++t) channel.rest[t] += made[t];
    }
  }

  // The first step transforms, the last transforms back, and those between share the products.
  void step_of_long(Channel& channel) noexcept {
    constexpr std::size_t kBetween = kSteps - 2;
    const std::size_t count = long_->count();
    if (step_ == 0) {
      channel.long_rest.swap(channel.next_rest);
      channel.by_long->turn();
    } else if (step_ <= kBetween) {
      channel.by_long->add((step_ - 1) * count / kBetween, step_ * count / kBetween);
    } else {
      channel.by_long->finish(channel.next_rest.data());
    }
  }

  const FftKernels& kernels_ = fft_kernels(kernels().width);
  std::size_t taps_;
  std::vector<float> first_;
  std::optional<Pieces> short_, long_;
  std::vector<Channel> channels_;
  std::size_t filled_ = 0;  // samples of the short frame
  std::size_t step_ = 0;    // short frames of the long one
};

}  // namespace

std::unique_ptr<Operation> make_long_fir(const Json& node, const Tensors& tensors, int channels) {
  const std::int64_t taps = node.at("attributes").at("taps").integer(1, kMaxTaps);
  if (taps > kMaxMemory / (channels + 1)) throw FileError("a long filter in the file remembers too many samples");
  const Tensor* response = weight_of(node, tensors, "response");
  if (!response || response->shape.size() != 1 || response->count() != taps)
    throw FileError("the response of a long filter in the file has another length than it says");
  return std::make_unique<LongFir>(response->data, channels);
}

}  // namespace tonewright
