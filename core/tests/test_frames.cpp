// What a network at frame rate is made of gives what the plainest loop in double gives, in any blocks; a graph whose
// rates meet plays; and files that make no sense are refused.
#include <algorithm>

#include "node.h"
#include "tonewright/player.h"

using namespace tonewright;

namespace {

constexpr int kFrames = 300;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Tensors linear_of(Random& random, int inputs, int outputs) {
  return {{"weight", {{outputs, inputs}, random.noise(at(inputs * outputs))}}, {"bias", {{outputs}, random.noise(at(outputs))}}};
}

std::string size_of(int inputs, int outputs) {
  return "\"inputs\":" + std::to_string(inputs) + ",\"outputs\":" + std::to_string(outputs);
}

void linear_equals_the_plain_loop(int inputs, int outputs) {
  Random random(static_cast<std::uint64_t>(100 * inputs + outputs));
  const Tensors tensors = linear_of(random, inputs, outputs);
  const auto node = make_operation(node_of("linear", size_of(inputs, outputs), tensors), tensors, {inputs});
  CHECK(node->channels == outputs);
  node->prepare(64);
  const std::vector<float> x = random.noise(at(kFrames * inputs)), y = played(*node, x, inputs, random);
  for (int o = 0; o < outputs; ++o)
    for (int t = 0; t < kFrames; ++t) {
      double sum = tensors.at("bias").data[at(o)];
      for (int i = 0; i < inputs; ++i)
        sum += static_cast<double>(tensors.at("weight").data[at(o * inputs + i)]) * x[at(i * kFrames + t)];
      CHECK(std::fabs(y[at(o * kFrames + t)] - sum) < 4e-7 * (2.0 + inputs));
    }
}

void layer_norm_equals_the_plain_loop(int channels) {
  Random random(static_cast<std::uint64_t>(channels));
  const Tensors tensors = {{"weight", {{channels}, random.noise(at(channels))}}, {"bias", {{channels}, random.noise(at(channels))}}};
  const auto node = make_operation(node_of("layer_norm", "\"channels\":" + std::to_string(channels), tensors), tensors, {channels});
  CHECK(node->channels == channels);
  std::vector<float> x = random.noise(at(kFrames * channels));
  for (float& sample : x) sample = 3.0f * sample + 2.0f;
  const std::vector<float> y = played(*node, x, channels, random);
  for (int t = 0; t < kFrames; ++t) {
    double mean = 0.0, variance = 0.0;
    for (int c = 0; c < channels; ++c) mean += x[at(c * kFrames + t)] / static_cast<double>(channels);
    for (int c = 0; c < channels; ++c) variance += std::pow(x[at(c * kFrames + t)] - mean, 2.0) / channels;
    for (int c = 0; c < channels; ++c) {
      const double normal = (x[at(c * kFrames + t)] - mean) / std::sqrt(variance + 1e-5);
      CHECK(std::fabs(y[at(c * kFrames + t)] - (normal * tensors.at("weight").data[at(c)] + tensors.at("bias").data[at(c)])) < 1e-5);
    }
  }
}

std::string node_row(const std::string& op, int from, const std::string& attributes, const std::string& weights = "") {
  return ",{\"op\":\"" + op + "\",\"inputs\":[" + std::to_string(from) + "],\"attributes\":{" + attributes + "},\"weights\":{" +
         weights + "}}";
}

// x times what a network at frame rate makes of its last sample: linear, layer norm, leaky ReLU, linear, held for a hop.
ToneFile model(int hop) {
  Random random(7);
  const std::string step = std::to_string(hop);
  std::string nodes = input_node() + node_row("every", 0, "\"hop\":" + step) +
                      node_row("linear", 1, size_of(1, 5), R"("weight":"a","bias":"b")") +
                      node_row("layer_norm", 2, "\"channels\":5", R"("weight":"one","bias":"b")") +
                      node_row("leaky_relu", 3, "\"slope\":0.01") +
                      node_row("linear", 4, size_of(5, 1), R"("weight":"c")") +
                      node_row("conv_transpose1d", 5, size_of(1, 1) + ",\"stride\":" + step + ",\"groups\":1,\"memory\":0",
                               R"("weight":"hold")") +
                      "," + glue_node("mul", "0,6");
  const std::vector<Weights> weights = {{"a", "[5,1]", random.noise(5)},
                                        {"b", "[5]", random.noise(5)},
                                        {"one", "[5]", std::vector<float>(5, 1.0f)},
                                        {"c", "[1,5]", random.noise(5)},
                                        {"hold", "[1,1," + step + "]", std::vector<float>(at(hop), 1.0f)}};
  const auto bytes = tone_bytes(header_of(nodes, 7), weights);
  return ToneFile::parse(bytes.data(), bytes.size());
}

void rates_meet(int hop) {
  const ToneFile file = model(hop);
  const auto weight = [&](const char* name, int i) { return static_cast<double>(file.tensors.at(name).data[at(i)]); };
  Player player(file);
  CHECK(player.latency() == hop - 1);
  player.prepare(256);
  Random random(8);
  const std::vector<float> x = random.noise(at(20 * hop));
  std::vector<float> y(x.size());
  const long before = allocations;
  for (std::size_t done = 0; done < x.size();) {
    const std::size_t count = std::min(x.size() - done, at(1 + random.below(256)));
    player.process(x.data() + done, y.data() + done, static_cast<int>(count));
    done += count;
  }
  CHECK(allocations == before);
  for (std::size_t t = 0; t + at(hop) <= x.size(); ++t) {
    const double last = x[t / at(hop) * at(hop) + at(hop - 1)];
    double made[5], mean = 0.0, variance = 0.0, gain = 0.0;
    for (int i = 0; i < 5; ++i) mean += (made[i] = weight("a", i) * last + weight("b", i)) / 5.0;
    for (double v : made) variance += (v - mean) * (v - mean) / 5.0;
    for (int i = 0; i < 5; ++i) {
      const double v = (made[i] - mean) / std::sqrt(variance + 1e-5) + weight("b", i);
      gain += weight("c", i) * (v > 0.0 ? v : 0.01 * v);
    }
    CHECK(std::fabs(y[t + at(hop - 1)] - gain * x[t]) < 1e-5);
  }
}

void files_that_make_no_sense_are_refused() {
  Random random(3);
  const Tensors right = linear_of(random, 1, 3);
  CHECK(makes("linear", size_of(1, 3), right));
  for (const auto& [inputs, outputs] : {std::pair{2, 3}, {1, 4}, {0, 3}, {1, 0}, {-1, 3}, {1 << 15, 3}, {1, 1 << 15}})
    CHECK(!makes("linear", size_of(inputs, outputs), right));
  for (const char* attributes : {"", "\"inputs\":1", "\"outputs\":3", "\"inputs\":1.5,\"outputs\":3", "\"inputs\":1,\"outputs\":\"3\""})
    CHECK(!makes("linear", attributes, right));
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {3}, {1, 3}, {3, 1, 1}, {2, 1}}) {
    Tensors wrong = right;
    wrong["weight"].shape = shape;
    CHECK(!makes("linear", size_of(1, 3), wrong));
  }
  Tensors wrong = right;
  wrong["bias"] = {{2}, {1.0f, 1.0f}};
  CHECK(!makes("linear", size_of(1, 3), wrong));
  wrong = right;
  wrong.erase("weight");
  CHECK(!makes("linear", size_of(1, 3), wrong));

  const Tensors norm = {{"weight", {{1}, {1.0f}}}, {"bias", {{1}, {0.0f}}}};
  CHECK(makes("layer_norm", "\"channels\":1", norm));
  for (const char* attributes : {"", "\"channels\":2", "\"channels\":0", "\"channels\":0.5", "\"channels\":null"})
    CHECK(!makes("layer_norm", attributes, norm));
  for (const char* key : {"weight", "bias"}) {
    wrong = norm;
    wrong[key] = {{2}, {1.0f, 1.0f}};
    CHECK(!makes("layer_norm", "\"channels\":1", wrong));
    wrong[key] = {{}, {1.0f}};
    CHECK(!makes("layer_norm", "\"channels\":1", wrong));
    wrong.erase(key);
    CHECK(!makes("layer_norm", "\"channels\":1", wrong));
  }

  CHECK(makes("every", "\"hop\":160", {}));
  for (const char* attributes : {"", "\"hop\":0", "\"hop\":-1", "\"hop\":16385", "\"hop\":1.5", "\"hop\":\"8\""})
    CHECK(!makes("every", attributes, {}));
}

