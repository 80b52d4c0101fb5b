#include "alternate.h"

#include <algorithm>

namespace tonewright {

namespace {

class Alternate : public Operation {
 public:
  Alternate(int rows, int start) : start_(start), odd_(start) { channels = rows; }

  void reset() noexcept override { odd_ = start_; }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int c = 0; c < channels; ++c) {
      const float* x = in[0].row(c);
      float* made = y.row(c);
      std::copy_n(x, frames, made);
      if (c % 2 == 0) continue;
      for (int t = 1 - odd_; t < frames; t += 2) made[t] = -x[t];
    }
    odd_ = (odd_ + frames) % 2;
  }

 private:
  int start_, odd_;  // whether the next sample is an odd one
};

}  // namespace

std::unique_ptr<Operation> make_alternate(const Json& node, int channels) {
  const Json& attributes = node.at("attributes");
  const std::int64_t wanted = attributes.at("channels").integer(1, kMaxChannels);
  if (wanted != channels) throw FileError("a filter bank in the file is for another number of bands than it is given");
  return std::make_unique<Alternate>(channels, static_cast<int>(attributes.at("start").integer(0, 1)));
}

}  // namespace tonewright
