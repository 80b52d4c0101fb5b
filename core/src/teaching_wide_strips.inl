// Which vectors are made together, and the strips of samples that they are made of: a vector of each phase, and what
// the taps reach beside it.

namespace tonewright {
namespace {

constexpr std::size_t kSumFloats = std::size_t{1} << 17;  // of all vectors that are made together: half of the second cache
constexpr std::size_t kVectors = 24;                      // that a row of weights meets before the next comes

// One vector of sums: an item, where in its rows the vector begins, and how many of its samples there are.
struct Place {
  std::size_t item = 0, first = 0, samples = 0;
};

// The vectors of a batch that are made together; a vector belongs to one item.
class Places {
 public:
  Places(std::size_t batch, std::size_t samples, std::size_t rows)
      : samples_(samples), each_(ceiling(samples, kWidth)), all_(batch * each_) {
    const std::size_t most = kSumFloats / std::max<std::size_t>(1, rows * kWidth);
    step_ = std::min(all_, std::clamp(most / kTileVectors * kTileVectors, kTileVectors, kVectors));
  }
  std::size_t all() const { return all_; }
  std::size_t step() const { return step_; }
  std::size_t count() const { return count_; }
  const Place& operator[](std::size_t v) const { return places_[v]; }

  void move_to(std::size_t first) {
    count_ = std::min(step_, all_ - first);
    for (std::size_t v = 0; v < count_; ++v) {
      const std::size_t at = (first + v) % each_ * kWidth;
      places_[v] = {(first + v) / each_, at, std::min<std::size_t>(kWidth, samples_ - at)};
    }
  }

  // Whether the samples of some vectors lie side by side, and all of them are there.
  bool whole(std::size_t first, std::size_t vectors) const {
    const Place& last = places_[first + vectors - 1];
    return places_[first].item == last.item && last.samples == kWidth;
  }

  // Calls for each tile with its first vector, how many it has, and whether they are whole.
  template <typename Call>
  void each_tile(Call call) const {
    for (std::size_t v = 0, some; v < count_; v += some) {
      some = next_vectors(count_ - v);
      call(v, some, whole(v, some));
    }
  }

 private:
  std::size_t samples_, each_, all_, step_, count_ = 0;
  Place places_[kVectors];
};

// Strips of all vectors of some places, [tile][channel][its vectors][strip].
class Strips {
 public:
  // shift: from the first sample of a vector to the first of its strip, in turns of the phases.
  Strips(std::size_t phases, std::size_t length, std::ptrdiff_t shift)
      : turns_(phases), phases_(phases), length_(length), shift_(shift), pitch_(ceiling(phases * length, kWidth) * kWidth) {
    if (phases > 1) in_time_.resize(pitch_ + kWidth);
  }

  std::size_t pitch() const { return pitch_; }
  std::size_t length() const { return length_; }

  void fill(const Places& places, const Heard& heard, std::size_t channel, std::size_t channels) {
    static thread_local Floats floats;
    float* to = room(floats, places.count() * channels * pitch_);
    floats_ = to;
    places.each_tile([&](std::size_t first, std::size_t vectors, bool) {
      for (std::size_t v = 0; v < vectors; ++v)
        fill_one(places[first + v], heard, channel, channels, vectors * pitch_, to + v * pitch_);
      to += vectors * channels * pitch_;
    });
  }

  // Runs `pass` over some rows of weights and a tile's vectors.
  void meet(Pass& pass, const float* left, std::size_t rows, std::size_t first, std::size_t vectors, const Target& to) const {
    const float* right[kTileVectors];
    for (std::size_t v = 0; v < vectors; ++v) right[v] = floats_ + (first * pass.depth + v) * pitch_;
    pass.right_step = static_cast<std::ptrdiff_t>(vectors * pitch_);
    tiles(pass, left, right, rows, vectors, to);
  }

 private:
  void fill_one(const Place& place, const Heard& heard, std::size_t channel, std::size_t channels, std::size_t step, float* to) {
    const auto start = (static_cast<std::ptrdiff_t>(place.first) + shift_) * static_cast<std::ptrdiff_t>(phases_);
    for (std::size_t c = channel; c < channel + channels; ++c, to += step) {
      const Voice voice(heard, place.item, c);
      if (phases_ == 1) {
        voice.copy(start, pitch_, to);
      } else {
        voice.copy(start, phases_ * length_, in_time_.data());
        turns_.deal(in_time_.data(), length_, length_, to);
      }
    }
  }

  Turns turns_;
  std::size_t phases_, length_;
  std::ptrdiff_t shift_;
  std::size_t pitch_;
  Floats in_time_;
  const float* floats_ = nullptr;
};

}  // namespace
}  // namespace tonewright
