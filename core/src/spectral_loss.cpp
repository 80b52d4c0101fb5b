#include "tonewright/spectral_loss.h"

#include <algorithm>
#include <cmath>

#include "denormals.h"
#include "kernels.h"
#include "spectral_loss_kernels.h"

namespace tonewright {

namespace {

const double kPi = std::acos(-1.0);
constexpr std::size_t kMaxSize = std::size_t{1} << 16;
constexpr float kEpsilon = 1e-7f;
constexpr double kHannPower = 0.375;  // mean square of Hann's window
constexpr std::size_t kTile = 16;  // rows and columns that are transposed together: a cache line has as many floats

void push_root(std::size_t k, std::size_t size, Floats& to) {
  const double angle = 2.0 * kPi * static_cast<double>(k % size) / static_cast<double>(size);
  to.push_back(static_cast<float>(std::cos(angle)));
  to.push_back(static_cast<float>(-std::sin(angle)));
}

int radix_of(std::size_t n) { return n % 4 == 0 ? 4 : n % 3 == 0 ? 3 : 2; }

void add_passes(SpectralScale& scale) {
  for (std::size_t n = scale.half; n > 1; n /= static_cast<std::size_t>(scale.radices.back())) {
    const std::size_t radix = static_cast<std::size_t>(radix_of(n));
    scale.radices.push_back(static_cast<int>(radix));
    scale.turns_at.push_back(scale.turns.size());
    for (std::size_t j = 0; j < n / radix; ++j)
      for (std::size_t p = 1; p < radix; ++p) push_root(j * p, n, scale.turns);
  }
}

std::uint32_t place_of(std::size_t k, const SpectralScale& scale) {
  std::size_t place = 0, n = scale.half;
  for (const int radix : scale.radices) {
    n /= static_cast<std::size_t>(radix);
    place += k % static_cast<std::size_t>(radix) * n;
    k /= static_cast<std::size_t>(radix);
  }
  return static_cast<std::uint32_t>(place);
}

SpectralScale scale_of(std::size_t size) {
  SpectralScale scale;
  scale.size = size, scale.hop = size / 4, scale.half = size / 2;
  for (std::size_t n = 0; n < size; ++n)
    scale.window.push_back(static_cast<float>(
        0.5 - 0.5 * std::cos(2.0 * kPi * static_cast<double>(n) / static_cast<double>(size))));
  add_passes(scale);
  for (std::size_t k = 0; k < scale.half; ++k) scale.places.push_back(place_of(k, scale));
  for (std::size_t k = 0; k <= scale.half / 2; ++k) push_root(k, size, scale.bin_turns);
  return scale;
}

const SpectralKernels& kernels_for(int width) {
  const Kernels* found = width ? kernels_of_width(width) : nullptr;
  width = found ? found->width : kernels().width;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return kSpectralKernels16;
  if (width == 8) return kSpectralKernels8;
#endif
  return kSpectralKernels4;
}

// Frames as rows to frames as columns, or, with `back`, that again; `rows` is a multiple of kTile.
void transpose(float* frames, std::size_t count, std::size_t hop, float* sheet, std::size_t stride, bool back) {
  for (std::size_t j = 0; j < count; j += kTile)
    for (std::size_t m = 0; m < hop; m += kTile) {
      const std::size_t end = std::min(count, j + kTile), last = std::min(hop, m + kTile);
      for (std::size_t column = j; column < end; ++column)
        for (std::size_t row = m; row < last; ++row) {
          float &a = frames[column * hop + row], &b = sheet[row * stride + column];
          (back ? a : b) = back ? b : a;
        }
    }
}

// Where the signals of one item lie.
struct Signals {
  const float *target, *estimate;
  float* d_estimate;  // nullptr where nobody asks
};

// One item at one scale. Its channels stand side by side in the sheets, each with the three hops that its last frame
// needs beyond its own: short sounds so fill the vectors.
struct Pass {
  const SpectralScale& scale;
  const SpectralKernels& kernels;
  std::size_t channels, samples, frames, hops, columns, stride;
  Floats padded, target, estimate, slope, counts, z;

  Pass(const SpectralScale& of, const SpectralKernels& by, std::size_t rows, std::size_t length, bool slopes)
      : scale(of), kernels(by), channels(rows), samples(length), frames(length / of.hop + 1), hops(frames + 3) {
    const std::size_t width = static_cast<std::size_t>(by.width);
    columns = (channels * hops - 3 + width - 1) / width * width;
    stride = padded_to_lines(columns + width);
    padded.resize(samples + scale.size);
    target.resize(scale.hop * stride);
    estimate.resize(scale.hop * stride);
    if (slopes) slope.resize(scale.hop * stride);
    counts.resize(columns);
    for (std::size_t c = 0; c < channels; ++c) std::fill_n(counts.data() + c * hops, frames, 1.0f);
    z.resize(2 * scale.size * width);
  }

