// A graph that is played sample by sample and hears its own last sample.
#pragma once

#include <vector>

#include "ahead.h"
#include "dense.h"
#include "loop_nodes.h"
#include "past.h"

namespace tonewright {

// Each signal is one vector: its channels, for the sample that is being made.
class Loop {
 public:
  // FileError when the graph makes no sense or is too large. [main thread]
  Loop(const Json& graph, const Tensors& tensors, int inputs, int outputs);
  Loop(const Loop&) = delete;  // the steps point into it
  Loop& operator=(const Loop&) = delete;

  // Forgets all sound. [audio thread]
  void reset() noexcept;
  // Plays a block. [audio thread]
  void play(const Signal& x, const Signal& y, int frames) noexcept;
  // The same, but takes `given` for what it made: afterwards it remembers x and these. [audio thread]
  void hear(const Signal& x, const Signal& given, int frames) noexcept;

 private:
  struct Step {
    enum class Kind { kGlue, kCopy, kSpread, kLayer } kind = Kind::kGlue;
    bool matters = false;  // even when the past is given
    Operation* operation = nullptr;
    Signal heard[2], made;  // as glue sees them: one row whose samples are the channels
    const float *from = nullptr, *addend = nullptr;
    float* to = nullptr;
    int channels = 0;
    Dense layer;
    Past* past = nullptr;
    Ahead* ahead = nullptr;
  };

  void check_size();
  void pack();
  void add_steps();
  void add_glue(const LoopNode& node);
  void add_stack(const LoopNode& node);
  void add_layer(const LoopNode& node, const Dense& layer);
  void remember(const LoopNode& node, std::size_t place);
  const float* spread(const LoopNode& node, int from);
  float* room(int channels);  // for one more vector
  float*& at(int node) { return places_[static_cast<std::size_t>(node)]; }
  void run(const Step& step) noexcept;
  void run_layer(const Step& step) noexcept;
  void turn(const Signal& x, int t) noexcept;
  template <typename Function>
  void each_sample(const Signal& x, int frames, Function function) noexcept;

  const Kernels& kernels_ = kernels();
  const DenseKernels& dense_ = dense_kernels(kernels_.width);
  LoopGraph graph_;
  int inputs_, outputs_;
  std::vector<float*> places_;  // of the nodes' vectors
  Floats vectors_;
  std::size_t taken_ = 0;  // of vectors_
  DenseStore store_;
  std::vector<Past> pasts_;    // of the layers that remember
  std::vector<Ahead> aheads_;  // of the same
  std::vector<Step> steps_, fixed_;  // for each sample; once and for all
  Floats turned_;                    // some samples of x
  float *x_ = nullptr, *y_ = nullptr;  // what the graph hears: a sample, and what came out before it
  const float* made_ = nullptr;        // what comes out
};

}  // namespace tonewright
