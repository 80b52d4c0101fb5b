// Convolutions of many channels and their gradients as products of matrices whose right side is never written out:
// each vector of samples lies once in memory with what its taps reach, and the taps move along it.
//
// Source of the order of loops: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008.

namespace tonewright {
namespace {

constexpr std::size_t kStripFloats = 6144;         // of one tile's strips: half of the nearest cache
constexpr std::size_t kWeightFloats = 4096;        // of one tile's weights
constexpr std::size_t kSumFloats = std::size_t{1} << 17;  // of all sums that wait to be whole: half of the second cache
constexpr std::size_t kVectors = 24;               // that a row of weights meets before the next comes

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
    return places_[first].item == places_[first + vectors - 1].item && places_[first + vectors - 1].samples == kWidth;
  }

 private:
  std::size_t samples_, each_, all_, step_, count_ = 0;
  Place places_[kVectors];
};

// Strips of all vectors of some places, [tile][channel][its vectors][strip].
class Strips {
 public:
  // shift: from the first sample of a vector to the first of its strip, in steps.
  Strips(std::size_t phases, std::size_t length, std::ptrdiff_t shift)
      : phases_(phases), length_(length), shift_(shift), pitch_(ceiling(phases * length, kWidth) * kWidth) {}

  std::size_t pitch() const { return pitch_; }
  std::size_t length() const { return length_; }

  void fill(const Places& places, Sounds<const float> from, std::size_t samples, std::size_t channel, std::size_t channels) {
    static thread_local Floats floats;
    float* to = room(floats, places.count() * channels * pitch_);
    floats_ = to;
    for (std::size_t done = 0, some; done < places.count(); done += some, to += some * channels * pitch_) {
      some = next_vectors(places.count() - done);
      for (std::size_t v = 0; v < some; ++v) fill_one(places[done + v], from, samples, channel, channels, some * pitch_, to + v * pitch_);
    }
  }

  // Runs `pass` over some rows of weights and `vectors` vectors from one on, which make up a tile.
  void meet(Pass& pass, const float* left, std::size_t rows, std::size_t first, std::size_t vectors, const Target& to) const {
    const float* right[kTileVectors];
    for (std::size_t v = 0; v < vectors; ++v) right[v] = floats_ + first * pitch_ * pass.depth + v * pitch_;
    pass.right_step = static_cast<std::ptrdiff_t>(vectors * pitch_);
    tiles(pass, left, right, rows, vectors, to);
  }

 private:
  void fill_one(const Place& place, Sounds<const float> from, std::size_t samples, std::size_t channel, std::size_t channels,
                std::size_t step, float* to) const {
    const auto start = (static_cast<std::ptrdiff_t>(place.first) + shift_) * static_cast<std::ptrdiff_t>(phases_);
    const float* at = from.row(place.item, channel);
    if (phases_ == 1 && start >= 0 && static_cast<std::size_t>(start) + pitch_ <= samples) {
      at += start;
      for (; channels > 0; --channels, at += from.channel, to += step)
        for (std::size_t i = 0; i < pitch_; i += kWidth) store(to + i, load(at + i));
      return;
    }
    for (; channels > 0; --channels, at += from.channel, to += step)
      for (std::size_t p = 0; p < phases_; ++p)
        strip(at, samples, start + static_cast<std::ptrdiff_t>(p), phases_, length_, to + p * length_);
  }

  std::size_t phases_, length_;
  std::ptrdiff_t shift_;
  std::size_t pitch_;
  const float* floats_ = nullptr;
};

// Channels that are summed before the next are looked at.
std::size_t depth_of(const WideShape& s, std::size_t channels, std::size_t pitch) {
  const std::size_t most = std::min(kStripFloats / (kTileVectors * pitch), kWeightFloats / (kTileRows * s.kernel));
  const std::size_t blocks = ceiling(channels, std::clamp<std::size_t>(most, 1, std::max<std::size_t>(1, channels)));
  return ceiling(channels, std::max<std::size_t>(1, blocks));
}

