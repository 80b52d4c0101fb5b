// The spectral loss and its slope are those of a plain transform in double, at every width and every kind of size,
// also of sounds of several channels in parts of their loudness; silence is silent, and nothing but sizes of twos and
// threes is taken.
#include "tonewright/spectral_loss.h"

#include "check.h"
#include "kernels.h"

using namespace tonewright;

namespace {

const double kPi = std::acos(-1.0);

struct Plain {
  std::size_t size;
  std::vector<double> cosine, sine, window;

  explicit Plain(std::size_t of) : size(of) {
    for (std::size_t n = 0; n < size; ++n) {
      const double angle = 2.0 * kPi * static_cast<double>(n) / static_cast<double>(size);
      cosine.push_back(std::cos(angle)), sine.push_back(std::sin(angle));
      window.push_back(0.5 - 0.5 * cosine.back());
    }
  }

  // Where sample n of a frame lies in the sound.
  std::size_t place(std::size_t frame, std::size_t n, std::size_t samples) const {
    const long last = static_cast<long>(samples) - 1;
    long t = static_cast<long>(frame * size / 4 + n) - static_cast<long>(size / 2);
    t = t < 0 ? -t : t;
    return static_cast<std::size_t>(t > last ? 2 * last - t : t);
  }

  void bin(const float* x, std::size_t frame, std::size_t k, std::size_t samples, double& re, double& im) const {
    re = im = 0.0;
    for (std::size_t n = 0; n < size; ++n) {
      const double v = window[n] * static_cast<double>(x[place(frame, n, samples)]);
      re += v * cosine[k * n % size], im -= v * sine[k * n % size];
    }
  }

  double operator()(const float* x, const float* y, std::size_t items, std::size_t samples, double* slope) const {
    const std::size_t frames = samples / (size / 4) + 1;
    const double count = static_cast<double>(items * frames * (size / 2 + 1));
    double sum = 0.0;
    for (std::size_t i = 0; i < items; ++i, x += samples, y += samples, slope += samples)
      for (std::size_t frame = 0; frame < frames; ++frame)
        for (std::size_t k = 0; k <= size / 2; ++k) {
          double x_re, x_im, re, im;
          bin(x, frame, k, samples, x_re, x_im);
          bin(y, frame, k, samples, re, im);
          const double a = std::hypot(x_re, x_im), b = std::hypot(re, im);
          sum += (std::fabs(a - b) + std::fabs(std::log((a + 1e-7) / (b + 1e-7)))) / count;
          if (b == 0.0) continue;
          const double by_bin = (b > a ? 1.0 : -1.0) * (1.0 + 1.0 / (b + 1e-7)) / b / count;
          for (std::size_t n = 0; n < size; ++n)
            slope[place(frame, n, samples)] +=
                by_bin * window[n] * (re * cosine[k * n % size] - im * sine[k * n % size]);
        }
    return sum;
  }

  // One item's, in parts of its loudness; the slope of a mean over `items`.
  double relative(const float* x, const float* y, std::size_t channels, std::size_t samples, RelativeSpectra by,
                  std::size_t items, double* slope) const {
    struct Bin {
      double a, re, im;
    };
    std::vector<Bin> bins;
    const std::size_t frames = samples / (size / 4) + 1, count = channels * frames * (size / 2 + 1);
    double energy = 0.0, squares = 0.0, logarithms = 0.0;
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t frame = 0; frame < frames; ++frame)
        for (std::size_t k = 0; k <= size / 2; ++k) {
          double re, im;
          bin(x + c * samples, frame, k, samples, re, im);
          bins.push_back({std::hypot(re, im), 0.0, 0.0});
          bin(y + c * samples, frame, k, samples, bins.back().re, bins.back().im);
          energy += bins.back().a * bins.back().a;
        }
    energy = std::max(energy, by.floor * 0.375 * static_cast<double>(size * frames * (size / 2 + 1)));
    const Bin* at = bins.data();
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t frame = 0; frame < frames; ++frame)
        for (std::size_t k = 0; k <= size / 2; ++k, ++at) {
          const double a = at->a, b = std::hypot(at->re, at->im), epsilon = static_cast<double>(by.epsilon);
          squares += (a - b) * (a - b);
          logarithms += std::fabs(std::log((a + epsilon) / (b + epsilon)));
          if (b == 0.0) continue;
          const double by_bin = 2.0 * (b - a) / energy + (b > a ? 1.0 : -1.0) / (b + epsilon) / double(count);
          for (std::size_t n = 0; n < size; ++n)
            slope[c * samples + place(frame, n, samples)] +=
                by_bin / b / double(items) * window[n] * (at->re * cosine[k * n % size] - at->im * sine[k * n % size]);
        }
    return squares / energy + logarithms / double(count);
  }
};

