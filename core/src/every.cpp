#include "every.h"

namespace tonewright {

namespace {

class Every : public Operation {
 public:
  Every(int hop, int rows) {
    down = hop;
    channels = rows;
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int c = 0; c < channels; ++c) {
      const float* x = in[0].row(c);
      float* made = y.row(c);
      for (int last = down - 1; last < frames; last += down) *made++ = x[last];
    }
  }
};

}  // namespace

std::unique_ptr<Operation> make_every(const Json& node, int channels) {
  const auto hop = static_cast<int>(node.at("attributes").at("hop").integer(1, kMaxStride));
  return std::make_unique<Every>(hop, channels);
}

}  // namespace tonewright