void gather(const WideShape& s, const float* weights, const float* bias, Sounds<const float> from, Sounds<float> to) {
  Places places(s.batch, s.coarse_samples, s.coarse);
  Strips strips(s.stride, kWidth + s.span() / s.stride, 0);
  std::vector<Tap> taps(s.kernel);
  for (std::size_t k = 0; k < s.kernel; ++k)
    taps[k] = {static_cast<std::ptrdiff_t>(k),
               static_cast<std::ptrdiff_t>(k * s.dilation % s.stride * strips.length() + k * s.dilation / s.stride)};
  const std::size_t depth = depth_of(s, s.fine, strips.pitch()), row = s.fine * s.kernel, pitch = places.step() * kWidth;
  static thread_local Floats kept;
  float* sums = room(kept, s.coarse * pitch);
  Pass pass;
  pass.left_row = static_cast<std::ptrdiff_t>(row), pass.left_step = static_cast<std::ptrdiff_t>(s.kernel);
  pass.taps = taps.data(), pass.count = s.kernel;
  for (std::size_t first = 0; first < places.all(); first += places.step()) {
    places.move_to(first);
    for (std::size_t c = 0; c < s.fine; c += depth) {
      pass.depth = std::min(depth, s.fine - c), pass.add = c > 0;
      strips.fill(places, from, s.fine_samples, c, pass.depth);
      for (std::size_t m = 0; m < s.coarse; m += kTileRows)
        for (std::size_t v = 0, some; v < places.count(); v += some) {
          some = next_vectors(places.count() - v);
          const float* start = bias && c == 0 ? bias + m : nullptr;
          const Target target = places.whole(v, some)
                                    ? Target{to.row(places[v].item, m) + places[v].first, to.channel, start}
                                    : Target{sums + m * pitch + v * kWidth, static_cast<std::ptrdiff_t>(pitch), start};
          strips.meet(pass, weights + m * row + c * s.kernel, std::min(kTileRows, s.coarse - m), v, some, target);
        }
    }
    for (std::size_t v = 0, some; v < places.count(); v += some) {
      some = next_vectors(places.count() - v);
      if (places.whole(v, some)) continue;
      for (std::size_t i = v; i < v + some; ++i)
        for (std::size_t m = 0; m < s.coarse; ++m)
          std::copy_n(sums + m * pitch + i * kWidth, places[i].samples, to.row(places[i].item, m) + places[i].first);
    }
  }
}

// Which taps reach the fine samples of a phase, and how many coarse samples back.
std::vector<std::vector<Tap>> taps_of_phases(const WideShape& s, std::size_t reach) {
  std::vector<std::vector<Tap>> phases(s.stride);
  for (std::size_t k = 0; k < s.kernel; ++k)
    phases[k * s.dilation % s.stride].push_back(
        {static_cast<std::ptrdiff_t>(k), static_cast<std::ptrdiff_t>(reach - k * s.dilation / s.stride)});
  return phases;
}

constexpr std::size_t kRowsAtOnce = 48;  // of weights that are packed together; a multiple of each kTileRows

// Weights of some fine channels as they lie in memory, [tile of rows][coarse channel][its rows][kernel].
void pack(const WideShape& s, const float* weights, std::size_t m, std::size_t rows, std::size_t channel,
          std::size_t channels, float* to) {
  const std::size_t tile = kTileRows * s.kernel, whole = rows / kTileRows, rest = rows % kTileRows * s.kernel;
  for (std::size_t c = 0; c < channels; ++c) {
    const float* from = weights + ((channel + c) * s.fine + m) * s.kernel;
    for (std::size_t t = 0; t < whole; ++t, from += tile) {
      float* out = to + (t * channels + c) * tile;
      for (std::size_t i = 0; i < tile; i += kTileRows) std::memcpy(out + i, from + i, kTileRows * sizeof(float));
    }
    std::copy_n(from, rest, to + (whole * channels + c) * tile);
  }
}

void spread(const WideShape& s, const float* weights, const float* bias, Sounds<const float> from, Sounds<float> to) {
  Places places(s.batch, ceiling(s.fine_samples, s.stride), s.fine * s.stride);
  const std::size_t reach = s.span() / s.stride;
  Strips strips(1, kWidth + reach, -static_cast<std::ptrdiff_t>(reach));
  const std::vector<std::vector<Tap>> phases = taps_of_phases(s, reach);
  const std::size_t depth = depth_of(s, s.coarse, strips.pitch()), phase = places.step() * kWidth, pitch = s.stride * phase;
  static thread_local Floats kept, weighed;
  float *sums = room(kept, s.fine * pitch), *packed = room(weighed, kRowsAtOnce * s.kernel * depth);
  const Turns turns(s.stride);
  Pass pass;
  pass.left_row = static_cast<std::ptrdiff_t>(s.kernel), pass.left_step = static_cast<std::ptrdiff_t>(kTileRows * s.kernel);
  const auto direct = [&](std::size_t v, std::size_t some) { return s.stride == 1 && places.whole(v, some); };
  for (std::size_t first = 0; first < places.all(); first += places.step()) {
    places.move_to(first);
    for (std::size_t c = 0; c < s.coarse; c += depth) {
      pass.depth = std::min(depth, s.coarse - c), pass.add = c > 0;
      strips.fill(places, from, s.coarse_samples, c, pass.depth);
      for (std::size_t m = 0; m < s.fine; m += kRowsAtOnce) {
        const std::size_t rows = std::min(kRowsAtOnce, s.fine - m);
        pack(s, weights, m, rows, c, pass.depth, packed);
        for (std::size_t r = m; r < m + rows; r += kTileRows)
          for (std::size_t p = 0; p < s.stride; ++p) {
            pass.taps = phases[p].data(), pass.count = phases[p].size();
            for (std::size_t v = 0, some; v < places.count(); v += some) {
              some = next_vectors(places.count() - v);
              const float* start = bias && c == 0 ? bias + r : nullptr;
              const Target target = direct(v, some)
                                        ? Target{to.row(places[v].item, r) + places[v].first, to.channel, start}
                                        : Target{sums + r * pitch + p * phase + v * kWidth, static_cast<std::ptrdiff_t>(pitch), start};
              strips.meet(pass, packed + (r - m) * s.kernel * pass.depth, std::min(kTileRows, m + rows - r), v, some, target);
            }
          }
      }
    }
    for (std::size_t v = 0, some; v < places.count(); v += some) {
      some = next_vectors(places.count() - v);
      if (direct(v, some)) continue;
      for (std::size_t i = v; i < v + some; ++i) {
        const std::size_t at = places[i].first * s.stride;
        for (std::size_t m = 0; m < s.fine; ++m)
          turns.merge(sums + m * pitch + i * kWidth, phase, std::min(kWidth * s.stride, s.fine_samples - at), to.row(places[i].item, m) + at);
      }
    }
  }
}