double off_by(const std::vector<float>& made, const std::vector<double>& truth) {
  double off = 0.0, norm = 0.0;
  for (std::size_t i = 0; i < made.size(); ++i)
    off += (made[i] - truth[i]) * (made[i] - truth[i]), norm += truth[i] * truth[i];
  return std::sqrt(off / norm);
}

void equals_the_plain_transform(const std::vector<std::size_t>& sizes, std::size_t items, std::size_t samples) {
  Random random(3);
  const std::vector<float> x = random.noise(items * samples), y = random.noise(items * samples);
  std::vector<double> slope(y.size());
  double value = 0.0;
  for (const std::size_t size : sizes) value += Plain(size)(x.data(), y.data(), items, samples, slope.data());
  for (const int width : {16, 8, 4}) {
    if (!kernels_of_width(width)) continue;
    const SpectralLoss loss(sizes, width);
    std::vector<float> made(y.size(), 7.0f);
    const double got = loss(x.data(), y.data(), items, samples, made.data());
    CHECK(std::fabs(got - value) < 1e-5 * value);
    CHECK(loss(x.data(), y.data(), items, samples, nullptr) == got);
    CHECK(off_by(made, slope) < 1e-3);  // of bins near silence the direction is uncertain
  }
}

void is_relative_to_each_item(const std::vector<std::size_t>& sizes, std::size_t channels, std::size_t samples,
                              RelativeSpectra by) {
  Random random(5);
  const std::size_t items = 3, size = channels * samples;
  std::vector<float> x = random.noise(items * size), y = random.noise(items * size);
  for (std::size_t i = 0; i < size; ++i) x[i] *= 0.001f, x[size + i] = 0.0f;  // faint, silent, loud
  std::vector<double> slope(y.size());
  double value = 0.0;
  for (const std::size_t window : sizes)
    for (std::size_t at = 0; at < items * size; at += size)
      value += Plain(window).relative(&x[at], &y[at], channels, samples, by, items, &slope[at]) / double(items);
  for (const int width : {16, 8, 4}) {
    if (!kernels_of_width(width)) continue;
    const SpectralLoss loss(sizes, width);
    std::vector<float> made(y.size(), 7.0f);
    const double got = loss(x.data(), y.data(), items, channels, samples, by, made.data());
    CHECK(std::fabs(got - value) < 1e-5 * value);
    CHECK(loss(x.data(), y.data(), items, channels, samples, by, nullptr) == got);
    CHECK(off_by(made, slope) < 1e-3);
  }
}

void silence_is_silent() {
  Random random(4);
  const std::size_t samples = 3000;
  const std::vector<float> x = random.noise(samples), silence(samples);
  std::vector<float> slope(samples, 7.0f);
  const SpectralLoss loss({64, 512});
  CHECK(loss(x.data(), x.data(), 1, samples, slope.data()) == 0.0);
  for (const float s : slope) CHECK(s == 0.0f);
  CHECK(loss(silence.data(), silence.data(), 1, samples, slope.data()) == 0.0);
  CHECK(loss(x.data(), silence.data(), 1, samples, slope.data()) > 2 * 15.0);
  for (const float s : slope) CHECK(s == 0.0f);
  CHECK(loss(silence.data(), silence.data(), 1, 2, samples / 2, {}, slope.data()) == 0.0);
  CHECK(std::fabs(loss(x.data(), silence.data(), 1, 2, samples / 2, {1.0f, 1e-4}, nullptr)) > 2.0);
  for (const float s : slope) CHECK(s == 0.0f);
}

void takes_twos_and_threes() {
  for (const std::size_t size : {32u, 64u, 96u, 2048u, 6144u, 288u, 65536u}) CHECK(SpectralLoss::can(size));
  for (const std::size_t size : {0u, 1u, 16u, 48u, 160u, 100u, 131072u}) CHECK(!SpectralLoss::can(size));
}

}  // namespace

int main() {
  equals_the_plain_transform({32}, 1, 17);
  equals_the_plain_transform({64}, 2, 700);
  equals_the_plain_transform({32, 96, 128, 192}, 1, 333);
  equals_the_plain_transform({288}, 1, 145);
  equals_the_plain_transform({2304}, 1, 1200);  // 1152 numbers: passes by four and by three that leave the cache
  is_relative_to_each_item({32}, 1, 17, {});
  is_relative_to_each_item({64, 32}, 5, 47, {1.0f, 1e-2});
  is_relative_to_each_item({128, 96}, 16, 333, {1e-7f, 1e-8});
  silence_is_silent();
  takes_twos_and_threes();
}
