#include "convolve.h"
#include "node.h"

namespace tonewright {

namespace {

class Fusion {
 public:
  Fusion(Nodes& nodes, int output) : nodes_(nodes), output_(output), uses_(nodes.size(), 0) {
    for (const auto& node : nodes)
      for (int from : node->from) ++uses(from);
    ++uses(output);
  }

  void run() {
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
      Node& node = node_at(nodes_, i);
      node.made_at = i;
      if (!node.operation || node.fixed) continue;
      const Traits traits = node.operation->traits;
      if (traits.is_view) node.view_of = node.from[0];
      hear_stack(node);
      bend_before(node);
      if (traits.adds && !join_convolutions(node) && !sum_on_the_way(i)) add_in_place(node);
      if (traits.bends != Unary::kNone) bend_in_place(node);
      if (traits.multiplies) gate_in_place(node);
    }
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) join_mix(i);
    keep_what_is_heard();
  }

 private:
  int& uses(int node) { return uses_[static_cast<std::size_t>(node)]; }

  // The convolution that makes a node which nobody else hears.
  Convolve* own_convolution(int index) {
    Node& node = node_at(nodes_, index);
    return uses(index) == 1 && node.operation && node.also_makes.empty() ? node.operation->as_convolve() : nullptr;
  }

  // Another node does its work, and nobody hears it any more.
  static void vanish(Node& node) {
    node.operation.reset();
    node.view_of = node.made_at = -1;
  }

  // `node` takes the operation and the inputs of a node before it.
  static void take_place(Node& node, Node& before) {
    node.operation = std::move(before.operation);
    node.from = before.from;
    vanish(before);
  }

  // conv(cat(a, b)) hears a and b one by one.
  void hear_stack(Node& node) {
    Convolve* convolve = node.operation->as_convolve();
    if (!convolve || node.from.size() != 1 || uses(node.from[0]) != 1) return;
    Node& stack = node_at(nodes_, node.from[0]);
    if (!stack.operation || !stack.operation->traits.stacks) return;
    std::vector<int> channels;
    for (int from : stack.from) channels.push_back(node_at(nodes_, from).channels);
    if (!convolve->take_stack(channels)) return;
    node.from = stack.from;
    vanish(stack);
  }

  // conv(activation(x)), where others may hear x
  void bend_before(Node& node) {
    if (node.from.size() != 1 || uses(node.from[0]) != 1) return;
    Node& before = node_at(nodes_, node.from[0]);
    if (!before.operation || before.operation->traits.bends == Unary::kNone) return;
    if (!node.operation->take_bend_before(before.operation->traits.bends, before.operation->traits.slope)) return;
    node.from[0] = before.from[0];
    vanish(before);
  }

  // conv(x) + conv(z)
  bool join_convolutions(Node& node) {
    Convolve *a = own_convolution(node.from[0]), *b = own_convolution(node.from[1]);
    if (!a || !b || a == b || !a->take_terms(*b)) return false;
    Node& other = node_at(nodes_, node.from[1]);
    const std::vector<int> more = other.from;
    vanish(other);
    take_place(node, node_at(nodes_, node.from[0]));
    node.from.insert(node.from.end(), more.begin(), more.end());
    return true;
  }

  // conv(x) + y
  void add_in_place(Node& node) {
    for (std::size_t side : {0, 1}) {
      const int other = node.from[1 - side];
      Node& before = node_at(nodes_, node.from[side]);
      Convolve* convolve = own_convolution(node.from[side]);
      if (!convolve || before.channels != node_at(nodes_, other).channels || !convolve->take_addend()) continue;
      take_place(node, before);
      node.from.push_back(other);
      return;
    }
  }

