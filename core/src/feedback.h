// feedback: the primitive of tonewright/layers/feedback.py.
#pragma once

#include <memory>

#include "operation.h"

namespace tonewright {

class Feedback : public Operation {
 public:
  Feedback* as_feedback() override { return this; }
  // The blocks to come take this for what the loop made, and make nothing, until it is nullptr again: as many samples
  // of its one channel as they have. [audio thread]
  virtual void give(const float* past) noexcept = 0;
};

// FileError when the node makes no sense, or asks for what a loop cannot play. [main thread]
std::unique_ptr<Operation> make_feedback(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