// Each node copies its weights: a small file of many that share them would take all memory there is.
bool shares(int nodes) {
  constexpr int kUnits = 256;
  Random random(9);
  std::string rows = input_node() + node_row("linear", 0, size_of(1, kUnits), R"("weight":"in")");
  for (int i = 1; i <= nodes; ++i) rows += node_row("linear", i, size_of(kUnits, kUnits), R"("weight":"same")");
  const std::vector<Weights> weights = {{"in", "[256,1]", random.noise(at(kUnits))},
                                        {"same", "[256,256]", random.noise(at(kUnits * kUnits))}};
  const auto bytes = tone_bytes(header_of(rows, nodes + 1), weights);
  try {
    Graph graph(ToneFile::parse(bytes.data(), bytes.size()));
    return true;
  } catch (const FileError&) {
    return false;
  }
}

void weights_are_shared_within_reason() { CHECK(shares(100) && !shares(300)); }

}  // namespace

int main() {
  for (int inputs : {1, 2, 3, 7, 33, 130})
    for (int outputs : {1, 2, 5, 15, 16, 17, 48, 65, 257}) linear_equals_the_plain_loop(inputs, outputs);
  for (int channels : {1, 2, 5, 64, 200}) layer_norm_equals_the_plain_loop(channels);
  for (int hop : {1, 5, 160, 441}) rates_meet(hop);
  files_that_make_no_sense_are_refused();
  weights_are_shared_within_reason();
  std::printf("frames: all is well\n");
}
