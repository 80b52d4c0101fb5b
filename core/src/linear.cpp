#include "linear.h"

#include <algorithm>

#include "dense.h"
#include "shapes.h"

namespace tonewright {

namespace {

// Samples that are worth hearing together, where a weight that was read is used for each; a signal at frame rate
// comes one by one.
constexpr int kMany = 4;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

class Linear : public Operation {
 public:
  Linear(const DenseShape& shape, const float* weights, const float* bias)
      : dense_(dense_kernels(kernels().width)), store_(dense_.width, dense_.halves), inputs_(shape.inputs),
        width_(padded(index(shape.outputs))) {
    channels = shape.outputs;
    store_.add(shape, weights, bias);
    layer_ = store_.layers()[0];
  }
  Linear(const Linear&) = delete;  // layer_ points into the store
  Linear& operator=(const Linear&) = delete;

  void prepare(int /*max_frames*/) override {
    x_.assign(index(kAhead) * index(inputs_), 0.0f);
    made_.assign(index(kAhead) * width_, 0.0f);
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int t = 0; t < frames; t += kAhead) {
      const int count = std::min(kAhead, frames - t);
      for (int i = 0; i < inputs_; ++i)
        for (int k = 0; k < count; ++k) x_[index(k) * index(inputs_) + index(i)] = in[0].row(i)[t + k];
      if (count >= kMany && !layer_.dots)
        dense_.look_ahead(layer_, x_.data(), made_.data(), width_);
      else
        for (int k = 0; k < count; ++k)
          dense_.play(layer_, layer_.bias, 0, x_.data() + index(k) * index(inputs_), nullptr, made_.data() + index(k) * width_);
      for (int o = 0; o < channels; ++o)
        for (int k = 0; k < count; ++k) y.row(o)[t + k] = made_[index(k) * width_ + index(o)];
    }
  }

 private:
  const DenseKernels& dense_;
  DenseStore store_;
  Dense layer_;
  int inputs_;
  std::size_t width_;  // of a sample that was made
  Floats x_, made_;    // some samples, the channels of each side by side
};

}  // namespace

std::unique_ptr<Operation> make_linear(const Json& node, const Tensors& tensors, int channels) {
  const Json& attributes = node.at("attributes");
  const std::int64_t inputs = attributes.at("inputs").integer(1, kMaxChannels);
  const std::int64_t outputs = attributes.at("outputs").integer(1, kMaxChannels);
  if (inputs != channels) throw FileError("a linear layer in the file does not fit the channels that it is given");
  const Tensor* weight = weight_of(node, tensors, "weight");
  if (!weight || weight->shape != std::vector<std::int64_t>{outputs, inputs})
    throw FileError("the weights of a linear layer in the file have another shape than it says");
  const std::vector<float> bias = bias_of(node, tensors, outputs);
  const DenseShape shape{channels, static_cast<int>(outputs), 1, 1};
  return std::make_unique<Linear>(shape, weight->data.data(), bias.data());
}

}  // namespace tonewright
