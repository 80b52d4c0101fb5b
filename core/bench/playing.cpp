// What playing costs without Python: nanoseconds for a sample at several blocks, and this core's peak beside.
//
//     playing FILE.tone BLOCK...            one JSON line for each block: medians of the player and of the peak
//     playing --load SECONDS FILE.tone      so much sound in blocks of 64: the slow blocks, not only the median
//
// TONEWRIGHT_WIDTH=8 (or 4) in the environment measures what an older CPU would run.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels.h"
#include "peak.h"
#include "tonewright/player.h"

using namespace tonewright;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<float> noise(std::size_t count) {
  std::vector<float> x(count);
  unsigned state = 1;
  for (float& sample : x) {
    state = state * 1664525u + 1013904223u;
    sample = static_cast<float>(state >> 8) / static_cast<float>(1 << 24) - 0.5f;
  }
  return x;
}

double quantile(std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

void check_channels(const Player& player) {
  if (player.inputs() != 1 || player.outputs() != 1) throw FileError("playing measures files of one channel only");
}

void measure(Player& player, int block) {
  const std::vector<float> x = noise(24000);
  std::vector<float> y(x.size() * static_cast<std::size_t>(player.up()));
  player.prepare(block);
  std::vector<double> costs, peaks;
  for (int round = 0; round < 15; ++round) {
    std::size_t at = 0;
    const double before = cpu_seconds();
    for (; at + static_cast<std::size_t>(block) <= x.size(); at += static_cast<std::size_t>(block))
      player.process(x.data() + at, y.data() + at, block);
    costs.push_back(1e9 * (cpu_seconds() - before) / static_cast<double>(at));
    peaks.push_back(gflops(kernels().width));
  }
  std::sort(costs.begin(), costs.end());
  std::sort(peaks.begin(), peaks.end());
  std::printf("{\"width\": %d, \"block\": %d, \"ns\": %.1f, \"peak_gflops\": %.1f}\n", kernels().width, block,
              quantile(costs, 0.5), quantile(peaks, 0.5));
}

void load(Player& player, double length) {
  constexpr int kBlock = 64;
  const std::vector<float> x = noise(48000 / kBlock * kBlock);
  std::vector<float> y(x.size() * static_cast<std::size_t>(player.up()));
  player.prepare(kBlock);
  std::vector<double> costs(static_cast<std::size_t>(length * player.sample_rate() / kBlock));
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const std::size_t at = i * kBlock % x.size();
    const double before = seconds();
    player.process(x.data() + at, y.data() + at, kBlock);
    costs[i] = 1e6 * (seconds() - before);
  }
  std::sort(costs.begin(), costs.end());
  std::printf("{\"blocks\": %zu, \"median_us\": %.2f, \"p99_9_us\": %.2f, \"worst_us\": %.2f}\n", costs.size(),
              quantile(costs, 0.5), quantile(costs, 0.999), costs.back());
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 4 && std::string(words[1]) == "--load") {
      Player player(ToneFile::load(words[3]));
      check_channels(player);
      load(player, std::atof(words[2]));
      return 0;
    }
    if (count < 3) throw FileError("usage: playing FILE.tone BLOCK... | playing --load SECONDS FILE.tone");
    Player player(ToneFile::load(words[1]));
    check_channels(player);
    for (int i = 2; i < count; ++i) measure(player, std::max(1, std::atoi(words[i])));
    return 0;
  } catch (const FileError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
