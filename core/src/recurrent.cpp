#include "recurrent.h"

#include <algorithm>
#include <cstring>

namespace tonewright {

namespace {

constexpr std::int64_t kMaxHidden = 1024;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

std::size_t rounded_up(std::size_t count, int step) {
  const auto wide = static_cast<std::size_t>(step);
  return (count + wide - 1) / wide * wide;
}

// Which gate of which unit a lane of a batch's vectors holds; gate -1 where it holds none.
struct Lane {
  int gate, unit;
};

Lane lane_of(Cell cell, const Batch& batch, int width, int vector, int lane) {
  const int gates = gates_of(cell), group = vector / gates;
  if (group < batch.groups) return {vector % gates, batch.first + group * width + lane};
  const int gate = 2 * (vector - batch.groups * gates) + lane / (width / 2);
  return {gate < gates ? gate : -1, batch.first + batch.groups * width + lane % (width / 2)};
}

int vectors_of(Cell cell, const Batch& batch) { return gates_of(cell) * batch.groups + (batch.half ? 2 : 0); }

std::vector<Batch> batches_of(const RecurrentWeights& w, int width, std::size_t depth) {
  std::vector<Batch> batches;
  std::size_t rows = 0, weights = 0;
  for (int first = 0; first < w.hidden;) {
    const int left = w.hidden - first, whole = left / width, rest = left % width;
    Batch batch;
    batch.half = whole < kMaxGroups && rest > 0 && rest <= width / 2;
    batch.groups = std::min(kMaxGroups, batch.half || rest == 0 ? whole : whole + 1);
    batch.first = first;
    batch.rows = rows;
    batch.weights = weights;
    const std::size_t size = index(vectors_of(w.cell, batch) * width);
    rows += size;
    weights += size * depth;
    first += batch.groups * width + (batch.half ? width / 2 : 0);
    batches.push_back(batch);
  }
  return batches;
}

void pack_lane(const RecurrentWeights& w, const Batch& batch, Lane lane, std::size_t column, std::size_t size,
               std::size_t width, Recurrence& out) {
  const std::int64_t row = std::int64_t{lane.gate} * w.hidden + lane.unit;
  const float scale = lane.gate == 2 ? kTanhScale : kSigmoidScale;  // g and n
  const bool late = w.cell == Cell::kGru && lane.gate == 2;
  const std::size_t at = batch.rows + column;
  out.bias[at] = scale * (w.input_bias[row] + (late ? 0.0f : w.recurrent_bias[row]));
  if (late) out.late[index(lane.unit)] = scale * w.recurrent_bias[row];
  const std::size_t tile = at / (index(kHeardVectors) * width) * (index(kHeardVectors) * width);
  float* heard = out.input.data() + tile * index(w.inputs) + (at - tile);
  const std::size_t step = out.tile(tile, static_cast<int>(width));
  for (std::int64_t i = 0; i < w.inputs; ++i) heard[index(i) * step] = scale * w.input[row * w.inputs + i];
  for (std::int64_t i = 0; i < w.hidden; ++i)
    out.recurrent[batch.weights + index(i) * size + column] = scale * w.recurrent[row * w.hidden + i];
}

class Recurrent : public Operation {
 public:
  Recurrent(const RecurrentWeights& weights, std::vector<float> h, std::vector<float> c)
      : kernels_(recurrent_kernels(kernels().width)), layer_(pack(weights, kernels_.width)), first_h_(std::move(h)),
        first_c_(std::move(c)) {
    channels = weights.hidden;
  }

  void prepare(int /*max_frames*/) override {
    h_.assign(index(kRecurrentFrames + 1) * layer_.width, 0.0f);
    c_.assign(layer_.width, 0.0f);
    gates_.assign(index(kRecurrentFrames) * layer_.rows, 0.0f);
    x_.assign(index(layer_.inputs), 0.0f);
    reset();
  }

  void reset() noexcept override {
    std::fill(h_.begin(), h_.end(), 0.0f);
    std::fill(c_.begin(), c_.end(), 0.0f);
    std::copy(first_h_.begin(), first_h_.end(), h_.begin());
    std::transform(first_c_.begin(), first_c_.end(), c_.begin(), [](float c) { return kTanhScale * c; });
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    kernels_.play(layer_, {h_.data(), c_.data(), gates_.data(), x_.data()}, in[0], y, frames);
  }

