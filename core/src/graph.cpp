#include "tonewright/graph.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "all_passes_node.h"
#include "alternate.h"
#include "convolve.h"
#include "convolve_transposed.h"
#include "delay_line_node.h"
#include "delay_network_node.h"
#include "every.h"
#include "feedback.h"
#include "filters_node.h"
#include "follow_node.h"
#include "glue.h"
#include "hearing_nodes.h"
#include "lag_node.h"
#include "layer_norm.h"
#include "linear.h"
#include "long_fir.h"
#include "phasor.h"
#include "program.h"
#include "recurrent.h"
#include "shapes.h"
#include "synth_nodes.h"

namespace tonewright {

namespace {

// A long block is played in pieces whose signals stay in the nearest cache.
constexpr int kChunk = 64;
// Where the weights do not fit there anyway and some nodes make few frames of such a piece, longer ones read the weights
// less often: until those nodes make so many frames.
constexpr std::int64_t kManyWeights = 1 << 18;
constexpr int kManyFrames = 32, kLongChunk = 4096;
constexpr std::size_t kMaxNodes = 1 << 16;
constexpr std::size_t kMaxInputs = 64;
constexpr int kMaxRatio = 1 << 16;
constexpr std::int64_t kMaxShared = 4;  // times all weights of a file that its nodes may hold, if that is much
constexpr int kMaxLoops = 4;  // each may take as much memory as a whole model

// A row that holds one number for ever: "number" and "constant".
class Constant : public Operation {
 public:
  std::vector<float> values;
  void process(const Signal*, const Signal& y, int frames) noexcept override {
    for (int c = 0; c < channels; ++c) std::fill_n(y.row(c), frames, values[static_cast<std::size_t>(c)]);
  }
};

std::unique_ptr<Operation> make_constant(std::vector<float> values) {
  auto made = std::make_unique<Constant>();
  made->channels = static_cast<int>(values.size());
  made->values = std::move(values);
  return made;
}

std::unique_ptr<Operation> constant_of(const Json& node, const Tensors& tensors) {
  const Tensor* tensor = weight_of(node, tensors, "value");
  if (!tensor || tensor->count() < 1 || tensor->count() > kMaxChannels) throw FileError("a constant in the file is empty");
  // [], [C, 1] and [1, C, 1]: one value for each channel, the same for all samples
  if (!tensor->shape.empty() && tensor->shape.back() != 1)
    throw FileError("a constant in the file is a sound, and should be a value for each channel");
  return make_constant(tensor->data);
}

}  // namespace

std::unique_ptr<Operation> make_operation(const Json& node, const Tensors& tensors, const std::vector<int>& channels) {
  const std::string& op = node.at("op").string();
  if (op == "number") return make_constant({static_cast<float>(node.at("attributes").at("value").number())});
  if (op == "constant") return constant_of(node, tensors);
  if (channels.empty()) throw FileError("'" + op + "' in the file has no input");
  if (auto made = make_glue(op, node, channels)) return made;
  if (channels.size() == 1) {
    if (op == "conv1d") return make_conv1d(node, tensors, channels[0]);
    if (op == "conv_transpose1d") return make_conv_transpose1d(node, tensors, channels[0]);
    if (auto made = make_recurrent(op, node, tensors, channels[0])) return made;
    if (op == "linear") return make_linear(node, tensors, channels[0]);
    if (op == "layer_norm") return make_layer_norm(node, tensors, channels[0]);
    if (op == "every") return make_every(node, channels[0]);
    if (op == "alternate") return make_alternate(node, channels[0]);
    if (op == "filters") return make_filters(node, tensors, channels[0]);
    if (op == "delay_network") return make_delay_network(node, tensors, channels[0]);
    if (op == "follow") return make_follow(node, tensors, channels[0]);
    if (op == "lag") return make_lag(node, tensors, channels[0]);
    if (op == "phasor") return make_phasor(node, tensors);
    if (op == "long_fir") return make_long_fir(node, tensors, channels[0]);
    if (op == "filtered_noise") return make_filtered_noise(node, channels);
    if (op == "pitch") return make_pitch(node, channels[0]);
    if (op == "loudness") return make_loudness(node, channels[0]);
    if (op == "feedback") return make_feedback(node, tensors, channels[0]);
  }
  if (op == "delay_line" && channels.size() <= 2) return make_delay_line(node, tensors, channels);
  if (op == "all_passes" && channels.size() <= 2) return make_all_passes(node, tensors, channels);
  if (op == "harmonic_bank" && channels.size() == 3) return make_harmonic_bank(node, channels);
  throw FileError("the file uses '" + op + "', which this version cannot play; update it");
}

Graph::Graph(const ToneFile& file) : program_(std::make_unique<Program>()) {
  const Json& graph = file.header.at("graph");
  const Json::Array& rows = graph.at("nodes").array();
  if (rows.empty() || rows.size() > kMaxNodes) throw FileError("the graph of the file is empty or too large");
  for (const Json& row : rows) add(row, file);
  output_ = static_cast<int>(graph.at("output").integer(0, static_cast<std::int64_t>(nodes_.size()) - 1));
  if (input_names_.empty()) throw FileError("the graph of the file hears nothing");
  std::int64_t block = 1;
  for (const auto& node : nodes_)
    if ((block = std::lcm(block, std::int64_t{node->down})) > kMaxBlock)
      throw FileError("the graph of the file wants blocks that are too long");
  fuse(nodes_, output_);
  ask_for_memory();
}

void Graph::add(const Json& row, const ToneFile& file) {
  auto node = std::make_unique<Node>();
  const std::string& op = row.at("op").string();
  const std::vector<int> channels = connect(row, *node);
  if (op == "input") {
    if (input_names_.size() >= kMaxInputs) throw FileError("the file has too many controls");
    input_names_.push_back(row.at("attributes").at("port").string());
    input_nodes_.push_back(static_cast<int>(nodes_.size()));
    node->channels = static_cast<int>(row.at("attributes").at("channels").integer(1, kMaxChannels));
  } else {
    if (op == "feedback" && ++loops_ > kMaxLoops) throw FileError("the file has too many feedbacks");
    count_weights(row, file);
    node->operation = make_operation(row, file.tensors, channels);
    node->channels = node->operation->channels;
    if ((remembered_ += node->operation->remembered()) > kMaxMemory)
      throw FileError("the nodes of the file remember more than " + std::to_string(kMaxMemory) + " samples");
    node->fixed = op == "number" || op == "constant";
    const std::int64_t up = std::int64_t{node->up} * node->operation->up;
    const std::int64_t down = std::int64_t{node->down} * node->operation->down;
    const std::int64_t common = std::gcd(up, down);
    if (up / common > kMaxRatio || down / common > kMaxRatio) throw FileError("the file changes the rate too much");
    node->up = static_cast<int>(up / common);
    node->down = static_cast<int>(down / common);
  }
  nodes_.push_back(std::move(node));
}

// Each node copies its weights, so those that many share take more memory than the file.
void Graph::count_weights(const Json& row, const ToneFile& file) {
  const Json* weights = row.find("weights");
  if (!weights) return;
  for (const auto& [key, name] : weights->object()) {
    const auto found = file.tensors.find(name.string());
    if (found != file.tensors.end()) weights_ += found->second.count();
  }
  if (weights_ <= kMaxMemory) return;
  std::int64_t held = 0;
  for (const auto& [name, tensor] : file.tensors) held += tensor.count();
  if (weights_ > kMaxShared * held) throw FileError("too many nodes of the file share their weights");
}

// Finds the node's inputs, which come before it, and gives it their rate; returns their channels.
std::vector<int> Graph::connect(const Json& row, Node& node) const {
  std::vector<int> channels;
  bool has_rate = false;  // a constant fits any
  for (const Json& input : row.at("inputs").array()) {
    const auto at = input.integer(0, static_cast<std::int64_t>(nodes_.size()) - 1);
    const Node& before = node_at(nodes_, static_cast<int>(at));
    node.from.push_back(static_cast<int>(at));
    channels.push_back(before.channels);
    if (before.fixed) continue;
    if (has_rate && (node.up != before.up || node.down != before.down))
      throw FileError("a node of the file joins signals of different rates");
    node.up = before.up;
    node.down = before.down;
    has_rate = true;
  }
  return channels;
}

Graph::~Graph() = default;

// How much of the past each node must keep for those who hear it.
void Graph::ask_for_memory() {
  std::int64_t total = 0;
  for (auto it = nodes_.rbegin(); it != nodes_.rend(); ++it) {  // whoever hears a node stands after it
    Node& node = **it;
    if (node.same_as >= 0) {
      node_at(nodes_, node.same_as).memory = node.memory;
      continue;
    }
    if (node.view_of >= 0) {
      Node& base = node_at(nodes_, node.view_of);
      const std::int64_t wanted = std::int64_t{node.memory} + node.operation->traits.delay;
      base.memory = static_cast<int>(std::max<std::int64_t>(base.memory, std::min(wanted, kMaxMemory + 1)));
      continue;
    }
    total += std::int64_t{node.memory} * node.channels;
    if (total > kMaxMemory)
      throw FileError("the graph of the file remembers more than " + std::to_string(kMaxMemory) + " samples");
    if (!node.operation) continue;
    for (std::size_t i = 0; i < node.from.size(); ++i) {
      Node& heard = node_at(nodes_, node.from[i]);
      heard.memory = std::max(heard.memory, node.operation->memory(i));
    }
  }
}

int Graph::input_channels(int input) const {
  return node_at(nodes_, input_nodes_[static_cast<std::size_t>(input)]).channels;
}
int Graph::output_channels() const { return node_at(nodes_, output_).channels; }
int Graph::up() const { return node_at(nodes_, output_).up; }
int Graph::down() const { return node_at(nodes_, output_).down; }

int Graph::block() const {
  int block = 1;
  for (const auto& node : nodes_) block = std::lcm(block, node->down);
  return block;
}

void Graph::prepare(int max_frames) {
  const int block = this->block();
  const std::int64_t wanted = weights_ > kManyWeights ? std::int64_t{kManyFrames} * block : kChunk;
  const int chunk = static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(wanted, kChunk), kLongChunk));
  max_chunk_ = std::max(block, chunk / block * block);
  max_chunk_ = std::min(max_chunk_, std::max(block, max_frames / block * block));
  program_->prepare(nodes_, max_chunk_);
}

