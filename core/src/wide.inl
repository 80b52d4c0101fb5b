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

// One vector of sums: an item, and where in its rows the vector begins.
struct Place {
  std::size_t item = 0, first = 0;
};

// The vectors of a batch that are made together; a vector belongs to one item.
class Places {
 public:
  Places(std::size_t batch, std::size_t samples, std::size_t rows) : each_(ceiling(samples, kWidth)), all_(batch * each_) {
    const std::size_t most = kSumFloats / std::max<std::size_t>(1, rows * kWidth);
    step_ = std::clamp(most / kTileVectors * kTileVectors, kTileVectors, kVectors);
  }
  std::size_t all() const { return all_; }
  std::size_t step() const { return std::min(step_, all_); }
  Place operator[](std::size_t v) const { return {v / each_, v % each_ * kWidth}; }

 private:
  std::size_t each_, all_, step_;
};

// Strips of all vectors of a block of places, [tile][channel][its vectors][strip].
class Strips {
 public:
  // shift: from the first sample of a vector to the first of its strip, in steps.
  Strips(std::size_t phases, std::size_t length, std::ptrdiff_t shift)
      : phases_(phases), length_(length), shift_(shift), pitch_(ceiling(phases * length, kWidth) * kWidth) {}

  std::size_t pitch() const { return pitch_; }
  std::size_t length() const { return length_; }

  void hold(std::size_t vectors, std::size_t channels) { floats_.resize(vectors * channels * pitch_); }

  void fill(const Places& places, std::size_t first, std::size_t vectors, Sounds<const float> from, std::size_t samples,
            std::size_t channel, std::size_t channels) {
    float* to = floats_.data();
    for (std::size_t done = 0, some; done < vectors; done += some) {
      some = next_vectors(vectors - done);
      for (std::size_t c = channel; c < channel + channels; ++c)
        for (std::size_t v = 0; v < some; ++v, to += pitch_) {
          const Place place = places[first + done + v];
          const auto start = (static_cast<std::ptrdiff_t>(place.first) + shift_) * static_cast<std::ptrdiff_t>(phases_);
          for (std::size_t p = 0; p < phases_; ++p)
            strip(from.row(place.item, c), samples, start + static_cast<std::ptrdiff_t>(p), phases_, length_, to + p * length_);
        }
    }
  }

  // Runs `pass` over some rows of weights and all vectors.
  void meet(Pass& pass, const float* left, std::size_t rows, std::size_t vectors, float* to) const {
    const float* at = floats_.data();
    for (std::size_t done = 0, some; done < vectors; done += some) {
      some = next_vectors(vectors - done);
      const float* right[kTileVectors];
      for (std::size_t v = 0; v < some; ++v) right[v] = at + v * pitch_;
      pass.right_step = static_cast<std::ptrdiff_t>(some * pitch_);
      tiles(pass, left, right, rows, some, to + done * kWidth);
      at += some * pitch_ * pass.depth;
    }
  }

 private:
  std::size_t phases_, length_;
  std::ptrdiff_t shift_;
  std::size_t pitch_;
  Floats floats_;
};

// Channels that are summed before the next are looked at.
std::size_t depth_of(const WideShape& s, std::size_t channels, std::size_t pitch) {
  const std::size_t most = std::min(kStripFloats / (kTileVectors * pitch), kWeightFloats / (kTileRows * s.kernel));
  const std::size_t blocks = ceiling(channels, std::clamp<std::size_t>(most, 1, std::max<std::size_t>(1, channels)));
  return ceiling(channels, std::max<std::size_t>(1, blocks));
}

