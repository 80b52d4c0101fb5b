// The gradient of weights: sums over time, so one of the sounds is turned until its channels lie side by side.

namespace tonewright {
namespace {

constexpr std::size_t kSamplesAtOnce = 512;  // fine ones that are turned together

// All that coarse channels hear, in rows: where it already lies, or copied together.
Sounds<const float> rows_of(const TeachingWideShape& s, const Heard& coarse) {
  if (coarse.before == 0 && coarse.slope == 1.0f) return coarse.now;
  static thread_local Floats kept;
  const std::size_t pitch = ceiling(coarse.samples() + 1, kWidth) * kWidth;
  float* to = room(kept, s.batch * s.coarse * pitch);
  for (std::size_t row = 0; row < s.batch * s.coarse; ++row)
    Voice(coarse, row / s.coarse, row % s.coarse).copy(0, coarse.samples(), to + row * pitch);
  return {to, static_cast<std::ptrdiff_t>(s.coarse * pitch), static_cast<std::ptrdiff_t>(pitch), coarse.samples()};
}

// Some blocks of fine channels after another, each [sample][channel] in a vector, and what all coarse channels make of
// them, piece of time after piece.
void slopes(const TeachingWideShape& s, const Heard& fine, const Heard& coarse, float* to) {
  const Sounds<const float> rows = rows_of(s, coarse);
  const std::size_t blocks = ceiling(s.fine, kWidth), together = s.kernel % kTileVectors ? std::min(blocks, kTileVectors) : 1;
  const std::size_t most = std::max<std::size_t>(16, kSamplesAtOnce / s.stride), depth = std::clamp<std::size_t>(rows.samples, 1, most);
  const std::size_t parts = ceiling(rows.samples, depth), times = s.batch * parts;
  const std::size_t samples = (depth - 1) * s.stride + s.span() + 1, row = together * s.kernel * kWidth;
  static thread_local Floats turned_room, sums_room;
  float *turned = room(turned_room, together * samples * kWidth), *sums = room(sums_room, (times > 1 ? s.coarse : kTileRows) * row);
  const Turns turns(s.kernel);
  const Tap tap;
  Pass pass;
  pass.left_step = 1, pass.left_row = rows.channel, pass.right_step = static_cast<std::ptrdiff_t>(s.stride * kWidth);
  pass.taps = &tap, pass.count = 1;
  const auto rows_meet = [&](const float* left, std::size_t count, std::size_t vectors, float* out) {
    for (std::size_t done = 0, some; done < vectors; done += some) {
      some = next_vectors(vectors - done);
      const float* right[kTileVectors];
      for (std::size_t v = done; v < done + some; ++v)
        right[v - done] = turned + (v / s.kernel * samples + v % s.kernel * s.dilation) * kWidth;
      tiles(pass, left, right, count, some, {out + done * kWidth, static_cast<std::ptrdiff_t>(row)});
    }
  };
  if (times == 0) std::fill_n(to, s.coarse * s.fine * s.kernel, 0.0f);
  for (std::size_t block = 0; block < blocks; block += together) {
    const std::size_t some = std::min(together, blocks - block);
    for (std::size_t time = 0; time < times; ++time) {
      const std::size_t item = time / parts, n = time % parts * depth;
      pass.depth = std::min(depth, rows.samples - n), pass.add = time > 0;
      for (std::size_t i = 0; i < some; ++i)
        side_by_side(fine, item, (block + i) * kWidth, s.fine, n * s.stride, (pass.depth - 1) * s.stride + s.span() + 1,
                     turned + i * samples * kWidth);
      for (std::size_t m = 0; m < s.coarse; m += kTileRows) {
        const std::size_t count = std::min(kTileRows, s.coarse - m);
        float* out = sums + (times > 1 ? m * row : 0);
        rows_meet(rows.row(item, m) + n, count, some * s.kernel, out);
        if (time + 1 < times) continue;
        for (std::size_t r = 0; r < count; ++r)
          for (std::size_t i = 0; i < some; ++i) {
            const std::size_t channel = (block + i) * kWidth, weights = std::min<std::size_t>(kWidth, s.fine - channel) * s.kernel;
            turns.merge(out + r * row + i * s.kernel * kWidth, kWidth, weights, to + ((m + r) * s.fine + channel) * s.kernel);
          }
      }
    }
  }
}

}  // namespace
}  // namespace tonewright
