// Convolutions of many channels as products of matrices whose right side is never written out: each vector of samples
// lies once in memory with what its taps reach, and the taps move along it.
//
// Source of the order of loops: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008.

namespace tonewright {
namespace {

constexpr std::size_t kStripFloats = 6144;   // of one tile's strips: half of the nearest cache
constexpr std::size_t kWeightFloats = 4096;  // of one tile's weights
constexpr std::size_t kPackedFloats = std::size_t{3} << 14;  // of the weights that are packed together

// Channels that are summed before the next are looked at.
std::size_t depth_of(const TeachingWideShape& s, std::size_t channels, std::size_t pitch) {
  const std::size_t most = std::min(kStripFloats / (kTileVectors * pitch), kWeightFloats / (kTileRows * s.kernel));
  const std::size_t blocks = ceiling(channels, std::clamp<std::size_t>(most, 1, std::max<std::size_t>(1, channels)));
  return ceiling(channels, std::max<std::size_t>(1, blocks));
}

// y is multiplied by the slope that a leaky ReLU has at x.
inline void shade(const float* x, float slope, std::size_t samples, float* y) {
  std::size_t i = 0;
  for (; i + kWidth <= samples; i += kWidth) {
    const Vector v = load(y + i);
    store(y + i, load(x + i) > 0.0f ? v : slope * v);
  }
  for (; i < samples; ++i) y[i] = x[i] > 0.0f ? y[i] : slope * y[i];
}

// Lets whole vectors go straight to where they belong.
inline void aim(Target& target, const Place& place, std::size_t row, Sounds<float> to, const Bent& bent) {
  target.at = to.row(place.item, row) + place.first, target.row = to.channel;
  if (!bent.at.at) return;
  target.bent = bent.at.row(place.item, row) + place.first, target.bent_row = bent.at.channel, target.slope = bent.slope;
}

void gather(const TeachingWideShape& s, const float* weights, const float* bias, const Heard& fine, const Bent& bent,
            Sounds<float> to) {
  Places places(s.batch, to.samples, s.coarse);
  Strips strips(s.stride, kWidth + s.span() / s.stride, 0);
  std::vector<Tap> taps(s.kernel);
  for (std::size_t k = 0; k < s.kernel; ++k) {
    const std::size_t at = k * s.dilation % s.stride * strips.length() + k * s.dilation / s.stride;
    taps[k] = {static_cast<std::ptrdiff_t>(k), static_cast<std::ptrdiff_t>(at)};
  }
  const std::size_t depth = depth_of(s, s.fine, strips.pitch()), row = s.fine * s.kernel, pitch = places.step() * kWidth;
  static thread_local Floats kept;
  float* sums = room(kept, s.coarse * pitch);
  Pass pass;
  pass.left_row = static_cast<std::ptrdiff_t>(row), pass.left_step = static_cast<std::ptrdiff_t>(s.kernel);
  pass.taps = taps.data(), pass.count = s.kernel;
  for (std::size_t first = 0; first < places.all(); first += places.step()) {
    places.move_to(first);
    for (std::size_t c = 0; c == 0 || c < s.fine; c += depth) {
      pass.depth = std::min(depth, s.fine - c), pass.add = c > 0;
      strips.fill(places, fine, c, pass.depth);
      for (std::size_t m = 0; m < s.coarse; m += kTileRows)
        places.each_tile([&](std::size_t v, std::size_t vectors, bool whole) {
          Target target{sums + m * pitch + v * kWidth, static_cast<std::ptrdiff_t>(pitch)};
          if (whole) aim(target, places[v], m, to, c + depth >= s.fine ? bent : Bent{});
          if (bias && c == 0) target.bias = bias + m;
          strips.meet(pass, weights + m * row + c * s.kernel, std::min(kTileRows, s.coarse - m), v, vectors, target);
        });
    }
    places.each_tile([&](std::size_t v, std::size_t vectors, bool whole) {
      for (std::size_t m = 0; m < s.coarse && !whole; ++m)
        for (std::size_t i = v; i < v + vectors; ++i) {
          const Place& place = places[i];
          float* y = to.row(place.item, m) + place.first;
          std::copy_n(sums + m * pitch + i * kWidth, place.samples, y);
          if (bent.at.at) shade(bent.at.row(place.item, m) + place.first, bent.slope, place.samples, y);
        }
    });
  }
}

// For each phase of the fine samples, the taps that reach it.
struct Reach {
  std::vector<std::vector<Tap>> phases;
  std::ptrdiff_t least = 0, length = 0;  // of coarse samples, from the vector's own

