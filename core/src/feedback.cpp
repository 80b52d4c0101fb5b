#include "feedback.h"

#include "loop.h"

namespace tonewright {

namespace {

class Looping : public Feedback {
 public:
  Looping(const Json& graph, const Tensors& tensors, int inputs, int outputs) : loop_(graph, tensors, inputs, outputs) {
    channels = outputs;
  }

  void reset() noexcept override { loop_.reset(); }
  void give(const float* past) noexcept override { given_ = past; }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    if (given_)
      loop_.hear(in[0], {const_cast<float*>(given_), 0, 1}, frames);
    else
      loop_.play(in[0], y, frames);
  }

 private:
  Loop loop_;
  const float* given_ = nullptr;
};

}  // namespace

std::unique_ptr<Operation> make_feedback(const Json& node, const Tensors& tensors, int channels) {
  const Json& attributes = node.at("attributes");
  const std::int64_t inputs = attributes.at("inputs").integer(1, kMaxChannels);
  const std::int64_t outputs = attributes.at("outputs").integer(1, kMaxChannels);
  if (inputs != channels) throw FileError("a feedback in the file does not fit the channels that it is given");
  return std::make_unique<Looping>(attributes.at("graph"), tensors, channels, static_cast<int>(outputs));
}

}  // namespace tonewright
