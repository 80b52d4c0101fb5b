// A whole model: the same in any blocks, no memory taken while it plays, and no number that stays broken.
#include <algorithm>
#include <thread>

#include "allocations.h"
#include "check.h"
#include "tonewright/player.h"

using namespace tonewright;

namespace {

constexpr const char* kDrive =
    R"({"name":"drive","unit":"","minimum":0,"maximum":1,"default":0.5,"smoothing_ms":5,"rate":"1"})";

// x, a knob, a dilated convolution over both, tanh, and back to one channel at the rate 1 / stride * stride.
ToneFile small_model(int stride) {
  Random random(3);
  std::string nodes = input_node() + "," + input_node("drive") + "," + glue_node("cat", "0,1") + "," +
                      conv_node(2, 2, 5, 3, 6, "a") + "," + glue_node("tanh", "3");
  std::vector<Weights> weights = {{"a", "[5,2,3]", random.noise(30)}};
  if (stride == 1) {
    nodes += "," + conv_node(4, 5, 1, 1, 0, "b");
    weights.push_back({"b", "[1,5,1]", random.noise(5)});
  } else {
    const std::string s = std::to_string(stride);
    nodes += "," + conv_node(4, 5, 3, 1, 0, "b", stride) +
             R"(,{"op":"conv_transpose1d","inputs":[5],"attributes":{"inputs":3,"outputs":1,"stride":)" + s +
             R"(,"groups":1,"memory":1},"weights":{"weight":"c"}})";
    weights.push_back({"b", "[3,5," + s + "]", random.noise(static_cast<std::size_t>(15 * stride))});
    weights.push_back({"c", "[3,1," + std::to_string(2 * stride) + "]", random.noise(static_cast<std::size_t>(6 * stride))});
  }
  const int output = stride == 1 ? 5 : 6;
  const auto bytes = tone_bytes(header_of(nodes, output, kDrive, 3 * stride + 6), weights);
  return ToneFile::parse(bytes.data(), bytes.size());
}

// The sound through the model in blocks of `size`, or random ones when it is 0; the knob moves at sample 600.
std::vector<float> play(Player& player, const std::vector<float>& x, int size) {
  Random random(4);
  std::vector<float> y(x.size());
  player.reset();
  const auto total = static_cast<int>(x.size());
  for (int at = 0; at < total;) {
    const int wanted = size ? size : 1 + random.below(200);
    const int end = std::min(total, at < 600 ? std::min(600, at + wanted) : at + wanted);
    if (at == 600) player.set(0, 0.9);
    player.process(x.data() + at, y.data() + at, end - at);
    at = end;
  }
  player.set(0, 0.5);
  return y;
}

void any_blocks_give_the_same(int stride) {
  const ToneFile file = small_model(stride);
  Player whole(file), pieces(file);
  whole.prepare(4096);
  pieces.prepare(200);
  const std::vector<float> x = Random(5).noise(4000);
  const std::vector<float> expected = play(whole, x, 4096);
  float largest = 0.0f;
  for (float v : expected) largest = std::max(largest, std::fabs(v));
  CHECK(largest > 0.1f);
  CHECK(whole.latency() == stride - 1);
  for (int size : {1, 7, 64, 200, 0}) {
    const long before = allocations;
    pieces.reset();
    CHECK(allocations == before);
    const std::vector<float> got = play(pieces, x, size);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::fabs(got[i] - expected[i]) < 1e-5f);
  }
}

void playing_takes_no_memory() {
  Player player(small_model(4));
  player.prepare(256);
  const std::vector<float> x = Random(6).noise(256);
  std::vector<float> y(256);
  const long before = allocations;
  for (int i = 0; i < 500; ++i) {
    player.set(0, 0.001 * i);
    player.process(x.data(), y.data(), 1 + i % 256);
  }
  CHECK(allocations == before);
}

void what_is_no_number_passes() {
  Player player(small_model(1));
  player.prepare(64);
  std::vector<float> x(64, 0.1f), y(64);
  x[10] = NAN;
  x[20] = INFINITY;
  player.process(x.data(), y.data(), 64);
  for (float v : y) CHECK(std::isfinite(v));
}

void silence_settles() {
  Player player(small_model(1));
  player.prepare(64);
  const std::vector<float> x(64, 0.0f);
  std::vector<float> y(64);
  player.process(x.data(), y.data(), 64);
  for (float v : y) CHECK(std::fabs(v - y[63]) < 1e-7f);
}

// Instances share nothing: several play at the same time. (What -DTONEWRIGHT_SANITIZE=thread looks at.)
void instances_play_at_the_same_time() {
  const std::vector<float> x = Random(7).noise(20000);
  std::vector<std::vector<float>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&x, &result] {
      Player player(small_model(1));
      player.prepare(64);
      result = play(player, x, 64);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == results[0]);
}

}  // namespace

int main() {
  any_blocks_give_the_same(1);
  any_blocks_give_the_same(4);
  any_blocks_give_the_same(6);
  playing_takes_no_memory();
  what_is_no_number_passes();
  silence_settles();
  instances_play_at_the_same_time();
  std::puts("player: all is well");
}
