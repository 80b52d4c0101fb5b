#include "fft.h"

#include <cmath>
#include <utility>

#include "kernels.h"

namespace tonewright {

namespace {

const double kPi = std::acos(-1.0);

// e^(-2 pi i k / size), with its angle kept small.
void push_root(std::size_t k, std::size_t size, Floats& to) {
  const double angle = 2.0 * kPi * static_cast<double>(k % size) / static_cast<double>(size);
  to.push_back(static_cast<float>(std::cos(angle)));
  to.push_back(static_cast<float>(-std::sin(angle)));
}

// In the order in which transform_rows() of fft.inl wants them.
void add_turns(std::size_t size, FftPlan& plan) {
  for (; size > 1; ++plan.passes) {
    const std::size_t by = size % 4 == 0 ? 4 : 2;
    for (std::size_t p = 0; p < size / by; ++p)
      for (std::size_t power = 1; power < by; ++power) push_root(p * power, size, plan.turns);
    size /= by;
  }
}

FftPlan plan_of(std::size_t size) {
  FftPlan plan;
  while (plan.rows * plan.rows < size) plan.rows *= 2;
  plan.columns = size / plan.rows;
  add_turns(plan.rows, plan);
  add_turns(plan.columns, plan);
  ++plan.passes;  // the one between
  Floats between;
  for (std::size_t row = 0; row < plan.rows; ++row)
    for (std::size_t column = 0; column < plan.columns; ++column) push_root(row * column, size, between);
  for (std::size_t i = 0; i < between.size(); i += 2) {
    plan.between_re.push_back(between[i]);
    plan.between_im.push_back(between[i + 1]);
  }
  return plan;
}

}  // namespace

const FftKernels& fft_kernels(int width) noexcept {
#if defined(TONEWRIGHT_X86)
  if (width == 16) return kFftKernels16;
  if (width == 8) return kFftKernels8;
#else
  static_cast<void>(width);
#endif
  return kFftKernels4;
}

Fft::Fft(std::size_t half)
    : half_(half), kernels_(fft_kernels(kernels().width)), plan_(plan_of(half)), cos_(half), sin_(half),
      other_(2 * half) {
  for (std::size_t n = 0; n < half; ++n) {
    const double angle = kPi * static_cast<double>(n) / static_cast<double>(2 * half);
    cos_[n] = static_cast<float>(std::cos(angle));
    sin_[n] = static_cast<float>(std::sin(angle));
  }
}

void Fft::forward(const float* frame, float* spectrum) noexcept {
  Parts at{spectrum, spectrum + half_}, other{other_.data(), other_.data() + half_};
  if (plan_.passes % 2) std::swap(at, other);  // so that the last pass writes into the spectrum
  for (std::size_t n = 0; n < half_; ++n) {
    const float early = frame[n], late = frame[half_ + n];
    at.re[n] = early * cos_[n] - late * sin_[n];
    at.im[n] = early * sin_[n] + late * cos_[n];
  }
  kernels_.transform(plan_, at, other);
}

void Fft::late(float* spectrum, float* samples) noexcept {
  // With real and imaginary parts exchanged before and after, the transform is its own inverse, `half` times too large.
  const Parts made = kernels_.transform(plan_, {spectrum + half_, spectrum}, {other_.data(), other_.data() + half_});
  const float scale = 1.0f / static_cast<float>(half_);
  for (std::size_t n = 0; n < half_; ++n) samples[n] = scale * (made.re[n] * cos_[n] - made.im[n] * sin_[n]);
}

}  // namespace tonewright
