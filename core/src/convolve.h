// conv1d, and what it does along with itself: further convolutions, a sum, an activation or a gate, a running sum.
#pragma once

#include <memory>

#include "operation.h"
#include "wide.h"

namespace tonewright {

class Convolve : public Operation {
 public:
  // A convolution of one input: weight[output][input of its group][tap].
  struct Term {
    std::size_t from = 0;  // which of the operation's inputs
    int inputs = 0, taps = 1, dilation = 1, memory = 0;
    std::vector<float> weight;
  };

  Convolve(Term term, std::vector<float> bias, int outputs, int groups, int stride);

  Convolve* as_convolve() override { return this; }

  // Ways to take over what comes after; false when it cannot. The inputs of the operation grow at their end.
  // [main thread]
  bool take_terms(Convolve& other);  // adds a convolution of the same outputs: its inputs come after ours
  bool take_addend();                // adds one more input
  bool take_activation(Unary op, float slope);
  bool take_gate(Unary op, Unary gate);  // the second half of the channels gates the first
  bool take_sum();  // two more inputs: adds what comes out to the first, and puts the sum in the second
  bool take_stack(const std::vector<int>& channels);  // its one input is a stack of these: hears them one by one
  // A convolution of one tap that hears this one: its inputs but the first come after ours, and at last its output.
  // Then our own output is only written when `keep` is called.
  bool take_mix(Convolve& out);
  bool take_bend_before(Unary op, float slope) override;
  void keep() { keeps_ = true; }

  int memory(std::size_t input) const override;
  void prepare(int max_frames) override;
  void process(const Signal* inputs, const Signal& y, int frames) noexcept override;

 private:
  int outputs_of_group() const { return outputs_ / groups_; }
  bool always_wide() const;
  bool goes_wide(int frames) const;
  std::unique_ptr<Wide> widened(int group) const;
  void widen();
  void process_wide(const Signal* inputs, const Signal& y, int frames) noexcept;
  bool bent_before() const { return slope_before_ != 1.0f; }
  bool bends() const { return finish_.activation != Unary::kNone || finish_.gate != Unary::kNone; }
  bool plain() const { return groups_ == 1 && stride_ == 1 && !bends() && !sum_; }
  Convolution pack(int group, int tile) const;
  int tile() const { return kernels_.tile(outputs_of_group(), finish_.gate != Unary::kNone); }
  void find_sources(int group, const Signal* inputs) noexcept;
  void process_group(int group, const Signal* inputs, const Signal& y, int frames) noexcept;
  std::vector<int> order_of_outputs(int group, int tile) const;

  std::vector<Term> terms_;
  std::vector<float> bias_;
  int outputs_, groups_, stride_;  // outputs before the gate
  std::size_t inputs_ = 1;
  std::size_t addend_ = 0, sum_ = 0;  // places among the inputs; 0 is none
  Finish finish_;
  std::unique_ptr<Convolve> mix_;
  std::size_t mix_addend_ = 0, mix_out_ = 0;  // places among the inputs; 0 is none
  bool keeps_ = false;                            // others than the mix hear us
  float slope_before_ = 1.0f;                     // of a leaky ReLU that the input goes through first; 1 is none

  const Kernels& kernels_ = kernels();
  std::vector<Convolution> packed_;  // one for each group, and at last that of the mix
  std::vector<std::unique_ptr<Wide>> wide_;  // the same for blocks of few frames
  std::vector<Signal> sources_;
};

// FileError when the node makes no sense. [main thread]
std::unique_ptr<Operation> make_conv1d(const Json& node, const Tensors& tensors, int channels);

}  // namespace tonewright
