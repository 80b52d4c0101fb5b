#include "convolve_transposed.h"

#include "shapes.h"
#include "wide.h"

namespace tonewright {

namespace {

// Sample p of the `up` that a frame makes is a convolution of its own over the inputs: taps p, p + up, p + 2 up ...
// backwards. All of them are lanes of one wide convolution.
class ConvolveTransposed : public Operation {
 public:
  ConvolveTransposed(const ConvolutionShape& s, std::vector<float> weight, std::vector<float> bias)
      : inputs_(static_cast<int>(s.inputs / s.groups)), groups_(static_cast<int>(s.groups)),
        memory_(static_cast<int>(s.memory)), weight_(std::move(weight)), bias_(std::move(bias)) {
    channels = static_cast<int>(s.outputs);
    up = static_cast<int>(s.stride);
  }

  int memory(std::size_t) const override { return memory_; }

  bool take_bend_before(Unary op, float slope) override {
    if (op != Unary::kLeakyRelu || slope_before_ != 1.0f) return false;
    slope_before_ = slope;
    return true;
  }

  void prepare(int max_frames) override {
    if (wide_.empty()) widen();
    for (const auto& wide : wide_) wide->prepare(max_frames);
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    const int made = channels / groups_;
    for (int g = 0; g < groups_; ++g) {
      const Signal x{in[0].row(g * inputs_) - memory_, in[0].stride, inputs_};
      wide_[static_cast<std::size_t>(g)]->process(&x, Finish{}, {y.row(g * made), y.stride, made}, frames);
    }
  }

 private:
  void widen() {
    const int lanes = channels / groups_ * up, taps = memory_ + 1;
    const auto depth = static_cast<std::size_t>(inputs_ * taps);
    for (int g = 0; g < groups_; ++g) {
      const auto first = static_cast<std::size_t>(g) * static_cast<std::size_t>(lanes);
      const std::vector<Wide::Term> term = {{inputs_, taps, 1, weight_.data() + first * depth}};
      wide_.push_back(std::make_unique<Wide>(term, bias_.data() + first, lanes, Wide::Manner{1, up, slope_before_}));
    }
    weight_ = {};  // large weights are not kept twice
  }

  int inputs_, groups_, memory_;  // inputs of a group
  float slope_before_ = 1.0f;     // of a leaky ReLU that the input goes through first; 1 is none
  std::vector<float> weight_;     // [outputs][up][inputs of a group][taps]
  std::vector<float> bias_;       // [outputs][up]
  std::vector<std::unique_ptr<Wide>> wide_;
};

// Weight [inputs, outputs of a group, kernel] of a transposed convolution as [outputs, stride, inputs of a group, taps],
// where the last tap meets the newest input.
std::vector<float> by_phases(const Tensor& weight, const ConvolutionShape& s, std::int64_t taps) {
  const std::int64_t made = weight.shape[1], kernel = weight.shape[2], heard = s.inputs / s.groups;
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(s.outputs * s.stride * heard * taps));
  for (std::int64_t o = 0; o < s.outputs; ++o)
    for (std::int64_t phase = 0; phase < s.stride; ++phase)
      for (std::int64_t i = 0; i < heard; ++i)
        for (std::int64_t k = 0; k < taps; ++k) {
          const std::int64_t from = phase + (taps - 1 - k) * s.stride, input = o / made * heard + i;
          out.push_back(from < kernel ? weight.data[static_cast<std::size_t>((input * made + o % made) * kernel + from)] : 0.0f);
        }
  return out;
}

}  // namespace

std::unique_ptr<Operation> make_conv_transpose1d(const Json& node, const Tensors& tensors, int channels) {
  const ConvolutionShape s = read_shape(node, channels);
  const Tensor& weight = three_dimensional(weight_of(node, tensors, "weight"), s.inputs, s.outputs / s.groups);
  const std::int64_t taps = s.memory + 1;
  if (taps != (weight.shape[2] + s.stride - 1) / s.stride)
    throw FileError("a transposed convolution in the file remembers another number of samples than its kernel needs");
  if (weight.shape[2] < s.stride) throw FileError("a transposed convolution in the file leaves gaps between its steps");
  std::vector<float> bias;
  for (float of_output : bias_of(node, tensors, s.outputs)) bias.insert(bias.end(), static_cast<std::size_t>(s.stride), of_output);
  return std::make_unique<ConvolveTransposed>(s, by_phases(weight, s, taps), std::move(bias));
}

}  // namespace tonewright