  // An odd number of cache lines, so that rows below each other do not meet in the cache.
  static std::size_t padded_to_lines(std::size_t floats) { return ((floats + 15) / 16 | 1) * 16; }

  void lay_out(const float* x, float* sheet) {
    const std::size_t edge = scale.size / 2;
    std::copy(x, x + samples, padded.begin() + static_cast<std::ptrdiff_t>(edge));
    for (std::size_t i = 1; i <= edge; ++i) padded[edge - i] = x[i];
    for (std::size_t i = 1; i <= edge; ++i) padded[edge + samples - 1 + i] = x[samples - 1 - i];
    transpose(padded.data(), hops, scale.hop, sheet, stride, false);
  }

  // Adds what the sheet of slopes says of each sample, also of its mirror images.
  void collect(float* sheet, float* d_estimate) {
    const std::size_t edge = scale.size / 2;
    std::fill(padded.begin(), padded.end(), 0.0f);
    transpose(padded.data(), hops, scale.hop, sheet, stride, true);
    for (std::size_t i = 0; i < samples; ++i) d_estimate[i] += padded[edge + i];
    for (std::size_t i = 1; i <= edge; ++i) d_estimate[i] += padded[edge - i];
    for (std::size_t i = 1; i <= edge; ++i) d_estimate[samples - 1 - i] += padded[edge + samples - 1 + i];
  }

  // The item's part of a mean over `items`.
  double operator()(const Signals& of, std::size_t items, const RelativeSpectra* relative) {
    for (std::size_t c = 0; c < channels; ++c) {
      lay_out(of.target + c * samples, target.data() + c * hops);
      lay_out(of.estimate + c * samples, estimate.data() + c * hops);
    }
    std::fill(slope.begin(), slope.end(), 0.0f);
    const SpectralSheets sheets{target.data(), estimate.data(), of.d_estimate ? slope.data() : nullptr, counts.data(),
                                stride};
    const double bins = static_cast<double>(frames * (scale.half + 1));
    const double count = bins * static_cast<double>(channels);
    SpectralTerms terms{static_cast<float>(1.0 / (count * static_cast<double>(items))), 0.0f, kEpsilon};
    if (relative) {
      terms.epsilon = relative->epsilon;
      terms.square = static_cast<float>(count / std::max(energy(sheets), relative->floor * bins * kHannPower *
                                                                             static_cast<double>(scale.size)));
    }
    double sum = 0.0;
    for (std::size_t first = 0; first < columns; first += static_cast<std::size_t>(kernels.width))
      sum += kernels.compare(scale, sheets, first, terms, z.data());
    if (of.d_estimate)
      for (std::size_t c = 0; c < channels; ++c) collect(slope.data() + c * hops, of.d_estimate + c * samples);
    return sum / (count * static_cast<double>(items));
  }

  double energy(const SpectralSheets& sheets) const {
    double sum = 0.0;
    for (std::size_t first = 0; first < columns; first += static_cast<std::size_t>(kernels.width))
      sum += kernels.energy(scale, sheets, first);
    return sum;
  }
};

}  // namespace

struct SpectralLoss::Parts {
  const SpectralKernels& kernels;
  std::vector<SpectralScale> scales;

  double operator()(const Signals& of, std::size_t items, std::size_t channels, std::size_t samples,
                    const RelativeSpectra* relative) const {
    const NoDenormals guard;
    const std::size_t size = channels * samples;
    if (of.d_estimate) std::fill(of.d_estimate, of.d_estimate + items * size, 0.0f);
    double sum = 0.0;
    for (const SpectralScale& scale : scales) {
      Pass pass(scale, kernels, channels, samples, of.d_estimate != nullptr);
      for (std::size_t at = 0; at < items * size; at += size)
        sum += pass({of.target + at, of.estimate + at, of.d_estimate ? of.d_estimate + at : nullptr}, items, relative);
    }
    return sum;
  }
};

bool SpectralLoss::can(std::size_t size) noexcept {
  if (size == 0 || size > kMaxSize || size % 32) return false;
  size /= 32;
  while (size % 2 == 0) size /= 2;
  while (size % 3 == 0) size /= 3;
  return size == 1;
}

SpectralLoss::SpectralLoss(const std::vector<std::size_t>& sizes, int width)
    : parts_(new Parts{kernels_for(width), {}}) {
  for (const std::size_t size : sizes) parts_->scales.push_back(scale_of(size));
}

SpectralLoss::~SpectralLoss() = default;

double SpectralLoss::operator()(const float* target, const float* estimate, std::size_t items, std::size_t samples,
                                float* d_estimate) const {
  return (*parts_)({target, estimate, d_estimate}, items, 1, samples, nullptr);
}

double SpectralLoss::operator()(const float* target, const float* estimate, std::size_t items, std::size_t channels,
                                std::size_t samples, const RelativeSpectra& relative, float* d_estimate) const {
  return (*parts_)({target, estimate, d_estimate}, items, channels, samples, &relative);
}

}  // namespace tonewright