void Graph::reset() noexcept { program_->reset(); }

// Some samples of the inputs, from `at` on.
void Graph::run(const float* const* const* in, int at, int count) noexcept {
  for (std::size_t i = 0; i < input_nodes_.size(); ++i) {
    const Signal x = program_->begin(input_nodes_[i], count);
    for (int c = 0; c < x.channels; ++c)
      std::memcpy(x.row(c), in[i][c] + at, static_cast<std::size_t>(count) * sizeof(float));
  }
  program_->run(count);
}

void Graph::process(const float* const* const* in, float* const* out, int frames) noexcept {
  const Node& last = node_at(nodes_, output_);
  for (int at = 0; at < frames; at += max_chunk_) {
    const int count = std::min(max_chunk_, frames - at);
    run(in, at, count);
    const Signal y = program_->made_by(output_);
    const auto start = static_cast<std::ptrdiff_t>(std::int64_t{at} * last.up / last.down);
    const auto made = static_cast<std::size_t>(std::int64_t{count} * last.up / last.down);
    for (int c = 0; c < y.channels; ++c) std::memcpy(out[c] + start, y.row(c), made * sizeof(float));
  }
}

Feedback* Graph::last_loop() const {
  const Node& last = node_at(nodes_, output_);
  const bool fits = last.operation && last.channels == 1 && last.up == last.down && block() == 1;
  return fits ? last.operation->as_feedback() : nullptr;
}

bool Graph::can_prime() const { return last_loop() != nullptr; }

void Graph::prime(const float* const* const* in, const float* given, int frames) noexcept {
  Feedback& loop = *last_loop();
  for (int at = 0; at < frames; at += max_chunk_) {
    loop.give(given + at);
    run(in, at, std::min(max_chunk_, frames - at));
  }
  loop.give(nullptr);
}

}  // namespace tonewright
