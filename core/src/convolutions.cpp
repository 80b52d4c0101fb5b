#include "convolutions.h"

#include "history.h"

namespace tonewright {

namespace {

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

// Weights [outputs, inputs, taps] of one group, in the order that the kernels read them.
Convolution pack(const Tensor& weight, const Tensor* bias, std::int64_t first, std::int64_t outputs, int dilation) {
  const std::int64_t inputs = weight.shape[1], taps = weight.shape[2];
  Convolution c;
  c.inputs = static_cast<int>(inputs);
  c.outputs = static_cast<int>(outputs);
  c.taps = static_cast<int>(taps);
  c.dilation = dilation;
  const std::int64_t tiles = (outputs + kTileOutputs - 1) / kTileOutputs;
  c.weights.assign(index(tiles * taps * inputs * kTileOutputs), 0.0f);
  c.bias.assign(index(tiles * kTileOutputs), 0.0f);
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::int64_t tile = o / kTileOutputs, lane = o % kTileOutputs;
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t k = 0; k < taps; ++k)
        c.weights[index(((tile * taps + k) * inputs + i) * kTileOutputs + lane)] =
            weight.data[index(((first + o) * inputs + i) * taps + k)];
    if (bias) c.bias[index(o)] = bias->data[index(first + o)];
  }
  return c;
}

// Each group reads its own channels and writes its own; they share the history.
class Conv1d : public Operation {
 public:
  std::vector<Convolution> groups;
  int inputs = 0, memory = 0, stride = 1;

  bool take_add() override {
    if (stride != 1 || adds_ || finish_.activation != Unary::kNone) return false;
    return adds_ = true;
  }
  bool take_activation(Unary op, float slope) override {
    if (stride != 1 || finish_.activation != Unary::kNone) return false;
    finish_.activation = op;
    finish_.slope = slope;
    return true;
  }

  void prepare(int max_frames) override {
    history_.prepare(inputs, memory, max_frames, kRowStep * place);
    if (stride == 1) return;
    dense_stride_ = padded(static_cast<std::size_t>(max_frames)) + kRowStep;
    dense_.assign(dense_stride_ * index(channels) + kRowStep, 0.0f);
  }

  void reset() noexcept override { history_.reset(); }

  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    const Signal x = memory ? history_.push(in[0], frames) : in[0];
    // A strided convolution computes every sample and keeps some: correct first; no model needs it fast yet.
    const Signal out = stride == 1 ? y : Signal{dense_.data(), dense_stride_, channels};
    int first_in = 0, first_out = 0;
    for (const Convolution& c : groups) {
      Finish finish = finish_;
      if (adds_) finish.addend = {in[1].row(first_out), in[1].stride, c.outputs};
      const Signal part{out.row(first_out), out.stride, c.outputs};
      kernels().convolve(c, {x.row(first_in), x.stride, c.inputs}, part, finish, frames);
      first_in += c.inputs;
      first_out += c.outputs;
    }
    if (stride == 1) return;
    for (int o = 0; o < channels; ++o)
      for (int t = 0; t < frames / stride; ++t) y.row(o)[t] = out.row(o)[t * stride];
  }

 private:
  History history_;
  Finish finish_;
  bool adds_ = false;
  std::vector<float> dense_;
  std::size_t dense_stride_ = 0;
};

// Output t of phase p is a convolution of its own over the inputs: taps p, p + stride, p + 2 stride ... backwards.
class ConvTranspose1d : public Operation {
 public:
  std::vector<std::vector<Convolution>> phases;  // [phase][group]
  int inputs = 0, memory = 0;

  void prepare(int max_frames) override {
    history_.prepare(inputs, memory, max_frames, kRowStep * place);
    dense_stride_ = padded(static_cast<std::size_t>(max_frames)) + kRowStep;
    dense_.assign(dense_stride_ * index(channels) + kRowStep, 0.0f);
  }

  void reset() noexcept override { history_.reset(); }

  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    const Signal x = memory ? history_.push(in[0], frames) : in[0];
    const Signal dense{dense_.data(), dense_stride_, channels};
    for (int phase = 0; phase < up; ++phase) {
      int first_in = 0, first_out = 0;
      for (const Convolution& c : phases[index(phase)]) {
        const Signal out{dense.row(first_out), dense.stride, c.outputs};
        kernels().convolve(c, {x.row(first_in), x.stride, c.inputs}, out, Finish{}, frames);
        first_in += c.inputs;
        first_out += c.outputs;
      }
      for (int o = 0; o < channels; ++o)
        for (int t = 0; t < frames; ++t) y.row(o)[t * up + phase] = dense.row(o)[t];
    }
  }

 private:
  History history_;
  std::vector<float> dense_;
  std::size_t dense_stride_ = 0;
};

class Delay : public Operation {
 public:
  int samples = 0;

  void prepare(int max_frames) override { history_.prepare(channels, samples, max_frames, kRowStep * place); }
  void reset() noexcept override { history_.reset(); }
  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    const Signal x = history_.push(in[0], frames);
    for (int c = 0; c < channels; ++c) std::memcpy(y.row(c), x.row(c), index(frames) * sizeof(float));
  }

 private:
  History history_;
};

struct Shape {
  std::int64_t inputs, outputs, groups, stride, memory;
};

