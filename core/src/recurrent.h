// lstm and gru: the primitives of tonewright/layers/recurrent.py.
#pragma once

#include <memory>
#include <string>

#include "operation.h"
#include "recurrent_kernels.h"

namespace tonewright {

// The operation of a node called "lstm" or "gru", or nullptr when `op` is neither. FileError when its weights are not
// those of such a layer. [main thread]
std::unique_ptr<Operation> make_recurrent(const std::string& op, const Json& node, const Tensors& tensors, int channels);

// Weights as torch has them: `gates` times hidden rows, one gate after another, the gates in torch's order (LSTM
// i, f, g, o; GRU r, z, n).
struct RecurrentWeights {
  Cell cell = Cell::kLstm;
  int inputs = 0, hidden = 0;
  const float *input = nullptr, *recurrent = nullptr;  // [gates * hidden, inputs] and [gates * hidden, hidden]
  const float *input_bias = nullptr, *recurrent_bias = nullptr;  // [gates * hidden]
};

// The same in the order that the kernel of that width reads. [main thread]
Recurrence pack(const RecurrentWeights& weights, int width);

// The kernel as wide as `kernels()`. [any thread]
const RecurrentKernels& recurrent_kernels(int width) noexcept;

}  // namespace tonewright
