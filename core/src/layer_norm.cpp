#include "layer_norm.h"

#include <cmath>

#include "shapes.h"

namespace tonewright {

namespace {

constexpr float kEpsilon = 1e-5f;  // of the variance, as in torch

// Samples side by side, each with its own sums; beyond the block they are junk, which rows have room for.
using Sums = float[kRowStep];

class LayerNorm : public Operation {
 public:
  LayerNorm(std::vector<float> weight, std::vector<float> bias) : weight_(std::move(weight)), bias_(std::move(bias)) {
    channels = static_cast<int>(weight_.size());
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int t = 0; t < frames; t += kRowStep) normalise(in[0], y, t);
  }

 private:
  void normalise(const Signal& x, const Signal& y, int t) const noexcept {
    Sums mean = {}, scale = {};
    for (int c = 0; c < channels; ++c)
      for (int k = 0; k < kRowStep; ++k) mean[k] += x.row(c)[t + k];
    for (float& sum : mean) sum /= static_cast<float>(channels);
    for (int c = 0; c < channels; ++c)
      for (int k = 0; k < kRowStep; ++k) {
        const float away = x.row(c)[t + k] - mean[k];
        scale[k] += away * away;
      }
    for (float& sum : scale) sum = 1.0f / std::sqrt(sum / static_cast<float>(channels) + kEpsilon);
    for (int c = 0; c < channels; ++c) {
      const float weight = weight_[static_cast<std::size_t>(c)], bias = bias_[static_cast<std::size_t>(c)];
      for (int k = 0; k < kRowStep; ++k) y.row(c)[t + k] = (x.row(c)[t + k] - mean[k]) * scale[k] * weight + bias;
    }
  }

  std::vector<float> weight_, bias_;
};

const std::vector<float>& one_each(const Json& node, const Tensors& tensors, const char* key, int channels) {
  const Tensor* tensor = weight_of(node, tensors, key);
  if (!tensor || tensor->shape != std::vector<std::int64_t>{channels})
    throw FileError("a layer norm in the file wants one weight and one bias for each channel");
  return tensor->data;
}

}  // namespace

std::unique_ptr<Operation> make_layer_norm(const Json& node, const Tensors& tensors, int channels) {
  if (node.at("attributes").at("channels").integer(1, kMaxChannels) != channels)
    throw FileError("a layer norm in the file does not fit the channels that it is given");
  return std::make_unique<LayerNorm>(one_each(node, tensors, "weight", channels),
                                     one_each(node, tensors, "bias", channels));
}

}  // namespace tonewright