Shape read_shape(const Json& node, int channels) {
  const Json& a = node.at("attributes");
  Shape s{};
  s.inputs = a.at("inputs").integer(1, kMaxChannels);
  s.outputs = a.at("outputs").integer(1, kMaxChannels);
  s.groups = a.at("groups").integer(1, kMaxChannels);
  s.stride = a.at("stride").integer(1, kMaxStride);
  s.memory = a.at("memory").integer(0, kMaxMemory / s.inputs);
  if (s.inputs != channels || s.inputs % s.groups || s.outputs % s.groups)
    throw FileError("a convolution in the file does not fit the channels that it is given");
  return s;
}

const Tensor& three_dimensional(const Tensor* weight, std::int64_t a, std::int64_t b) {
  if (!weight || weight->shape.size() != 3 || weight->shape[0] != a || weight->shape[1] != b || weight->shape[2] < 1)
    throw FileError("the weights of a convolution in the file have another shape than it says");
  return *weight;
}

void check_bias(const Tensor* bias, std::int64_t outputs) {
  if (bias && bias->count() != outputs) throw FileError("a bias in the file has another size than its layer");
}

// Weight [inputs, outputs / groups, kernel] of a transposed convolution as that of one phase: [outputs, inputs, taps],
// where the last tap meets the newest input.
Tensor phase_of(const Tensor& weight, std::int64_t first_in, std::int64_t inputs, std::int64_t stride,
                std::int64_t phase, std::int64_t taps) {
  const std::int64_t outputs = weight.shape[1], kernel = weight.shape[2];
  Tensor out;
  out.shape = {outputs, inputs, taps};
  out.data.assign(index(outputs * inputs * taps), 0.0f);
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t i = 0; i < inputs; ++i)
      for (std::int64_t k = 0; k < taps; ++k) {
        const std::int64_t from = phase + (taps - 1 - k) * stride;
        if (from < kernel)
          out.data[index((o * inputs + i) * taps + k)] = weight.data[index(((first_in + i) * outputs + o) * kernel + from)];
      }
  return out;
}

}  // namespace

const Tensor* weight_of(const Json& node, const Tensors& tensors, const char* key) {
  const Json* name = node.at("weights").find(key);
  if (!name) return nullptr;
  const auto found = tensors.find(name->string());
  if (found == tensors.end()) throw FileError("the file has no weights called '" + name->string() + "'");
  return &found->second;
}

std::unique_ptr<Operation> make_conv1d(const Json& node, const Tensors& tensors, int channels) {
  const Shape s = read_shape(node, channels);
  const Tensor& weight = three_dimensional(weight_of(node, tensors, "weight"), s.outputs, s.inputs / s.groups);
  const Tensor* bias = weight_of(node, tensors, "bias");
  check_bias(bias, s.outputs);
  const std::int64_t dilation = node.at("attributes").at("dilation").integer(1, kMaxMemory);
  // A lookahead lets the kernel end before the newest sample, so the memory may be longer than its span.
  if ((weight.shape[2] - 1) * dilation > s.memory + s.stride - 1)
    throw FileError("a convolution in the file reaches further back than it remembers");
  auto made = std::make_unique<Conv1d>();
  const std::int64_t outputs = s.outputs / s.groups;
  for (std::int64_t g = 0; g < s.groups; ++g)
    made->groups.push_back(pack(weight, bias, g * outputs, outputs, static_cast<int>(dilation)));
  made->inputs = static_cast<int>(s.inputs);
  made->channels = static_cast<int>(s.outputs);
  made->memory = static_cast<int>(s.memory);
  made->stride = made->down = static_cast<int>(s.stride);
  return made;
}

std::unique_ptr<Operation> make_conv_transpose1d(const Json& node, const Tensors& tensors, int channels) {
  const Shape s = read_shape(node, channels);
  const Tensor& weight = three_dimensional(weight_of(node, tensors, "weight"), s.inputs, s.outputs / s.groups);
  const Tensor* bias = weight_of(node, tensors, "bias");
  check_bias(bias, s.outputs);
  const std::int64_t taps = s.memory + 1;
  if (taps != (weight.shape[2] + s.stride - 1) / s.stride)
    throw FileError("a transposed convolution in the file remembers another number of samples than its kernel needs");
  auto made = std::make_unique<ConvTranspose1d>();
  const std::int64_t inputs = s.inputs / s.groups, outputs = s.outputs / s.groups;
  for (std::int64_t phase = 0; phase < s.stride; ++phase) {
    made->phases.emplace_back();
    for (std::int64_t g = 0; g < s.groups; ++g) {
      const Tensor part = phase_of(weight, g * inputs, inputs, s.stride, phase, taps);
      Convolution c = pack(part, nullptr, 0, outputs, 1);
      for (std::int64_t o = 0; bias && o < outputs; ++o) c.bias[index(o)] = bias->data[index(g * outputs + o)];
      made->phases.back().push_back(std::move(c));
    }
  }
  made->inputs = static_cast<int>(s.inputs);
  made->channels = static_cast<int>(s.outputs);
  made->memory = static_cast<int>(s.memory);
  made->up = static_cast<int>(s.stride);
  return made;
}

std::unique_ptr<Operation> make_delay(const Json& node, int channels) {
  auto made = std::make_unique<Delay>();
  made->samples = static_cast<int>(node.at("attributes").at("samples").integer(0, kMaxMemory / channels));
  made->channels = channels;
  return made;
}

}  // namespace tonewright
