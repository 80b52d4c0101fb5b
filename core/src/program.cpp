#include "program.h"

namespace tonewright {

namespace {

constexpr std::int64_t kMaxSamples = 1 << 26;  // in one block, of all signals

}  // namespace

void Program::prepare(const Nodes& nodes, int frames) {
  nodes_ = &nodes;
  frames_ = frames;
  longest_ = 0;
  for (const auto& node : nodes) longest_ = std::max(longest_, std::int64_t{frames} * node->up / node->down);
  check_size(nodes);
  steps_.clear();
  others_.clear();
  from_.clear();
  signals_.clear();
  now_.assign(nodes.size(), nullptr);
  shapes_.assign(nodes.size(), Signal{});
  rows_ = std::vector<Rows>(nodes.size());
  int place_of_rows = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) place(*nodes[i], i, kRowStep * 5 * place_of_rows++);
  add_steps(nodes);
  reset();
}

void Program::check_size(const Nodes& nodes) const {
  std::int64_t total = 0;
  for (const auto& node : nodes) {
    const std::int64_t block = node->fixed ? longest_ : std::int64_t{frames_} * node->up / node->down;
    total += (block + kRowStep) * node->channels;
  }
  if (total > kMaxSamples) throw FileError("a block of the file's sounds would not fit into memory");
}

void Program::place(const Node& node, std::size_t index, int phase) {
  const auto before = [&](int other) { return shapes_[static_cast<std::size_t>(other)].stride; };
  shapes_[index].channels = node.channels;
  if (node.view_of >= 0) shapes_[index].stride = before(node.view_of);
  if (node.same_as >= 0) shapes_[index].stride = before(node.same_as);
  if (!node.has_rows()) return;
  const int frames = scaled(frames_, node.up, node.down);
  // A constant goes with signals of any rate, and has always been what it is.
  const auto past = static_cast<std::int64_t>(padded(static_cast<std::size_t>(node.memory)));
  const int room = node.fixed ? static_cast<int>(longest_ + past) : frames;
  // Phases: the moves of a model's signals fall in different blocks.
  rows_[index].prepare(node.channels, node.fixed ? 0 : node.memory, room, phase);
  shapes_[index].stride = rows_[index].stride();
  if (node.operation) node.operation->prepare(scaled(frames, node.operation->down, node.operation->up));
}

// A view comes right after what it shows: an operation may hear it that runs before the view's own place.
void Program::add_steps(const Nodes& nodes) {
  std::vector<std::vector<int>> views(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i]->view_of >= 0) views[static_cast<std::size_t>(nodes[i]->view_of)].push_back(static_cast<int>(i));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = *nodes[i];
    std::vector<int> made = node.also_makes;
    if (node.view_of < 0 && node.made_at == static_cast<int>(i)) made.push_back(static_cast<int>(i));
    if (node.operation && node.view_of < 0 && !node.fixed) add_operation(nodes, static_cast<int>(i));
    while (!made.empty()) {
      const auto shown = static_cast<std::size_t>(made.back());
      made.pop_back();
      for (int view : views[shown]) {
        add_view(nodes, view);
        made.push_back(view);
      }
    }
  }
}

void Program::add_view(const Nodes& nodes, int index) {
  const Node& node = node_at(nodes, index);
  const Traits& view = node.operation->traits;
  Step step;
  step.node = index;
  step.of = node.view_of;
  step.offset = static_cast<std::ptrdiff_t>(shapes_[static_cast<std::size_t>(index)].stride) * view.channel - view.delay;
  steps_.push_back(step);
}

void Program::add_operation(const Nodes& nodes, int index) {
  const Node& node = node_at(nodes, index);
  Step step;
  step.node = index;
  step.operation = node.operation.get();
  step.up = node.up;
  step.down = node.down;
  step.signals = signals_.size();
  step.inputs = node.from.size();
  for (int from : node.from) from_.push_back(from);
  from_.push_back(index);
  for (std::size_t i = step.signals; i < from_.size(); ++i) signals_.push_back(shapes_[static_cast<std::size_t>(from_[i])]);
  step.first_other = others_.size();
  for (int other : node.also_makes) others_.push_back({other, node_at(nodes, other).same_as});
  step.last_other = others_.size();
  steps_.push_back(step);
}

void Program::reset() noexcept {
  for (std::size_t i = 0; i < nodes_->size(); ++i) {
    const Node& node = *(*nodes_)[i];
    if (!node.has_rows()) continue;
    rows_[i].reset();
    if (node.operation) node.operation->reset();
    if (node.fixed) write_constant(node, i);
  }
}

void Program::write_constant(const Node& node, std::size_t index) noexcept {
  const std::size_t past = padded(static_cast<std::size_t>(node.memory));
  const auto room = static_cast<int>(longest_ + static_cast<std::int64_t>(past));
  now_[index] = rows_[index].begin(room);
  node.operation->process(nullptr, made_by(static_cast<int>(index)), room);
  now_[index] += past;
}

Signal Program::begin(int node, int frames) noexcept {
  now(node) = rows_[static_cast<std::size_t>(node)].begin(frames);
  return made_by(node);
}

Signal Program::made_by(int node) const noexcept {
  const Signal& shape = shapes_[static_cast<std::size_t>(node)];
  return {now_[static_cast<std::size_t>(node)], shape.stride, shape.channels};
}

void Program::run(int frames) noexcept {
  for (const Step& step : steps_) {
    if (!step.operation) {
      now(step.node) = now(step.of) + step.offset;
      continue;
    }
    const int count = scaled(frames, step.up, step.down);
    now(step.node) = rows_[static_cast<std::size_t>(step.node)].begin(count);
    for (std::size_t i = step.first_other; i < step.last_other; ++i) {
      const Other& other = others_[i];
      now(other.node) = other.same_as >= 0 ? now(other.same_as) : rows_[static_cast<std::size_t>(other.node)].begin(count);
    }
    Signal* heard = signals_.data() + step.signals;
    for (std::size_t i = 0; i <= step.inputs; ++i) heard[i].rows = now(from_[step.signals + i]);
    const int inputs = scaled(count, step.operation->down, step.operation->up);
    step.operation->process(heard, heard[step.inputs], inputs);
  }
}

}  // namespace tonewright