void gather(const WideShape& s, const float* weights, const float* bias, Sounds<const float> from, Sounds<float> to) {
  const Places places(s.batch, s.coarse_samples, s.coarse);
  const std::size_t reach = s.span() / s.stride;
  Strips strips(s.stride, kWidth + reach, 0);
  std::vector<Tap> taps(s.kernel);
  for (std::size_t k = 0; k < s.kernel; ++k)
    taps[k] = {static_cast<std::ptrdiff_t>(k),
               static_cast<std::ptrdiff_t>(k * s.dilation % s.stride * strips.length() + k * s.dilation / s.stride)};
  const std::size_t step = places.step(), depth = depth_of(s, s.fine, strips.pitch()), row = s.fine * s.kernel;
  strips.hold(step, depth);
  Floats sums(s.coarse * step * kWidth);
  const Turns turns(1);
  Pass pass;
  pass.left_row = static_cast<std::ptrdiff_t>(row), pass.left_step = static_cast<std::ptrdiff_t>(s.kernel);
  pass.taps = taps.data(), pass.count = s.kernel, pass.to_row = step * kWidth;
  for (std::size_t first = 0; first < places.all(); first += step) {
    const std::size_t vectors = std::min(step, places.all() - first);
    for (std::size_t c = 0; c < s.fine; c += depth) {
      pass.depth = std::min(depth, s.fine - c), pass.add = c > 0;
      strips.fill(places, first, vectors, from, s.fine_samples, c, pass.depth);
      for (std::size_t m = 0; m < s.coarse; m += kTileRows)
        strips.meet(pass, weights + m * row + c * s.kernel, std::min(kTileRows, s.coarse - m), vectors,
                    sums.data() + m * pass.to_row);
    }
    for (std::size_t m = 0; m < s.coarse; ++m)
      for (std::size_t v = 0; v < vectors; ++v) {
        const Place place = places[first + v];
        turns.merge(sums.data() + m * pass.to_row + v * kWidth, 0, std::min<std::size_t>(kWidth, s.coarse_samples - place.first),
                    bias ? bias[m] : 0.0f, to.row(place.item, m) + place.first);
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

constexpr std::size_t kRowsAtOnce = 96;  // of weights that are packed together; a multiple of each kTileRows

// Weights of some fine channels as they lie in memory, [tile of rows][coarse channel][its rows][kernel].
void pack(const WideShape& s, const float* weights, std::size_t m, std::size_t rows, std::size_t channel,
          std::size_t channels, float* to) {
  for (std::size_t r = 0; r < rows; r += kTileRows) {
    const std::size_t count = std::min(kTileRows, rows - r) * s.kernel;
    float* out = to + r * s.kernel * channels;
    for (std::size_t c = channel; c < channel + channels; ++c, out += kTileRows * s.kernel)
      std::copy_n(weights + (c * s.fine + m + r) * s.kernel, count, out);
  }
}

void spread(const WideShape& s, const float* weights, const float* bias, Sounds<const float> from, Sounds<float> to) {
  const Places places(s.batch, ceiling(s.fine_samples, s.stride), s.fine * s.stride);
  const std::size_t reach = s.span() / s.stride;
  Strips strips(1, kWidth + reach, -static_cast<std::ptrdiff_t>(reach));
  const std::vector<std::vector<Tap>> phases = taps_of_phases(s, reach);
  const std::size_t step = places.step(), depth = depth_of(s, s.coarse, strips.pitch());
  strips.hold(step, depth);
  Floats sums(s.fine * s.stride * step * kWidth), packed(kRowsAtOnce * s.kernel * depth);
  const Turns turns(s.stride);
  Pass pass;
  pass.left_row = static_cast<std::ptrdiff_t>(s.kernel), pass.left_step = static_cast<std::ptrdiff_t>(kTileRows * s.kernel);
  pass.to_row = s.stride * step * kWidth;
  for (std::size_t first = 0; first < places.all(); first += step) {
    const std::size_t vectors = std::min(step, places.all() - first);
    for (std::size_t c = 0; c < s.coarse; c += depth) {
      pass.depth = std::min(depth, s.coarse - c), pass.add = c > 0;
      strips.fill(places, first, vectors, from, s.coarse_samples, c, pass.depth);
      for (std::size_t m = 0; m < s.fine; m += kRowsAtOnce) {
        const std::size_t rows = std::min(kRowsAtOnce, s.fine - m);
        pack(s, weights, m, rows, c, pass.depth, packed.data());
        for (std::size_t r = 0; r < rows; r += kTileRows)
          for (std::size_t p = 0; p < s.stride; ++p) {
            pass.taps = phases[p].data(), pass.count = phases[p].size();
            strips.meet(pass, packed.data() + r * s.kernel * pass.depth, std::min(kTileRows, rows - r), vectors,
                        sums.data() + (m + r) * pass.to_row + p * step * kWidth);
          }
      }
    }
    for (std::size_t m = 0; m < s.fine; ++m)
      for (std::size_t v = 0; v < vectors; ++v) {
        const Place place = places[first + v];
        const std::size_t at = place.first * s.stride;
        turns.merge(sums.data() + m * pass.to_row + v * kWidth, step * kWidth, std::min(kWidth * s.stride, s.fine_samples - at),
                    bias ? bias[m] : 0.0f, to.row(place.item, m) + at);
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
  Floats turned(together * samples * kWidth), sums(kept * row);
  const Turns turns(s.kernel);
  const Tap tap;
  Pass pass;
  pass.left_step = 1, pass.left_row = coarse.channel, pass.right_step = static_cast<std::ptrdiff_t>(s.stride * kWidth);
  pass.taps = &tap, pass.count = 1, pass.to_row = row;
  if (times == 0) std::fill_n(to, s.coarse * s.fine * s.kernel, 0.0f);
  for (std::size_t block = 0; block < blocks; block += together) {
    const std::size_t some = std::min(together, blocks - block), vectors = some * s.kernel;
    for (std::size_t time = 0; time < times; ++time) {
      const std::size_t parts = times / s.batch, item = time / parts, n = time % parts * depth;
      pass.depth = std::min(depth, s.coarse_samples - n), pass.add = time > 0;
      for (std::size_t i = 0; i < some; ++i) {
        const std::size_t channel = (block + i) * kWidth;
        side_by_side(fine.row(item, channel) + n * s.stride, fine.channel, s.fine - channel,
                     (pass.depth - 1) * s.stride + s.span() + 1, turned.data() + i * samples * kWidth);
      }
      for (std::size_t m = 0; m < s.coarse; m += kTileRows) {
        const std::size_t rows = std::min(kTileRows, s.coarse - m);
        float* out = sums.data() + (times > 1 ? m * row : 0);
        for (std::size_t done = 0, v; done < vectors; done += v) {
          v = next_vectors(vectors - done);
          const float* right[kTileVectors];
          for (std::size_t i = 0; i < v; ++i)
            right[i] = turned.data() + ((done + i) / s.kernel * samples + (done + i) % s.kernel * s.dilation) * kWidth;
          tiles(pass, coarse.row(item, m) + n, right, rows, v, out + done * kWidth);
        }
        if (time + 1 < times) continue;
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t i = 0; i < some; ++i) {
            const std::size_t channel = (block + i) * kWidth;
            turns.merge(out + r * row + i * s.kernel * kWidth, kWidth, std::min<std::size_t>(kWidth, s.fine - channel) * s.kernel,
                        0.0f, to + ((m + r) * s.fine + channel) * s.kernel);
          }
      }
    }
  }
}

}  // namespace
}  // namespace tonewright