  // y + activation(conv(x)), where others hear the activation too: its convolution writes both.
  bool sum_on_the_way(int index) {
    Node& node = node_at(nodes_, index);
    for (std::size_t side : {0, 1}) {
      const int other = node.from[1 - side], from = node.from[side];
      Node& before = node_at(nodes_, from);
      if (uses(from) == 1 || !before.operation || !before.also_makes.empty() || other == from) continue;
      const bool ready = node_at(nodes_, base_of(other)).made_at < from;
      Convolve* convolve = before.operation->as_convolve();
      if (!ready || !convolve || before.channels != node_at(nodes_, other).channels || !convolve->take_sum()) continue;
      before.from.push_back(other);
      before.from.push_back(index);
      before.also_makes.push_back(index);
      node.operation.reset();
      node.made_at = from;
      const bool sum = node_at(nodes_, other).made_at != other && node_at(nodes_, other).view_of < 0;
      if (sum && uses(other) == 1) node.same_as = other;
      return true;
    }
    return false;
  }

  // Views are made where what they show is made.
  int base_of(int index) {
    while (node_at(nodes_, index).view_of >= 0) index = node_at(nodes_, index).view_of;
    return index;
  }

  void bend_in_place(Node& node) {
    Convolve* convolve = own_convolution(node.from[0]);
    const Traits traits = node.operation->traits;
    if (convolve && convolve->take_activation(traits.bends, traits.slope)) take_place(node, node_at(nodes_, node.from[0]));
  }

  // a(first half of a convolution) * b(second half)
  void gate_in_place(Node& node) {
    const int a = half(node.from[0], 0), b = half(node.from[1], node.channels);
    if (a < 0 || a != b) return;
    Node& before = node_at(nodes_, a);
    if (uses(a) != 2 || before.channels != 2 * node.channels || !before.operation || !before.also_makes.empty()) return;
    Convolve* convolve = before.operation->as_convolve();
    Node &first = node_at(nodes_, node.from[0]), &second = node_at(nodes_, node.from[1]);
    if (!convolve || !convolve->take_gate(first.operation->traits.bends, second.operation->traits.bends)) return;
    for (Node* bend : {&first, &second}) {
      vanish(node_at(nodes_, bend->from[0]));
      vanish(*bend);
    }
    take_place(node, before);
  }

  // The node whose channels from `channel` on are bent and come out of this one, which nobody else hears; else -1.
  int half(int bent, int channel) {
    const Node& bend = node_at(nodes_, bent);
    if (uses(bent) != 1 || !bend.operation || bend.operation->traits.bends == Unary::kNone) return -1;
    const Node& view = node_at(nodes_, bend.from[0]);
    if (uses(bend.from[0]) != 1 || view.view_of < 0) return -1;
    const Traits traits = view.operation->traits;
    return traits.delay == 0 && traits.channel == channel ? view.view_of : -1;
  }

  // y + conv(activation(conv(x))): the first convolution does it all.
  void join_mix(int index) {
    Node& node = node_at(nodes_, index);
    if (!node.operation || !node.operation->as_convolve() || !node.also_makes.empty()) return;
    const int from = node.from[0];
    Node& before = node_at(nodes_, from);
    for (std::size_t i = 1; i < node.from.size(); ++i)
      if (node_at(nodes_, base_of(node.from[i])).made_at >= from) return;
    Convolve* convolve = before.operation ? before.operation->as_convolve() : nullptr;
    if (!convolve || !convolve->take_mix(*node.operation->as_convolve())) return;
    before.from.insert(before.from.end(), node.from.begin() + 1, node.from.end());
    before.from.push_back(index);
    before.also_makes.push_back(index);
    node.operation.reset();
    node.made_at = from;
  }

  // What only a mix hears need not be written.
  void keep_what_is_heard() {
    std::vector<bool> heard(nodes_.size(), false);
    heard[static_cast<std::size_t>(output_)] = true;
    for (const auto& node : nodes_) {
      if (node->made_at < 0 || (!node->operation && node->view_of < 0)) continue;
      for (int from : node->from) heard[static_cast<std::size_t>(from)] = true;
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (heard[i] && nodes_[i]->operation)
        if (Convolve* convolve = nodes_[i]->operation->as_convolve()) convolve->keep();
  }

  Nodes& nodes_;
  int output_;
  std::vector<int> uses_;
};

}  // namespace

void fuse(Nodes& nodes, int output) { Fusion(nodes, output).run(); }

}  // namespace tonewright
