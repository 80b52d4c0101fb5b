// Samples in the order of time, dealt out to phases and back.

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

// Samples of `count` phases: what lies apart in memory for tiles, and in turns for everybody else.
class Turns {
 public:
  explicit Turns(std::size_t count) : count_(count) {
#if defined(__AVX512F__)
    if (kWidth != 16 || count == 1) return;
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t l = 0; l < 16; ++l) {
        merged_.push_back(static_cast<std::int32_t>((j * 16 + l) / count));
        dealt_.push_back(static_cast<std::int32_t>((l * count + j) % 16));
      }
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t p = 0; p < count; ++p) {
        unsigned merged = 0, dealt = 0;
        for (std::size_t l = 0; l < 16; ++l) {
          merged |= static_cast<unsigned>((j * 16 + l) % count == p) << l;
          dealt |= static_cast<unsigned>((l * count + j) / 16 == p) << l;
        }
        merged_masks_.push_back(static_cast<std::uint16_t>(merged));
        dealt_masks_.push_back(static_cast<std::uint16_t>(dealt));
      }
#endif
  }

  // to[p * pitch + i] = from[i * count + p], `samples` of each phase.
  void deal(const float* from, std::size_t pitch, std::size_t samples, float* to) const {
    std::size_t i = 0;
#if defined(__AVX512F__)
    if (kWidth == 16 && count_ > 1)
      for (; i + 16 <= samples; i += 16)
        for (std::size_t p = 0; p < count_; ++p)
          _mm512_storeu_ps(to + p * pitch + i, pick(from + i * count_, 16, dealt_.data() + p * 16, dealt_masks_.data() + p * count_));
#endif
    for (; i < samples; ++i)
      for (std::size_t p = 0; p < count_; ++p) to[p * pitch + i] = from[i * count_ + p];
  }

  // to[i * count + p] = from[p * pitch + i], of one vector of each phase.
  void merge(const float* from, std::size_t pitch, std::size_t samples, float* to) const {
    if (count_ == 1 && samples >= kWidth) return store(to, load(from));
#if defined(__AVX512F__)
    if (kWidth == 16 && count_ > 1 && samples >= 16 * count_) {
      for (std::size_t j = 0; j < count_; ++j)
        _mm512_storeu_ps(to + j * 16, pick(from, pitch, merged_.data() + j * 16, merged_masks_.data() + j * count_));
      return;
    }
#endif
    for (std::size_t i = 0, s = 0; s < samples; ++i)
      for (std::size_t p = 0; p < count_ && s < samples; ++p, ++s) to[s] = from[p * pitch + i];
  }

 private:
#if defined(__AVX512F__)
  // One vector of `count` of them that are `pitch` apart: which lane of each, and which each gives.
  __m512 pick(const float* from, std::size_t pitch, const std::int32_t* lanes, const std::uint16_t* masks) const {
    const __m512i at = _mm512_loadu_si512(lanes);
    __m512 made = _mm512_setzero_ps();
    for (std::size_t p = 0; p < count_; ++p)
      made = _mm512_mask_permutexvar_ps(made, masks[p], at, _mm512_loadu_ps(from + p * pitch));
    return made;
  }
#endif
  std::size_t count_;
  std::vector<std::int32_t> merged_, dealt_;               // [vector that is made][lane of the vectors it is made of]
  std::vector<std::uint16_t> merged_masks_, dealt_masks_;  // [vector that is made][vector it is made of]
};

}  // namespace
}  // namespace tonewright
