#include "shapes.h"

namespace tonewright {

ConvolutionShape read_shape(const Json& node, int channels) {
  const Json& a = node.at("attributes");
  ConvolutionShape s{};
  s.inputs = a.at("inputs").integer(1, kMaxChannels);
  s.outputs = a.at("outputs").integer(1, kMaxChannels);
  s.groups = a.at("groups").integer(1, kMaxChannels);
  s.stride = a.at("stride").integer(1, kMaxStride);
  s.memory = a.at("memory").integer(0, kMaxMemory / s.inputs);
  if (s.inputs != channels || s.inputs % s.groups || s.outputs % s.groups)
    throw FileError("a convolution in the file does not fit the channels that it is given");
  return s;
}

const Tensor* weight_of(const Json& node, const Tensors& tensors, const char* key) {
  const Json* name = node.at("weights").find(key);
  if (!name) return nullptr;
  const auto found = tensors.find(name->string());
  if (found == tensors.end()) throw FileError("the file has no weights called '" + name->string() + "'");
  return &found->second;
}

const Tensor& three_dimensional(const Tensor* weight, std::int64_t a, std::int64_t b) {
  if (!weight || weight->shape.size() != 3 || weight->shape[0] != a || weight->shape[1] != b || weight->shape[2] < 1)
    throw FileError("the weights of a convolution in the file have another shape than it says");
  return *weight;
}

std::vector<float> bias_of(const Json& node, const Tensors& tensors, std::int64_t outputs) {
  const Tensor* bias = weight_of(node, tensors, "bias");
  if (!bias) return std::vector<float>(static_cast<std::size_t>(outputs), 0.0f);
  if (bias->count() != outputs) throw FileError("a bias in the file has another size than its layer");
  return bias->data;
}

}  // namespace tonewright
