// Teaching an LSTM, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "teaching_lstm.inl"

namespace tonewright {
namespace lstm {
const Kernels kLstm4{kWidth, play, answer, unanswer, learn};
}  // namespace lstm
}  // namespace tonewright