  Reach(const TeachingWideShape& s, std::size_t skip) : phases(s.stride) {
    const auto stride = static_cast<std::ptrdiff_t>(s.stride);
    std::ptrdiff_t most = 0;
    for (std::size_t k = 0; k < s.kernel; ++k)
      for (std::size_t p = 0; p < s.stride; ++p) {
        const auto far = static_cast<std::ptrdiff_t>(p + skip) - static_cast<std::ptrdiff_t>(k * s.dilation);
        if (far % stride) continue;
        phases[p].push_back({static_cast<std::ptrdiff_t>(k), far / stride});
        least = k == 0 ? far / stride : std::min(least, far / stride);
        most = k == 0 ? far / stride : std::max(most, far / stride);
      }
    length = kWidth + most - least;
    for (auto& phase : phases)
      for (Tap& tap : phase) tap.right -= least;
  }
};

constexpr std::size_t kAhead = 4;  // rows of weights that are asked for before they are packed

// Weights of some fine channels as they lie in memory, [tile of rows][coarse channel][its rows][kernel].
void pack(const TeachingWideShape& s, const float* weights, std::size_t m, std::size_t rows, std::size_t channel,
          std::size_t channels, float* to) {
  const std::size_t tile = kTileRows * s.kernel, whole = rows / kTileRows, rest = rows % kTileRows * s.kernel;
  for (std::size_t c = 0; c < channels; ++c) {
    const float* from = weights + ((channel + c) * s.fine + m) * s.kernel;
    for (std::size_t t = 0; t < whole; ++t, from += tile) {
      for (std::size_t i = 0; i < tile; i += 16) __builtin_prefetch(from + kAhead * s.fine * s.kernel + i);
      float* out = to + (t * channels + c) * tile;
      for (std::size_t i = 0; i < tile; i += kTileRows) std::memcpy(out + i, from + i, kTileRows * sizeof(float));
    }
    std::copy_n(from, rest, to + (whole * channels + c) * tile);
  }
}

void spread(const TeachingWideShape& s, const float* weights, const float* bias, const Heard& coarse, std::size_t skip,
            const Bent& bent, Sounds<float> to) {
  Places places(s.batch, ceiling(to.samples, s.stride), s.fine * s.stride);
  const Reach reach(s, skip);
  Strips strips(1, static_cast<std::size_t>(reach.length), reach.least);
  const std::size_t depth = depth_of(s, s.coarse, strips.pitch()), phase = places.step() * kWidth, pitch = s.stride * phase;
  const std::size_t at_once = std::max<std::size_t>(1, kPackedFloats / (s.kernel * depth * kTileRows)) * kTileRows;
  static thread_local Floats kept, weighed;
  float *sums = room(kept, s.fine * pitch), *packed = room(weighed, at_once * s.kernel * depth);
  const Turns turns(s.stride);
  Pass pass;
  pass.left_row = static_cast<std::ptrdiff_t>(s.kernel), pass.left_step = static_cast<std::ptrdiff_t>(kTileRows * s.kernel);
  const auto rows_meet = [&](std::size_t c, std::size_t r, std::size_t rows, const float* left) {
    for (std::size_t p = 0; p < s.stride; ++p) {
      pass.taps = reach.phases[p].data(), pass.count = reach.phases[p].size();
      places.each_tile([&](std::size_t v, std::size_t vectors, bool whole) {
        Target target{sums + r * pitch + p * phase + v * kWidth, static_cast<std::ptrdiff_t>(pitch)};
        if (whole && s.stride == 1) aim(target, places[v], r, to, c + depth >= s.coarse ? bent : Bent{});
        if (bias && c == 0) target.bias = bias + r;
        strips.meet(pass, left, rows, v, vectors, target);
      });
    }
  };
  for (std::size_t first = 0; first < places.all(); first += places.step()) {
    places.move_to(first);
    for (std::size_t c = 0; c == 0 || c < s.coarse; c += depth) {
      pass.depth = std::min(depth, s.coarse - c), pass.add = c > 0;
      strips.fill(places, coarse, c, pass.depth);
      for (std::size_t m = 0; m < s.fine; m += at_once) {
        const std::size_t end = std::min(s.fine, m + at_once);
        pack(s, weights, m, end - m, c, pass.depth, packed);
        for (std::size_t r = m; r < end; r += kTileRows)
          rows_meet(c, r, std::min(kTileRows, end - r), packed + (r - m) * s.kernel * pass.depth);
      }
    }
    places.each_tile([&](std::size_t v, std::size_t vectors, bool whole) {
      for (std::size_t m = 0; m < s.fine && !(whole && s.stride == 1); ++m)
        for (std::size_t i = v; i < v + vectors; ++i) {
          const std::size_t at = places[i].first * s.stride, samples = std::min(kWidth * s.stride, to.samples - at);
          float* y = to.row(places[i].item, m) + at;
          turns.merge(sums + m * pitch + i * kWidth, phase, samples, y);
          if (bent.at.at) shade(bent.at.row(places[i].item, m) + at, bent.slope, samples, y);
        }
    });
  }
}

}  // namespace
}  // namespace tonewright