constexpr std::size_t kSamplesAtOnce = 512;  // fine ones that are turned together

// Some blocks of fine channels, each [sample][channel] in a vector, and what all coarse channels make of them.
void slopes(const WideShape& s, Sounds<const float> fine, Sounds<const float> coarse, float* to) {
  const std::size_t blocks = ceiling(s.fine, kWidth), together = s.kernel % kTileVectors ? std::min(blocks, kTileVectors) : 1;
  const std::size_t depth = std::max<std::size_t>(1, std::min(s.coarse_samples, std::max<std::size_t>(16, kSamplesAtOnce / s.stride)));
  const std::size_t times = s.batch * ceiling(s.coarse_samples, depth), samples = (depth - 1) * s.stride + s.span() + 1;
  const std::size_t row = together * s.kernel * kWidth, kept = times > 1 ? s.coarse : kTileRows;
  static thread_local Floats first_room, second_room;
  float *turned = room(first_room, together * samples * kWidth), *sums = room(second_room, kept * row);
  const Turns turns(s.kernel);
  const Tap tap;
  Pass pass;
  pass.left_step = 1, pass.left_row = coarse.channel, pass.right_step = static_cast<std::ptrdiff_t>(s.stride * kWidth);
  pass.taps = &tap, pass.count = 1;
  if (times == 0) std::fill_n(to, s.coarse * s.fine * s.kernel, 0.0f);
  for (std::size_t block = 0; block < blocks; block += together) {
    const std::size_t some = std::min(together, blocks - block), vectors = some * s.kernel;
    for (std::size_t time = 0; time < times; ++time) {
      const std::size_t parts = times / s.batch, item = time / parts, n = time % parts * depth;
      pass.depth = std::min(depth, s.coarse_samples - n), pass.add = time > 0;
      for (std::size_t i = 0; i < some; ++i) {
        const std::size_t channel = (block + i) * kWidth;
        side_by_side(fine.row(item, channel) + n * s.stride, fine.channel, s.fine - channel,
                     (pass.depth - 1) * s.stride + s.span() + 1, turned + i * samples * kWidth);
      }
      for (std::size_t m = 0; m < s.coarse; m += kTileRows) {
        const std::size_t rows = std::min(kTileRows, s.coarse - m);
        float* out = sums + (times > 1 ? m * row : 0);
        for (std::size_t done = 0, v; done < vectors; done += v) {
          v = next_vectors(vectors - done);
          const float* right[kTileVectors];
          for (std::size_t i = 0; i < v; ++i)
            right[i] = turned + ((done + i) / s.kernel * samples + (done + i) % s.kernel * s.dilation) * kWidth;
          tiles(pass, coarse.row(item, m) + n, right, rows, v, {out + done * kWidth, static_cast<std::ptrdiff_t>(row)});
        }
        if (time + 1 < times) continue;
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t i = 0; i < some; ++i) {
            const std::size_t channel = (block + i) * kWidth;
            turns.merge(out + r * row + i * s.kernel * kWidth, kWidth, std::min<std::size_t>(kWidth, s.fine - channel) * s.kernel,
                        to + ((m + r) * s.fine + channel) * s.kernel);
          }
      }
    }
  }
}

}  // namespace
}  // namespace tonewright
