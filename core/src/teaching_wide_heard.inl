// Sounds as convolutions hear them, in the order that tiles read them: samples of one phase side by side, or channels.

namespace tonewright {
namespace {

TONEWRIGHT_INLINE Vector bend(Vector x, float slope) { return x > 0.0f ? x : slope * x; }
inline float bend(float x, float slope) { return x > 0.0f ? x : slope * x; }

// One channel that is heard.
class Voice {
 public:
  Voice(const Heard& heard, std::size_t item, std::size_t channel)
      : now_(heard.now.row(item, channel)),
        past_(heard.past.at ? heard.past.row(item, channel) : nullptr),
        first_(static_cast<std::ptrdiff_t>(heard.before)),
        end_(static_cast<std::ptrdiff_t>(heard.samples())),
        slope_(heard.slope) {}

  float operator[](std::ptrdiff_t i) const {
    if (i >= first_) return i < end_ ? bend(now_[i - first_], slope_) : 0.0f;
    return past_ && i >= 0 ? past_[i] : 0.0f;
  }

  // to[i] = what is heard at first + i.
  void copy(std::ptrdiff_t first, std::size_t count, float* to) const {
    std::size_t i = 0;
    for (; i < count && first < first_; ++i, ++first) to[i] = (*this)[first];
    for (; i + kWidth <= count && first + kWidth <= end_; i += kWidth, first += kWidth)
      store(to + i, bend(load(now_ + (first - first_)), slope_));
    for (; i < count; ++i, ++first) to[i] = (*this)[first];
  }

 private:
  const float *now_, *past_;
  std::ptrdiff_t first_, end_;
  float slope_;
};

#if defined(__AVX512F__)
// A square of 16 rows, bent by a leaky ReLU and turned. (GCC 12 warns of the instructions without a mask.)
inline void turn_square(const float* from, std::ptrdiff_t row, float slope, float* to) {
  constexpr __mmask16 kAll = 0xffff;
  __m512 a[16], b[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) a[i] = reinterpret_cast<__m512>(bend(load(from + i * row), slope));
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

// Samples first to first + samples of a vector of channels: to[sample][channel], nothing where no channel is.
inline void side_by_side(const Heard& heard, std::size_t item, std::size_t channel, std::size_t channels, std::size_t first,
                         std::size_t samples, float* to) {
  const std::size_t there = std::min<std::size_t>(channels - channel, kWidth);
  std::size_t t = 0;
  const auto plainly = [&](std::size_t end) {
    for (std::size_t c = 0; c < there; ++c) {
      const Voice voice(heard, item, channel + c);
      for (std::size_t i = t; i < end; ++i) to[i * kWidth + c] = voice[static_cast<std::ptrdiff_t>(first + i)];
    }
    for (; t < end; ++t) std::fill(to + t * kWidth + there, to + (t + 1) * kWidth, 0.0f);
  };
#if defined(__AVX512F__)
  if (kWidth == 16 && there == 16) {
    plainly(std::min(samples, heard.before > first ? heard.before - first : 0));
    const float* from = heard.now.row(item, channel) + (first + t - heard.before);
    for (; t + 16 <= samples && first + t + 16 <= heard.samples(); t += 16, from += 16)
      turn_square(from, heard.now.channel, heard.slope, to + t * 16);
  }
#endif
  plainly(samples);
}

}  // namespace
}  // namespace tonewright
