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

class Operation {
 public:
  virtual ~Operation() = default;
  // Output samples for `frames` input samples are frames * up / down.
  int up = 1, down = 1;
  int channels = 0;  // of the output
  int place = 0;     // in the graph

  // Takes over what follows it: adds its second input, then bends the sum. False when it cannot. [main thread]
  virtual bool take_add() { return false; }
  virtual bool take_activation(Unary /*op*/, float /*slope*/) { return false; }
  // What it is, where others ask: the activation of a node that only bends, or Unary::kNone.
  virtual Unary activation() const { return Unary::kNone; }
  virtual float slope() const { return 0.0f; }
  virtual bool is_add() const { return false; }
  // The first channel of its input that it passes on untouched, when it is nothing but a view; else -1.
  virtual int view() const { return -1; }

  // Allocates for blocks of 1 to max_frames input samples. [main thread]
  virtual void prepare(int max_frames) = 0;
  // Forgets all sound. [audio thread]
  virtual void reset() noexcept {}
  // A block from the inputs to y; frames counts samples of the inputs. Never allocates or throws. [audio thread]
  virtual void process(const std::vector<Signal>& inputs, Signal y, int frames) noexcept = 0;
};

using Tensors = std::map<std::string, Tensor>;

// The operation of a node, whose inputs have these channels. FileError when the node makes no sense. [main thread]
std::unique_ptr<Operation> make_operation(const Json& node, const Tensors& tensors, const std::vector<int>& channels);

// Limits on what a file may ask for.
constexpr std::int64_t kMaxChannels = 1 << 14;
constexpr std::int64_t kMaxMemory = 1 << 24;  // samples x channels that one node remembers
constexpr std::int64_t kMaxStride = 1 << 14;

}  // namespace tonewright
