// What teaching does with vectors beside vector.inl; included where kWidth is known.
#include "vector.inl"

namespace tonewright {
namespace teaching {
namespace {

using Four = float __attribute__((vector_size(4 * sizeof(float))));

// Adds the lanes of v, four by four, to the four at `sums`.
inline void add_lanes(Vector v, float* sums) {
  Four sum, part;
  std::memcpy(&sum, sums, sizeof sum);
#if defined(__AVX512F__)
  const __m512 whole = reinterpret_cast<__m512>(v);  // by hand: a compiler goes through memory here
  const __m128 parts = (_mm512_maskz_extractf32x4_ps(0xf, whole, 0) + _mm512_maskz_extractf32x4_ps(0xf, whole, 1)) +
                       (_mm512_maskz_extractf32x4_ps(0xf, whole, 2) + _mm512_maskz_extractf32x4_ps(0xf, whole, 3));
  std::memcpy(&part, &parts, sizeof part);
  sum += part;
#else
  for (int i = 0; i < kWidth / 4; ++i) {
    std::memcpy(&part, reinterpret_cast<const char*>(&v) + sizeof part * i, sizeof part);
    sum += part;
  }
#endif
  std::memcpy(sums, &sum, sizeof sum);
}

}  // namespace
}  // namespace teaching
}  // namespace tonewright
