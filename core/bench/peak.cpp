// Prints the most GFLOP/s that one core does with the widest vectors it has: the median of some rounds.

#include "peak.h"

#include <algorithm>
#include <cstdio>

int main() {
  int width = 4;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) width = 8;
  if (__builtin_cpu_supports("avx512f")) width = 16;
#endif
  double peaks[15];
  for (double& peak : peaks) peak = gflops(width);
  std::nth_element(peaks, peaks + 7, peaks + 15);
  std::printf("%.1f\n", peaks[7]);
}
