// A part of a long response, in pieces of one length, each a spectrum; and what a channel remembers to play it.
#pragma once

#include <vector>

#include "fft.h"

namespace tonewright {

// The pieces are heard by all channels. Piece i is to be multiplied with the spectrum of the frame i frames ago.
class Pieces {
 public:
  // Pieces of `length` samples (a power of two, at least kRowStep) of the taps first .. last - 1; zeros fill the last.
  // Allocates. [main thread]
  Pieces(const std::vector<float>& response, std::size_t first, std::size_t last, std::size_t length);

  std::size_t length() const { return fft_.half(); }
  std::size_t count() const { return count_; }

 private:
  friend class HeardByPieces;

  Fft fft_;
  std::size_t count_;
  Floats spectra_;  // [count, 2 * length]
  const FftKernels& kernels_;
};

// What one channel has been, as spectra, and the sum of products that is under way.
class HeardByPieces {
 public:
  // Allocates. `pieces` are looked at for as long as this lives. [main thread]
  explicit HeardByPieces(Pieces& pieces);

  // All of these: [audio thread]

  // Forgets all sound.
  void reset() noexcept;
  // Where the samples of the frame that is filling up are to be written, `length` of them.
  float* filling() noexcept { return frame_.data() + pieces_->length(); }
  // The frame is full: its spectrum is the newest from now on, and the sum begins anew.
  void turn() noexcept;
  // Adds the products of the pieces first .. last - 1.
  void add(std::size_t first, std::size_t last) noexcept;
  // What all the products together make, `length` samples.
  void finish(float* samples) noexcept { pieces_->fft_.late(sum_.data(), samples); }

 private:
  Pieces* pieces_;
  std::size_t newest_ = 0;
  Floats frame_;           // the one before and the one that is filling up
  Floats spectra_, sum_;   // [count, 2 * length], a ring; [2 * length]
};

}  // namespace tonewright
