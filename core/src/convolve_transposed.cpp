#include "convolve_transposed.h"

#include "convolve.h"
#include "shapes.h"

namespace tonewright {

namespace {

// Output t of phase p is a convolution of its own over the inputs: taps p, p + stride, p + 2 stride ... backwards.
class ConvolveTransposed : public Operation {
 public:
  std::vector<std::unique_ptr<Convolve>> phases;

  int memory(std::size_t input) const override { return phases[0]->memory(input); }

  void prepare(int max_frames) override {
    stride_ = padded(static_cast<std::size_t>(max_frames)) + kRowStep;
    made_.assign(stride_ * static_cast<std::size_t>(channels) + kRowStep, 0.0f);
    for (auto& phase : phases) phase->prepare(max_frames);
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    const Signal made{made_.data(), stride_, channels};
    for (int p = 0; p < up; ++p) {
      phases[static_cast<std::size_t>(p)]->process(in, made, frames);
      for (int o = 0; o < channels; ++o)
        for (int t = 0; t < frames; ++t) y.row(o)[t * up + p] = made.row(o)[t];
    }
  }

 private:
  std::vector<float> made_;
  std::size_t stride_ = 0;
};

// Weight [inputs, outputs of a group, kernel] of a transposed convolution as that of one phase: [outputs, inputs of a
// group, taps], where the last tap meets the newest input.
std::vector<float> phase_of(const Tensor& weight, const ConvolutionShape& s, std::int64_t phase, std::int64_t taps) {
  const std::int64_t made = weight.shape[1], kernel = weight.shape[2], heard = s.inputs / s.groups;
  std::vector<float> out(static_cast<std::size_t>(s.outputs * heard * taps), 0.0f);
  for (std::int64_t o = 0; o < s.outputs; ++o)
    for (std::int64_t i = 0; i < heard; ++i)
      for (std::int64_t k = 0; k < taps; ++k) {
        const std::int64_t from = phase + (taps - 1 - k) * s.stride, input = o / made * heard + i;
        if (from >= kernel) continue;
        out[static_cast<std::size_t>((o * heard + i) * taps + k)] =
            weight.data[static_cast<std::size_t>((input * made + o % made) * kernel + from)];
      }
  return out;
}

}  // namespace

std::unique_ptr<Operation> make_conv_transpose1d(const Json& node, const Tensors& tensors, int channels) {
  const ConvolutionShape s = read_shape(node, channels);
  const Tensor& weight = three_dimensional(weight_of(node, tensors, "weight"), s.inputs, s.outputs / s.groups);
  const std::int64_t taps = s.memory + 1;
  if (taps != (weight.shape[2] + s.stride - 1) / s.stride)
    throw FileError("a transposed convolution in the file remembers another number of samples than its kernel needs");
  if (weight.shape[2] < s.stride) throw FileError("a transposed convolution in the file leaves gaps between its steps");
  auto made = std::make_unique<ConvolveTransposed>();
  for (std::int64_t phase = 0; phase < s.stride; ++phase) {
    Convolve::Term term{0, static_cast<int>(s.inputs / s.groups), static_cast<int>(taps), 1,
                        static_cast<int>(s.memory), phase_of(weight, s, phase, taps)};
    made->phases.push_back(std::make_unique<Convolve>(std::move(term), bias_of(node, tensors, s.outputs),
                                                      static_cast<int>(s.outputs), static_cast<int>(s.groups), 1));
  }
  made->channels = static_cast<int>(s.outputs);
  made->up = static_cast<int>(s.stride);
  return made;
}

}  // namespace tonewright
