// What a node of the graph does to a block; each primitive of tonewright/layers is one of these.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels.h"
#include "tonewright/json.h"
#include "tonewright/tone_file.h"

namespace tonewright {

class Convolve;
class Feedback;

// What the graph may do by itself, or leave to the operation before or after.
struct Traits {
  Unary bends = Unary::kNone;  // it is nothing but this function of each sample
  float slope = 0.0f;
  bool adds = false, multiplies = false;  // it is nothing but the sum or product of its two inputs
  bool stacks = false;                    // it puts the channels of its inputs on top of each other
  // It is nothing but its input from this channel on, so many samples ago.
  bool is_view = false;
  int channel = 0, delay = 0;
};

class Operation {
 public:
  virtual ~Operation() = default;
  // Output samples for `frames` input samples are frames * up / down.
  int up = 1, down = 1;
  int channels = 0;  // of the output
  Traits traits;

  // Samples before the block that it reads of an input.
  virtual int memory(std::size_t /*input*/) const { return 0; }
  // Samples x channels that it remembers by itself, where they may be many.
  virtual std::int64_t remembered() const { return 0; }
  // Takes over a function that nothing but its input goes through before; false when it cannot. [main thread]
  virtual bool take_bend_before(Unary /*op*/, float /*slope*/) { return false; }
  // Itself, if it is a convolution that may take over what stands around it.
  virtual Convolve* as_convolve() { return nullptr; }
  // Itself, if it is a loop that can be given its past.
  virtual Feedback* as_feedback() { return nullptr; }

  // Allocates for blocks of 1 to max_frames input samples. [main thread]
  virtual void prepare(int /*max_frames*/) {}
  // Forgets all sound. [audio thread]
  virtual void reset() noexcept {}
  // A block from the inputs to y; frames counts samples of the inputs, each with its memory() to the left of the
  // block. Never allocates or throws. [audio thread]
  virtual void process(const Signal* inputs, const Signal& y, int frames) noexcept = 0;
};

using Tensors = std::map<std::string, Tensor>;

// The operation of a node, whose inputs have these channels. FileError when the node makes no sense. [main thread]
std::unique_ptr<Operation> make_operation(const Json& node, const Tensors& tensors, const std::vector<int>& channels);

// Limits on what a file may ask for.
constexpr std::int64_t kMaxChannels = 1 << 14;
constexpr std::int64_t kMaxMemory = 1 << 24;  // samples x channels that one node remembers
constexpr std::int64_t kMaxStride = 1 << 14;

}  // namespace tonewright
