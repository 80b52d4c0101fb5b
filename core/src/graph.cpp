#include "tonewright/graph.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "convolutions.h"
#include "glue.h"
#include "operation.h"

namespace tonewright {

namespace {

// A long block is played in pieces whose signals stay in the nearest cache.
constexpr int kChunk = 64;
constexpr std::size_t kMaxNodes = 1 << 16;
constexpr std::size_t kMaxInputs = 64;
constexpr int kMaxRatio = 1 << 16;

// A row that holds one number for ever: "number" and "constant".
class Constant : public Operation {
 public:
  std::vector<float> values;
  void prepare(int) override {}
  void process(const std::vector<Signal>&, Signal y, int frames) noexcept override {
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

struct Graph::Node {
  std::unique_ptr<Operation> operation;  // none for an input
  std::vector<int> from;
  std::vector<Signal> signals;  // of the nodes in `from`
  Signal y;
  int up = 1, down = 1;  // samples here for one sample of x
  bool fixed = false;    // a constant, written once
  bool gone = false;     // another node does its work
  int view_of = -1;      // its rows are some of this node's
};

std::unique_ptr<Operation> make_operation(const Json& node, const Tensors& tensors, const std::vector<int>& channels) {
  const std::string& op = node.at("op").string();
  if (op == "number") return make_constant({static_cast<float>(node.at("attributes").at("value").number())});
  if (op == "constant") return constant_of(node, tensors);
  if (channels.empty()) throw FileError("'" + op + "' in the file has no input");
  if (auto made = make_glue(op, node, channels)) return made;
  if (channels.size() == 1) {
    if (op == "conv1d") return make_conv1d(node, tensors, channels[0]);
    if (op == "conv_transpose1d") return make_conv_transpose1d(node, tensors, channels[0]);
    if (op == "delay") return make_delay(node, channels[0]);
  }
  throw FileError("the file uses '" + op + "', which this version cannot play; update it");
}

Graph::Graph(const ToneFile& file) {
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
  fuse();
}

void Graph::add(const Json& row, const ToneFile& file) {
  auto node = std::make_unique<Node>();
  const std::string& op = row.at("op").string();
  const std::vector<int> channels = connect(row, *node);
  if (op == "input") {
    if (input_names_.size() >= kMaxInputs) throw FileError("the file has too many controls");
    input_names_.push_back(row.at("attributes").at("port").string());
    input_nodes_.push_back(static_cast<int>(nodes_.size()));
    node->y.channels = static_cast<int>(row.at("attributes").at("channels").integer(1, kMaxChannels));
  } else {
    node->operation = make_operation(row, file.tensors, channels);
    node->operation->place = static_cast<int>(nodes_.size());
    node->y.channels = node->operation->channels;
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

// Finds the node's inputs, which come before it, and gives it their rate; returns their channels.
std::vector<int> Graph::connect(const Json& row, Node& node) const {
  std::vector<int> channels;
  bool has_rate = false;  // a constant fits any
  for (const Json& input : row.at("inputs").array()) {
    const auto at = input.integer(0, static_cast<std::int64_t>(nodes_.size()) - 1);
    const Node& before = *nodes_[static_cast<std::size_t>(at)];
    node.from.push_back(static_cast<int>(at));
    channels.push_back(before.y.channels);
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

// A convolution whose result only goes into a sum, or only into an activation, does that itself in its registers; it
// then runs in the place of the node that it replaces. A slice of channels becomes a view. What is computed stays the
// same, to the order of two additions.
void Graph::fuse() {
  std::vector<int> uses(nodes_.size(), 0);
  for (const auto& node : nodes_)
    for (int from : node->from) ++uses[static_cast<std::size_t>(from)];
  ++uses[static_cast<std::size_t>(output_)];
  for (auto& node : nodes_) {
    if (!node->operation || node->fixed) continue;
    if (node->operation->view() >= 0) node->view_of = node->from[0];
    if (node->operation->is_add()) fuse_sum(*node, uses);
    if (node->operation->activation() != Unary::kNone) fuse_activation(*node, uses);
  }
}

void Graph::fuse_sum(Node& node, const std::vector<int>& uses) {
  for (std::size_t side : {0, 1}) {
    const int other = node.from[1 - side];
    Node& before = *nodes_[static_cast<std::size_t>(node.from[side])];
    const bool same = before.y.channels == nodes_[static_cast<std::size_t>(other)]->y.channels;
    const bool alone = uses[static_cast<std::size_t>(node.from[side])] == 1;
    if (!alone || !same || !before.operation || !before.operation->take_add()) continue;
    node.operation = std::move(before.operation);
    node.from = {before.from[0], other};
    before.gone = true;
    return;
  }
}

void Graph::fuse_activation(Node& node, const std::vector<int>& uses) {
  const Operation& bend = *node.operation;
  Node& before = *nodes_[static_cast<std::size_t>(node.from[0])];
  if (uses[static_cast<std::size_t>(node.from[0])] != 1 || !before.operation) return;
  if (!before.operation->take_activation(bend.activation(), bend.slope())) return;
  node.operation = std::move(before.operation);
  node.from = before.from;
  before.gone = true;
}

int Graph::input_channels(int input) const {
  return nodes_[static_cast<std::size_t>(input_nodes_[static_cast<std::size_t>(input)])]->y.channels;
}
int Graph::output_channels() const { return nodes_[static_cast<std::size_t>(output_)]->y.channels; }
int Graph::up() const { return nodes_[static_cast<std::size_t>(output_)]->up; }

int Graph::down() const { return nodes_[static_cast<std::size_t>(output_)]->down; }

int Graph::block() const {
  int block = 1;
  for (const auto& node : nodes_) block = std::lcm(block, node->down);
  return block;
}

void Graph::prepare(int max_frames) {
  const int block = this->block();
  max_chunk_ = std::max(block, kChunk / block * block);
  max_chunk_ = std::min(max_chunk_, std::max(block, max_frames / block * block));
  memory_.clear();
  for (auto& node : nodes_) {
    if (node->view_of >= 0) {
      const Signal& whole = nodes_[static_cast<std::size_t>(node->view_of)]->y;
      node->y.rows = whole.row(node->operation->view());
      node->y.stride = whole.stride;
      continue;
    }
    if (node->gone) continue;
    const std::int64_t frames = std::int64_t{max_chunk_} * node->up / node->down;
    const std::size_t stride = padded(static_cast<std::size_t>(frames)) + kRowStep;
    memory_.emplace_back(stride * static_cast<std::size_t>(node->y.channels) + 2 * kRowStep, 0.0f);
    node->y.rows = memory_.back().data();
    node->y.stride = stride;
  }
  for (auto& node : nodes_) {
    node->signals.clear();
    for (int from : node->from) node->signals.push_back(nodes_[static_cast<std::size_t>(from)]->y);
    if (!node->operation) continue;
    const int up = node->from.empty() ? 1 : nodes_[static_cast<std::size_t>(node->from[0])]->up;
    const int down = node->from.empty() ? 1 : nodes_[static_cast<std::size_t>(node->from[0])]->down;
    node->operation->prepare(static_cast<int>(std::int64_t{max_chunk_} * up / down));
    if (node->fixed) node->operation->process(node->signals, node->y, static_cast<int>(node->y.stride));
  }
  reset();
}

void Graph::reset() noexcept {
  for (auto& node : nodes_)
    if (node->operation) node->operation->reset();
}

void Graph::process(const float* const* const* in, float* const* out, int frames) noexcept {
  const Node& last = *nodes_[static_cast<std::size_t>(output_)];
  for (int at = 0; at < frames; at += max_chunk_) {
    const int count = std::min(max_chunk_, frames - at);
    for (std::size_t i = 0; i < input_nodes_.size(); ++i) {
      const Signal& x = nodes_[static_cast<std::size_t>(input_nodes_[i])]->y;
      for (int c = 0; c < x.channels; ++c)
        std::memcpy(x.row(c), in[i][c] + at, static_cast<std::size_t>(count) * sizeof(float));
    }
    run(count);
    const auto start = static_cast<std::ptrdiff_t>(std::int64_t{at} * last.up / last.down);
    const auto made = static_cast<std::size_t>(std::int64_t{count} * last.up / last.down);
    for (int c = 0; c < last.y.channels; ++c) std::memcpy(out[c] + start, last.y.row(c), made * sizeof(float));
  }
}

void Graph::run(int frames) noexcept {
  for (auto& node : nodes_) {
    if (!node->operation || node->fixed || node->view_of >= 0) continue;
    const Node& before = *nodes_[static_cast<std::size_t>(node->from[0])];
    const Node& source = before.fixed && node->from.size() > 1 ? *nodes_[static_cast<std::size_t>(node->from[1])] : before;
    node->operation->process(node->signals, node->y, static_cast<int>(std::int64_t{frames} * source.up / source.down));
  }
}

}  // namespace tonewright
