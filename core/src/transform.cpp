#include "transform.h"

#include <cmath>

namespace tonewright {

namespace {

// Where the four quarters of a pass come from, and where its four results go.
struct Rows {
  const double *re, *im;
  std::size_t step;
  double *to_re, *to_im;
};

void four(const Rows& rows, std::size_t count, const double* w) noexcept {
  const std::size_t step = rows.step;
  for (std::size_t q = 0; q < count; ++q) {
    const double *re = rows.re + q, *im = rows.im + q;
    double *to_re = rows.to_re + q, *to_im = rows.to_im + q;
    const double even_re = re[0] + re[2 * step], even_im = im[0] + im[2 * step];
    const double odd_re = re[step] + re[3 * step], odd_im = im[step] + im[3 * step];
    const double a_re = re[0] - re[2 * step], a_im = im[0] - im[2 * step];
    const double b_re = re[step] - re[3 * step], b_im = im[step] - im[3 * step];
    const double one_re = a_re + b_im, one_im = a_im - b_re, three_re = a_re - b_im, three_im = a_im + b_re;
    const double two_re = even_re - odd_re, two_im = even_im - odd_im;
    to_re[0] = even_re + odd_re;
    to_im[0] = even_im + odd_im;
    to_re[count] = one_re * w[0] - one_im * w[1];
    to_im[count] = one_re * w[1] + one_im * w[0];
    to_re[2 * count] = two_re * w[2] - two_im * w[3];
    to_im[2 * count] = two_re * w[3] + two_im * w[2];
    to_re[3 * count] = three_re * w[4] - three_im * w[5];
    to_im[3 * count] = three_re * w[5] + three_im * w[4];
  }
}

void two(const Rows& rows, std::size_t count, const double* w) noexcept {
  for (std::size_t q = 0; q < count; ++q) {
    const double a_re = rows.re[q], a_im = rows.im[q], b_re = rows.re[q + rows.step], b_im = rows.im[q + rows.step];
    const double re = a_re - b_re, im = a_im - b_im;
    rows.to_re[q] = a_re + b_re;
    rows.to_im[q] = a_im + b_im;
    rows.to_re[q + count] = re * w[0] - im * w[1];
    rows.to_im[q + count] = re * w[1] + im * w[0];
  }
}

}  // namespace

Transform::Transform(std::size_t size) : size_(size), other_(size) {
  const double turn = -2.0 * std::acos(-1.0);
  for (std::size_t left = size; left > 1;) {
    const std::size_t by = left % 4 == 0 ? 4 : 2;
    for (std::size_t p = 0; p < left / by; ++p)
      for (std::size_t power = 1; power < by; ++power) {
        const double angle = turn * static_cast<double>(p * power) / static_cast<double>(left);
        roots_.push_back(std::cos(angle));
        roots_.push_back(std::sin(angle));
      }
    left /= by;
  }
}

void Transform::forward(Complexes& x) noexcept {
  const double* w = roots_.data();
  for (std::size_t left = size_, count = 1; left > 1;) {
    const std::size_t by = left % 4 == 0 ? 4 : 2;
    left /= by;
    for (std::size_t p = 0; p < left; ++p, w += 2 * (by - 1)) {
      const Rows rows{x.re.data() + p * count, x.im.data() + p * count, left * count,
                      other_.re.data() + by * p * count, other_.im.data() + by * p * count};
      (by == 4 ? four : two)(rows, count, w);
    }
    count *= by;
    x.re.swap(other_.re);
    x.im.swap(other_.im);
  }
}

}  // namespace tonewright
