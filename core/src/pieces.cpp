#include "pieces.h"

#include <algorithm>
#include <cstring>

#include "kernels.h"

namespace tonewright {

Pieces::Pieces(const std::vector<float>& response, std::size_t first, std::size_t last, std::size_t length)
    : fft_(length), count_((last - first + length - 1) / length), spectra_(count_ * 2 * length),
      kernels_(fft_kernels(kernels().width)) {
  std::vector<float> frame(2 * length);
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t from = first + i * length, taps = std::min(length, last - from);
    std::fill(frame.begin(), frame.end(), 0.0f);
    std::copy_n(response.data() + from, taps, frame.data());
    fft_.forward(frame.data(), spectra_.data() + i * 2 * length);
  }
}

HeardByPieces::HeardByPieces(Pieces& pieces)
    : pieces_(&pieces), frame_(2 * pieces.length()), spectra_(pieces.count() * 2 * pieces.length()),
      sum_(2 * pieces.length()) {}

void HeardByPieces::reset() noexcept {
  newest_ = 0;
  std::fill(frame_.begin(), frame_.end(), 0.0f);
  std::fill(spectra_.begin(), spectra_.end(), 0.0f);
  std::fill(sum_.begin(), sum_.end(), 0.0f);
}

void HeardByPieces::turn() noexcept {
  const std::size_t length = pieces_->length();
  newest_ = (newest_ ? newest_ : pieces_->count()) - 1;
  pieces_->fft_.forward(frame_.data(), spectra_.data() + newest_ * 2 * length);
  std::memcpy(frame_.data(), frame_.data() + length, length * sizeof(float));
  std::fill(sum_.begin(), sum_.end(), 0.0f);
}

void HeardByPieces::add(std::size_t first, std::size_t last) noexcept {
  const std::size_t length = pieces_->length(), count = pieces_->count();
  for (std::size_t i = first; i < last; ++i) {
    const float* heard = spectra_.data() + (newest_ + i) % count * 2 * length;
    pieces_->kernels_.add_product(heard, pieces_->spectra_.data() + i * 2 * length, sum_.data(), length);
  }
}

}  // namespace tonewright
