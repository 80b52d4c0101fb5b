// Teaching an LSTM, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "teaching_lstm.inl"

namespace tonewright {
namespace lstm {
const Kernels kLstm8{kWidth, play, answer, unanswer, learn};
}  // namespace lstm
}  // namespace tonewright
