// Sounds in the order that tiles read them, and back: strips of a vector and of what its taps reach, samples dealt out
// to phases, channels side by side.

#include <vector>

namespace tonewright {
namespace {

// Memory of this thread that is used again and again: fresh memory costs as much as the products that go there.
inline float* room(Floats& floats, std::size_t count) {
  if (floats.size() < count) {
    floats.clear();
    floats.resize(count);
  }
  return floats.data();
}

// to[i] = from[first + i * step], silence where there is none.
inline void strip(const float* from, std::size_t samples, std::ptrdiff_t first, std::size_t step, std::size_t count,
                  float* to) {
  const auto end = static_cast<std::ptrdiff_t>(samples), by = static_cast<std::ptrdiff_t>(step);
  std::size_t i = 0;
  for (; i < count && first < 0; ++i, first += by) to[i] = 0.0f;
  const std::size_t there = first >= end ? 0 : ceiling(static_cast<std::size_t>(end - first), step);
  const std::size_t stop = i + std::min(count - i, there);
  from += first;
  if (step == 1) {
    for (; i + kWidth <= stop; i += kWidth, from += kWidth) store(to + i, load(from));
    for (; i < stop; ++i) to[i] = *from++;
  } else {
    for (; i < stop; ++i, from += by) to[i] = *from;
  }
  for (; i < count; ++i) to[i] = 0.0f;
}

// Deals the samples of `count` phases out in turns, as many as `samples` in all, and back: what lies apart in memory
// for tiles and side by side for everybody else.
class Turns {
 public:
  explicit Turns(std::size_t count) : count_(count) {
#if defined(__AVX512F__)
    if (kWidth != 16 || count == 1) return;
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t l = 0; l < 16; ++l) lanes_.push_back(static_cast<std::int32_t>((j * 16 + l) / count));
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t p = 0; p < count; ++p) {
        unsigned mask = 0;
        for (std::size_t l = 0; l < 16; ++l) mask |= static_cast<unsigned>((j * 16 + l) % count == p) << l;
        masks_.push_back(static_cast<std::uint16_t>(mask));
      }
#endif
  }

  // to[i * count + p] = from[p * pitch + i], of one vector of each phase.
  void merge(const float* from, std::size_t pitch, std::size_t samples, float* to) const {
    if (count_ == 1 && samples >= kWidth) return store(to, load(from));
#if defined(__AVX512F__)
    if (kWidth == 16 && count_ > 1 && samples >= 16 * count_) {
      for (std::size_t j = 0; j < count_; ++j) {
        const __m512i lanes = _mm512_loadu_si512(lanes_.data() + j * 16);
        __m512 made = _mm512_setzero_ps();
        for (std::size_t p = 0; p < count_; ++p)
          made = _mm512_mask_permutexvar_ps(made, masks_[j * count_ + p], lanes, _mm512_loadu_ps(from + p * pitch));
        _mm512_storeu_ps(to + j * 16, made);
      }
      return;
    }
#endif
    for (std::size_t i = 0, s = 0; s < samples; ++i)
      for (std::size_t p = 0; p < count_ && s < samples; ++p, ++s) to[s] = from[p * pitch + i];
  }

 private:
  std::size_t count_;
  std::vector<std::int32_t> lanes_;   // where each sample of an output vector lies in its phase
  std::vector<std::uint16_t> masks_;  // [output vector][phase]: which samples of it are that phase's
};

#if defined(__AVX512F__)
// A square of 16 rows, turned. (GCC 12 warns of the instructions without a mask.)
inline void turn_square(const float* from, std::ptrdiff_t row, float* to) {
  constexpr __mmask16 kAll = 0xffff;
  __m512 a[16], b[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) a[i] = _mm512_loadu_ps(from + i * row);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_maskz_unpacklo_ps(kAll, a[i], a[i + 1]);
    b[i + 1] = _mm512_maskz_unpackhi_ps(kAll, a[i], a[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    a[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
    a[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
    a[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
    a[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    b[i] = _mm512_maskz_shuffle_f32x4(kAll, a[i], a[i + 4], 0x88);
    b[i + 4] = _mm512_maskz_shuffle_f32x4(kAll, a[i], a[i + 4], 0xdd);
    b[i + 8] = _mm512_maskz_shuffle_f32x4(kAll, a[i + 8], a[i + 12], 0x88);
    b[i + 12] = _mm512_maskz_shuffle_f32x4(kAll, a[i + 8], a[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm512_storeu_ps(to + i * 16, _mm512_maskz_shuffle_f32x4(kAll, b[i], b[i + 8], 0x88));
    _mm512_storeu_ps(to + (i + 4) * 16, _mm512_maskz_shuffle_f32x4(kAll, b[i + 4], b[i + 12], 0x88));
    _mm512_storeu_ps(to + (i + 8) * 16, _mm512_maskz_shuffle_f32x4(kAll, b[i], b[i + 8], 0xdd));
    _mm512_storeu_ps(to + (i + 12) * 16, _mm512_maskz_shuffle_f32x4(kAll, b[i + 4], b[i + 12], 0xdd));
  }
}
#endif

// `samples` of a vector of channels, of which `there` are: to[sample][channel].
inline void side_by_side(const float* from, std::ptrdiff_t channel, std::size_t there, std::size_t samples, float* to) {
  std::size_t t = 0;
#if defined(__AVX512F__)
  if (kWidth == 16 && there >= 16)
    for (; t + 16 <= samples; t += 16) turn_square(from + t, channel, to + t * 16);
#endif
  there = std::min<std::size_t>(there, kWidth);
  for (; t < samples; ++t) {
    std::size_t c = 0;
    for (; c < there; ++c) to[t * kWidth + c] = from[static_cast<std::ptrdiff_t>(c) * channel + static_cast<std::ptrdiff_t>(t)];
    for (; c < kWidth; ++c) to[t * kWidth + c] = 0.0f;
  }
}

}  // namespace
}  // namespace tonewright
