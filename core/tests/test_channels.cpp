// Models that hear and make several channels: the same in any blocks, blocks of their own included.
#include <algorithm>

#include "allocations.h"
#include "check.h"
#include "feedback_models.h"
#include "tonewright/player.h"

using namespace tonewright;

namespace {

constexpr const char* kAmount =
    R"({"name":"amount","unit":"","minimum":0,"maximum":1,"default":0.5,"smoothing_ms":5,"rate":"1"})";

using Sound = std::vector<std::vector<float>>;

ToneFile file_of(const std::string& nodes, int output, const std::string& ports, int settle, int block = 1,
                 const std::vector<Weights>& weights = {}) {
  std::string header = header_of(nodes, output, ports, settle);
  const std::string said = "\"block\":1";
  header.replace(header.find(said), said.size(), "\"block\":" + std::to_string(block));
  const auto bytes = tone_bytes(header, weights);
  return ToneFile::parse(bytes.data(), bytes.size());
}

// left = (right + 0.25) three samples late, right = left + amount * right.
ToneFile crossed(int block) {
  const std::string nodes = input_node("x", 2) + "," + input_node("amount") + "," +
                            glue_node("slice", "0", R"({"start":0,"stop":1})") + "," +
                            glue_node("slice", "0", R"({"start":1,"stop":2})") + "," +
                            R"({"op":"number","inputs":[],"attributes":{"value":0.25},"weights":{}},)" +
                            glue_node("add", "3,4") + "," + glue_node("delay", "5", R"({"samples":3})") + "," +
                            glue_node("mul", "3,1") + "," + glue_node("add", "2,7") + "," + glue_node("cat", "6,8");
  return file_of(nodes, 9, kAmount, 3, block);
}

// The sound through the player in blocks of `size`, or random ones when it is 0.
Sound play(Player& player, const Sound& x, int size) {
  Random random(4);
  const auto total = static_cast<int>(x[0].size());
  Sound y(static_cast<std::size_t>(player.outputs()), std::vector<float>(x[0].size()));
  player.reset();
  for (int at = 0; at < total;) {
    const int count = std::min(total - at, size ? size : 1 + random.below(200));
    std::vector<const float*> ins;
    std::vector<float*> outs;
    for (const auto& row : x) ins.push_back(row.data() + at);
    for (auto& row : y) outs.push_back(row.data() + at);
    player.process(ins.data(), outs.data(), count);
    at += count;
  }
  return y;
}

void channels_cross(int block) {
  Player player(crossed(block));
  player.prepare(200);
  CHECK(player.inputs() == 2 && player.outputs() == 2 && player.latency() == block - 1 && !player.can_prime());
  const Sound x = {Random(5).noise(3000), Random(6).noise(3000)};
  const auto late = static_cast<std::size_t>(block - 1);
  for (int size : {1, 7, 64, 200, 0, 3000}) {
    const Sound y = play(player, x, size);
    for (std::size_t t = 0; t < late; ++t) CHECK(y[0][t] == 0.0f && y[1][t] == 0.0f);
    for (std::size_t t = late; t < 3000; ++t) {
      const std::size_t at = t - late;
      CHECK(y[0][t] == 0.25f + (at < 3 ? 0.0f : x[1][at - 3]));  // it has heard silence before
      CHECK(std::fabs(y[1][t] - (x[0][at] + 0.5f * x[1][at])) < 1e-6f);
    }
  }
}

// One channel to three, and five to one.
void other_numbers_of_channels() {
  const std::vector<Weights> weights = {{"a", "[3,1,1]", {1.0f, -2.0f, 0.5f}}};
  Player wide(file_of(input_node() + "," + conv_node(0, 1, 3, 1, 0, "a"), 1, "", 0, 1, weights));
  wide.prepare(64);
  CHECK(wide.inputs() == 1 && wide.outputs() == 3);
  const Sound x = {Random(7).noise(300)}, y = play(wide, x, 0);
  for (std::size_t t = 0; t < 300; ++t)
    for (std::size_t c = 0; c < 3; ++c) CHECK(y[c][t] == weights[0].data[c] * x[0][t]);
  Player narrow(file_of(input_node("x", 5) + "," + glue_node("slice", "0", R"({"start":3,"stop":4})"), 1, "", 0, 4));
  narrow.prepare(64);
  CHECK(narrow.inputs() == 5 && narrow.outputs() == 1);
  Sound five(5, std::vector<float>(300, NAN));
  five[3] = Random(8).noise(300);
  const Sound one = play(narrow, five, 0);
  for (std::size_t t = 3; t < 300; ++t) CHECK(one[0][t] == five[3][t - 3]);
}

// Blocks that make fewer samples than they hear, in calls longer than what was prepared.
void blocks_at_half_the_rate() {
  // Left of the first sample, right of the second.
  const std::vector<Weights> weights = {{"a", "[2,2,2]", {1, 0, 0, 0, 0, 0, 0, 1}}};
  Player player(file_of(input_node("x", 2) + "," + conv_node(0, 2, 2, 1, 0, "a", 2), 1, "", 0, 2, weights));
  player.prepare(17);
  const Sound x = {Random(9).noise(400), Random(10).noise(400)};
  Sound y(2, std::vector<float>(200));
  const float* ins[2] = {x[0].data(), x[1].data()};
  float* outs[2] = {y[0].data(), y[1].data()};
  player.process(ins, outs, 1);  // nothing comes out yet
  const float* others[2] = {x[0].data() + 1, x[1].data() + 1};
  player.process(others, outs, 399);
  for (std::size_t t = 0; t < 200; ++t) CHECK(y[0][t] == x[0][2 * t] && y[1][t] == x[1][2 * t + 1]);
}

void no_memory_is_taken_and_no_number_stays_broken(int block) {
  Player player(crossed(block));
  player.prepare(64);
  Sound x = {Random(11).noise(100), Random(12).noise(100)}, y = x;
  x[1][10] = NAN;
  x[0][20] = -INFINITY;
  const float* ins[2] = {x[0].data(), x[1].data()};
  float* outs[2] = {y[0].data(), y[1].data()};
  const long before = allocations;
  for (int i = 0; i < 300; ++i) {
    player.set(0, 0.01 * i);
    player.process(ins, outs, 1 + i % 100);
    if (i % 50 == 0) player.reset();
  }
  CHECK(allocations == before);
  for (const auto& row : y)
    for (float v : row) CHECK(std::isfinite(v));
}

// A loop that sums up both channels goes on from what it is given.
void a_loop_of_two_channels_is_primed() {
  Random random(1);
  std::vector<Weights> weights;
  Nodes outer(random, "", weights), inner(random, "loop.", weights);
  const int x = inner.input("x", 2), y = inner.input("y", 1);
  const int both = inner.glue("add", {inner.slice(x, 0, 1), inner.slice(x, 1, 2)});
  outer.feedback(outer.input("x", 2), 1, inner, inner.glue("add", {both, y}));
  Player player(file_of(outer.json(), 1, "", 0, 1, weights));
  player.prepare(16);
  CHECK(player.can_prime() && player.inputs() == 2 && player.outputs() == 1);
  const std::vector<float> left(40, 1.0f), right(40, 2.0f), given(40, 10.0f);
  const float* ins[2] = {left.data(), right.data()};
  std::vector<float> made(3);
  float* outs[1] = {made.data()};
  player.prime(ins, given.data(), 40);
  player.process(ins, outs, 3);
  CHECK(made[0] == 13.0f && made[1] == 16.0f && made[2] == 19.0f);
}

// What is meant for one channel leaves a model of several alone, instead of reading what is not there.
void one_channel_is_not_several() {
  Player player(crossed(1));
  player.prepare(64);
  const float x[4] = {1, 1, 1, 1};
  float y[4] = {9, 9, 9, 9};
  player.process(x, y, 4);
  player.prime(x, x, 4);
  for (float v : y) CHECK(v == 9.0f);
}

void refused(const ToneFile& file, const std::string& words) {
  try {
    Player player(file);
    player.prepare(64);
  } catch (const FileError& error) {
    CHECK(std::string(error.what()).find(words) != std::string::npos);
    return;
  }
  CHECK(false);
}

void too_much_is_refused() {
  Player most(file_of(input_node("x", 64), 0, "", 0));
  CHECK(most.inputs() == 64 && most.outputs() == 64);
  refused(file_of(input_node("x", 65), 0, "", 0), "hears 65 channels and makes 65, and this version plays up to 64");
  refused(file_of(input_node("x", 40) + "," + glue_node("cat", "0,0"), 1, "", 0), "hears 40 channels and makes 80");
  refused(file_of(input_node() + "," + input_node("amount", 2), 0, kAmount, 0), "'amount' of the file has more");
  refused(file_of(input_node() + "," + input_node("x", 2), 1, "", 0), "hears one sound in two ways");
  refused(file_of(input_node("x", 64), 0, "", 0, 1 << 20), "holds back more sound than would fit");
}

}  // namespace

int main() {
  for (int block : {1, 4, 100}) {
    channels_cross(block);
    no_memory_is_taken_and_no_number_stays_broken(block);
  }
  other_numbers_of_channels();
  blocks_at_half_the_rate();
  a_loop_of_two_channels_is_primed();
  one_channel_is_not_several();
  too_much_is_refused();
  std::puts("channels: all is well");
}
