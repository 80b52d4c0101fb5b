// A Fourier transform in double, of powers of two, for what is looked at once in many samples. fft.h is for sound.
#pragma once

#include <cstddef>
#include <vector>

namespace tonewright {

// Real and imaginary parts, so many of each.
struct Complexes {
  std::vector<double> re, im;
  explicit Complexes(std::size_t size) : re(size), im(size) {}
};

// X[k] = sum over n of x[n] e^(-2 pi i k n / size).
// Source: Stockham's self-sorting passes (Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992,
// section 1.7), by four where that goes.
class Transform {
 public:
  // `size` is a power of two. Allocates. [main thread]
  explicit Transform(std::size_t size);

  std::size_t size() const { return size_; }
  // In place. [audio thread]
  void forward(Complexes& x) noexcept;

 private:
  std::size_t size_;
  std::vector<double> roots_;  // pass by pass: for each of the groups left, its turns
  Complexes other_;
};

}  // namespace tonewright
