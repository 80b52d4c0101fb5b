#include "loudness.h"

#include <algorithm>
#include <cmath>

namespace tonewright {

namespace {

constexpr double kFloorDb = -80.0, kHalfSeconds = 0.016;
constexpr double kReferenceWindow = 512.0, kReferenceBins = 257.0;  // at 16 kHz, whose levels these are

std::size_t transform_of(std::size_t window) {
  std::size_t size = 1;
  while (size < window) size *= 2;
  return size;
}

double a_weight(double f) {
  const auto squared = [](double x) { return x * x; };
  const double f2 = f * f, low = squared(20.598997), one = squared(107.65265), two = squared(737.86223);
  const double high = squared(12194.217);
  const double amplitude = high * f2 * f2 / ((f2 + low) * std::sqrt((f2 + one) * (f2 + two)) * (f2 + high));
  return squared(std::pow(10.0, 0.1) * amplitude);
}

}  // namespace

std::int64_t LoudnessMeter::half(std::int64_t sample_rate) noexcept {
  return std::llrint(kHalfSeconds * static_cast<double>(sample_rate));
}

LoudnessMeter::LoudnessMeter(std::int64_t sample_rate)
    : window_(static_cast<std::size_t>(2 * half(sample_rate))), transform_(transform_of(window_.size())),
      x_(transform_.size()) {
  const double size = static_cast<double>(window_.size()), bins = static_cast<double>(transform_.size() / 2);
  for (std::size_t t = 0; t < window_.size(); ++t)
    window_[t] = 0.5 - 0.5 * std::cos(2.0 * std::acos(-1.0) * static_cast<double>(t) / size);
  // The energy of a Hann window is 3/8 of its samples, at 16 kHz too.
  const double scale = kReferenceWindow / size / bins * (kReferenceWindow / 2.0) / kReferenceBins;
  for (std::size_t k = 0; k <= transform_.size() / 2; ++k)
    weights_.push_back(scale * a_weight(static_cast<double>(k) * static_cast<double>(sample_rate) / (2.0 * bins)));
}

double LoudnessMeter::level_db(const double* window) noexcept {
  for (std::size_t t = 0; t < window_.size(); ++t) x_.re[t] = window_[t] * window[t];
  std::fill(x_.re.begin() + static_cast<std::ptrdiff_t>(window_.size()), x_.re.end(), 0.0);
  std::fill(x_.im.begin(), x_.im.end(), 0.0);
  transform_.forward(x_);
  double power = 0.0;
  for (std::size_t k = 0; k < weights_.size(); ++k) power += weights_[k] * (x_.re[k] * x_.re[k] + x_.im[k] * x_.im[k]);
  return std::max(kFloorDb, 10.0 * std::log10(power));
}

}  // namespace tonewright
