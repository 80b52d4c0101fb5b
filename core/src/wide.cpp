#include "wide.h"

#include <algorithm>

#include "shapes.h"

namespace tonewright {

const WideKernels* wide_kernels(int width) noexcept {
  if (width == 0) width = kernels().width;
  if (!kernels_of_width(width)) return nullptr;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return &kWideKernels16;
  if (width == 8) return &kWideKernels8;
#endif
  return &kWideKernels4;
}

namespace {

// Few lanes leave fewer of narrow vectors empty.
const WideKernels& kernels_for(int lanes) noexcept {
  int width = kernels().width;
  while (width > 4 && lanes <= width / 2) width /= 2;
  return *wide_kernels(width);
}

}  // namespace

Wide::Wide(const std::vector<Term>& terms, const float* bias, int lanes, Manner manner) : kernels_(kernels_for(lanes)) {
  c_.lanes = lanes;
  c_.step = manner.step;
  c_.spread = manner.spread;
  c_.slope = manner.slope;
  for (const Term& term : terms) {
    c_.terms.push_back({term.inputs, term.taps, term.dilation});
    c_.depth += term.inputs * term.taps;
  }
  c_.bias.assign(bias, bias + lanes);
  c_.bias.resize(padded_to(c_.bias.size(), kernels_.width), 0.0f);
  pack(terms, kernels_.width);
}

void Wide::prepare(int frames) { heard_.assign(room_to_hear(c_.depth, frames), 0.0f); }

void Wide::pack(const std::vector<Term>& terms, int width) {
  c_.weights.reserve(c_.bias.size() * static_cast<std::size_t>(c_.depth));
  for (int first = 0, lanes = 0; first < c_.lanes; first += lanes) {
    lanes = wide_tile(width, c_.lanes - first);
    for (const Term& term : terms) {
      const std::size_t depth = static_cast<std::size_t>(term.inputs) * static_cast<std::size_t>(term.taps);
      for (std::size_t at = 0; at < depth; ++at)
        for (int lane = first; lane < first + lanes; ++lane)
          c_.weights.push_back(lane < c_.lanes ? term.weight[static_cast<std::size_t>(lane) * depth + at] : 0.0f);
    }
  }
}

void Wide::process(const Signal* sources, const Finish& f, const Signal& y, int frames) noexcept {
  kernels_.play(c_, sources, f, y, heard_.data(), frames);
  if (f.activation != Unary::kNone && f.activation != Unary::kLeakyRelu)
    kernels().unary(f.activation, f.slope, y, y, frames);
  if (f.sum_after) kernels().binary(Binary::kAdd, *f.sum_before, y, *f.sum_after, frames);
}

}  // namespace tonewright
