// The weights of layers that hear one sample at a time, in the order in which their kernels read them.
#pragma once

#include <vector>

#include "dense_kernels.h"
#include "half.h"

namespace tonewright {

// A convolution, at one sample: of each input `taps` samples, `dilation` apart, the oldest first.
struct DenseShape {
  int inputs = 1, outputs = 1, taps = 1, dilation = 1;

  std::size_t weights() const {
    return static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs) * static_cast<std::size_t>(taps);
  }
};

// The kernel as wide as `kernels()`. [any thread]
const DenseKernels& dense_kernels(int width) noexcept;

// All the layers of a loop in one piece of memory, in the order of use.
class DenseStore {
 public:
  DenseStore(int width, bool halves) : width_(width), halves_wanted_(halves) {}

  // Weights [output][input][tap] and bias [output]. With `halves`, they are kept in half precision if every one of them
  // is such a number: nothing is ever rounded. What the layer will hear are samples with their inputs side by side,
  // the oldest first. [main thread]
  void add(const DenseShape& shape, const float* weights, const float* bias);

  // The layers in the order in which they were added; they point into the store. [main thread]
  std::vector<Dense> layers() const;

 private:
  struct Place {
    std::size_t bias, weights;
    bool halves;
  };
  template <typename Weight>
  void add_weights(const DenseShape& shape, const Weight* weights, std::vector<Weight, InLines<Weight>>& to) const;

  int width_;
  bool halves_wanted_;
  std::vector<Dense> layers_;
  std::vector<Place> places_;
  Floats floats_;
  Halves halves_;
};

}  // namespace tonewright
