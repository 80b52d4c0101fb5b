#include "loop_nodes.h"

#include "glue.h"
#include "shapes.h"

namespace tonewright {

namespace {

using Kind = LoopNode::Kind;

constexpr std::size_t kMaxLoopNodes = 1 << 12;

class LoopReader {
 public:
  LoopReader(const Tensors& tensors, int inputs, int outputs) : tensors_(tensors), inputs_(inputs), outputs_(outputs) {}

  LoopGraph read(const Json& graph) {
    const Json::Array& rows = graph.at("nodes").array();
    if (rows.empty() || rows.size() > kMaxLoopNodes) throw FileError("a feedback in the file is empty or too large");
    for (const Json& row : rows) add(row);
    result_.output = static_cast<int>(graph.at("output").integer(0, static_cast<std::int64_t>(rows.size()) - 1));
    if (at(result_.output).channels != outputs_)
      throw FileError("a feedback in the file makes another number of channels than it says");
    let_layers_add();
    find_what_matters();
    return std::move(result_);
  }

 private:
  LoopNode& at(int node) { return result_.nodes[static_cast<std::size_t>(node)]; }

  void add(const Json& row) {
    LoopNode node;
    std::vector<int> channels;
    for (const Json& input : row.at("inputs").array()) {
      node.from.push_back(static_cast<int>(input.integer(0, static_cast<std::int64_t>(result_.nodes.size()) - 1)));
      channels.push_back(at(node.from.back()).channels);
    }
    const std::string& op = row.at("op").string();
    if (op == "input")
      set_input(row, node);
    else if (op == "conv1d" && channels.size() == 1)
      set_layer(row, node, channels[0]);
    else
      set_glue(row, op, node, channels);
    result_.nodes.push_back(std::move(node));
  }

  void set_input(const Json& row, LoopNode& node) {
    const std::string& port = row.at("attributes").at("port").string();
    if (port != "x" && port != "y") throw FileError("a feedback in the file wants '" + port + "', and hears only x and y");
    node.kind = port == "x" ? Kind::kX : Kind::kY;
    node.channels = port == "x" ? inputs_ : outputs_;
    if (row.at("attributes").at("channels").integer(1, kMaxChannels) != node.channels)
      throw FileError("a feedback in the file does not fit the channels that it is given");
  }

  void set_layer(const Json& row, LoopNode& node, int channels) {
    const ConvolutionShape s = read_shape(row, channels);
    if (s.groups != 1 || s.stride != 1)
      throw FileError("the file has groups or strides inside a feedback, which this version cannot play; update it");
    const Tensor& weight = three_dimensional(weight_of(row, tensors_, "weight"), s.outputs, s.inputs);
    const std::int64_t dilation = row.at("attributes").at("dilation").integer(1, kMaxMemory);
    if ((weight.shape[2] - 1) * dilation > s.memory)
      throw FileError("a convolution in the file reaches further back than it remembers");
    node.kind = Kind::kLayer;
    node.channels = static_cast<int>(s.outputs);
    node.layer.shape = {static_cast<int>(s.inputs), node.channels, static_cast<int>(weight.shape[2]),
                        static_cast<int>(dilation)};
    node.layer.memory = static_cast<int>(s.memory);
    node.layer.weights = weight.data.data();
    node.layer.bias = bias_of(row, tensors_, s.outputs);
  }

  void set_glue(const Json& row, const std::string& op, LoopNode& node, const std::vector<int>& channels) {
    const bool constant = op == "number" || op == "constant";
    if (constant)
      node.operation = make_operation(row, tensors_, {});
    else if (!channels.empty())
      node.operation = make_glue(op, row, channels);
    if (!node.operation || node.operation->traits.delay > 0)
      throw FileError("the file uses '" + op + "' inside a feedback, which this version cannot play; update it");
    node.channels = node.operation->channels;
    bool fixed = true;  // what hears only constants is one
    for (int from : node.from) fixed = fixed && at(from).kind == Kind::kFixed;
    const Traits& traits = node.operation->traits;
    node.first = traits.channel;
    node.kind = traits.is_view ? Kind::kView : traits.stacks ? Kind::kStack : fixed ? Kind::kFixed : Kind::kGlue;
  }

  // layer(x) + z: the layer starts from z instead of zero.
  void let_layers_add() {
    std::vector<int> uses(result_.nodes.size(), 0);
    for (const LoopNode& node : result_.nodes)
      for (int from : node.from) ++uses[static_cast<std::size_t>(from)];
    ++uses[static_cast<std::size_t>(result_.output)];
    for (LoopNode& node : result_.nodes) {
      if (node.kind != Kind::kGlue || !node.operation->traits.adds) continue;
      for (std::size_t side : {0, 1}) {
        const int from = node.from[side], other = node.from[1 - side];
        LoopNode& before = at(from);
        if (before.kind != Kind::kLayer || before.addend >= 0 || uses[static_cast<std::size_t>(from)] != 1) continue;
        if (before.channels != at(other).channels) continue;
        take_over(node, before, other);
        break;
      }
    }
  }

  // The sum becomes the layer, and nothing is left of that.
  static void take_over(LoopNode& sum, LoopNode& before, int addend) {
    sum.kind = Kind::kLayer;
    sum.operation.reset();
    sum.layer = std::move(before.layer);
    sum.from = before.from;
    sum.addend = addend;
    before.from.clear();
    before.kind = Kind::kNone;
  }

  // A given past makes most of a loop needless: all but what fills a memory.
  void find_what_matters() {
    for (auto node = result_.nodes.rbegin(); node != result_.nodes.rend(); ++node) {  // whoever hears one stands after it
      if (node->kind == Kind::kLayer && node->layer.memory > 0) at(node->from[0]).matters = true;
      if (!node->matters) continue;
      for (int from : node->from) at(from).matters = true;
      if (node->addend >= 0) at(node->addend).matters = true;
    }
  }

  const Tensors& tensors_;
  int inputs_, outputs_;
  LoopGraph result_;
};

}  // namespace

LoopGraph read_loop(const Json& graph, const Tensors& tensors, int inputs, int outputs) {
  return LoopReader(tensors, inputs, outputs).read(graph);
}

}  // namespace tonewright
