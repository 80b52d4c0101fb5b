// Teaching an LSTM, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "teaching_lstm.inl"

namespace tonewright {
namespace lstm {
const Kernels kLstm16{kWidth, play, answer, unanswer, learn};
}  // namespace lstm
}  // namespace tonewright
