// What the nodes of a file say about their weights, checked.
#pragma once

#include "operation.h"

namespace tonewright {

struct ConvolutionShape {
  std::int64_t inputs, outputs, groups, stride, memory;
};

// All of these: FileError when the file contradicts itself. [main thread]

ConvolutionShape read_shape(const Json& node, int channels);
// The tensor that a node calls `key`, or nullptr when it has none.
const Tensor* weight_of(const Json& node, const Tensors& tensors, const char* key);
// That tensor, of shape [a, b, 1 or more].
const Tensor& three_dimensional(const Tensor* weight, std::int64_t a, std::int64_t b);
// The node's bias, or zeros.
std::vector<float> bias_of(const Json& node, const Tensors& tensors, std::int64_t outputs);

constexpr std::size_t padded_to(std::size_t count, int step) {
  const auto wide = static_cast<std::size_t>(step);
  return (count + wide - 1) / wide * wide;
}

}  // namespace tonewright
