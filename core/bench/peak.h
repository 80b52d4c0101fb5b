// The most floating-point operations per second that one core does at a width: ten independent sums of products.
#pragma once

#include <ctime>

// Of the processor, in this process: what other programs take does not count.
inline double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// `target` is what lets the compiler use the instructions of that width.
#define TONEWRIGHT_STEP(k)   \
  s##k = s##k * factor + one; \
  asm volatile("" : "+v"(s##k));
#define TONEWRIGHT_PEAK(width, target)                                                                              \
  target inline double gflops_##width() {                                                                           \
    using Vector = float __attribute__((vector_size(width * sizeof(float))));                                       \
    constexpr int kRounds = 1000000;                                                                                 \
    Vector factor = Vector{} + 0.999f, one = Vector{} + 1e-3f;                                                      \
    Vector s0 = one, s1 = one, s2 = one, s3 = one, s4 = one, s5 = one, s6 = one, s7 = one, s8 = one, s9 = one;      \
    const double before = cpu_seconds();                                                                                \
    for (int i = 0; i < kRounds; ++i) {                                                                             \
      TONEWRIGHT_STEP(0) TONEWRIGHT_STEP(1) TONEWRIGHT_STEP(2) TONEWRIGHT_STEP(3) TONEWRIGHT_STEP(4)                \
      TONEWRIGHT_STEP(5) TONEWRIGHT_STEP(6) TONEWRIGHT_STEP(7) TONEWRIGHT_STEP(8) TONEWRIGHT_STEP(9)                \
    }                                                                                                               \
    return 2e-9 * width * 10 * kRounds / (cpu_seconds() - before);                                                      \
  }

#if defined(__x86_64__)
TONEWRIGHT_PEAK(16, __attribute__((target("avx512f,fma"), noinline)))
TONEWRIGHT_PEAK(8, __attribute__((target("avx2,fma"), noinline)))
TONEWRIGHT_PEAK(4, __attribute__((noinline)))
#endif

inline double gflops(int width) {
#if defined(__x86_64__)
  return width == 16 ? gflops_16() : width == 8 ? gflops_8() : gflops_4();
#else
  return 0.0 * width;
#endif
}