 private:
  const RecurrentKernels& kernels_;
  Recurrence layer_;
  std::vector<float> first_h_, first_c_;  // before the first sample
  Floats h_, c_, gates_, x_;
};

const Tensor& tensor_of(const Json& node, const Tensors& tensors, const char* key) {
  const std::string& name = node.at("weights").at(key).string();
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw FileError("the file has no weights called '" + name + "'");
  return found->second;
}

const float* matrix(const Json& node, const Tensors& tensors, const char* key, std::int64_t rows, std::int64_t columns) {
  const Tensor& tensor = tensor_of(node, tensors, key);
  if (tensor.shape.size() != 2 || tensor.shape[0] != rows || tensor.shape[1] != columns)
    throw FileError("the weights of a recurrent layer in the file have another shape than it says");
  return tensor.data.data();
}

const std::vector<float>& row(const Json& node, const Tensors& tensors, const char* key, std::int64_t size) {
  const Tensor& tensor = tensor_of(node, tensors, key);
  if (tensor.shape.size() != 1 || tensor.shape[0] != size)
    throw FileError("the weights of a recurrent layer in the file have another shape than it says");
  return tensor.data;
}

}  // namespace

const RecurrentKernels& recurrent_kernels(int width) noexcept {
#if defined(TONEWRIGHT_X86)
  if (width == 16) return kRecurrentKernels16;
  if (width == 8) return kRecurrentKernels8;
#else
  static_cast<void>(width);
#endif
  return kRecurrentKernels4;
}

Recurrence pack(const RecurrentWeights& w, int width) {
  Recurrence out;
  out.cell = w.cell;
  out.inputs = w.inputs;
  out.hidden = w.hidden;
  out.depth = rounded_up(index(w.hidden), kDepthStep);
  out.width = rounded_up(index(w.hidden), std::max(width, kRowStep));
  out.batches = batches_of(w, width, out.depth);
  for (const Batch& batch : out.batches) out.rows += index(vectors_of(w.cell, batch) * width);
  out.bias.assign(out.rows, 0.0f);
  out.input.assign(out.rows * index(w.inputs), 0.0f);
  out.recurrent.assign(out.rows * out.depth, 0.0f);
  if (w.cell == Cell::kGru) out.late.assign(out.width, 0.0f);
  for (const Batch& batch : out.batches) {
    const int vectors = vectors_of(w.cell, batch);
    for (int v = 0; v < vectors; ++v)
      for (int l = 0; l < width; ++l) {
        const Lane lane = lane_of(w.cell, batch, width, v, l);
        if (lane.gate >= 0 && lane.unit < w.hidden)
          pack_lane(w, batch, lane, index(v * width + l), index(vectors * width), index(width), out);
      }
  }
  return out;
}

std::unique_ptr<Operation> make_recurrent(const std::string& op, const Json& node, const Tensors& tensors, int channels) {
  if (op != "lstm" && op != "gru") return nullptr;
  const Json& attributes = node.at("attributes");
  const std::int64_t inputs = attributes.at("inputs").integer(1, kMaxChannels);
  const std::int64_t hidden = attributes.at("hidden").integer(1, kMaxHidden);
  if (inputs != channels) throw FileError("a recurrent layer in the file does not fit the channels that it is given");
  RecurrentWeights w;
  w.cell = op == "lstm" ? Cell::kLstm : Cell::kGru;
  w.inputs = channels;
  w.hidden = static_cast<int>(hidden);
  const std::int64_t rows = gates_of(w.cell) * hidden;
  w.input = matrix(node, tensors, "weight_ih", rows, inputs);
  w.recurrent = matrix(node, tensors, "weight_hh", rows, hidden);
  w.input_bias = row(node, tensors, "bias_ih", rows).data();
  w.recurrent_bias = row(node, tensors, "bias_hh", rows).data();
  std::vector<float> h = row(node, tensors, "initial_h", hidden), c;
  if (w.cell == Cell::kLstm) c = row(node, tensors, "initial_c", hidden);
  return std::make_unique<Recurrent>(w, std::move(h), std::move(c));
}

}  // namespace tonewright
