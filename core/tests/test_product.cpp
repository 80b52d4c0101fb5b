// Products of matrices, and a GRU forward and backward, are at every width what the plainest loops in double give.
#include "product_kernels.h"

#include "check.h"

using namespace tonewright;

namespace {

std::ptrdiff_t at(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

// Turned or not, within a larger matrix, added or not; and nothing is written beyond it.
void equals_the_plain_product(const ProductKernels& kernels, std::size_t m, std::size_t k, std::size_t n, int how) {
  Random random(m * 100 + n + k);
  const bool turned_left = how & 1, turned_right = how & 2, add = how & 4;
  const std::vector<float> a = random.noise((m + 3) * (k + 3)), b = random.noise((k + 3) * (n + 3));
  const Matrix left = turned_left ? Matrix{a.data(), at(m + 3), 1}.turned() : Matrix{a.data(), at(k + 3), 1};
  const Matrix right = turned_right ? Matrix{b.data(), at(k + 3), 1}.turned() : Matrix{b.data(), at(n + 3), 1};
  const std::size_t stride = n + 2;
  const std::vector<float> before = random.noise(m * stride);
  std::vector<float> to = before;
  kernels.multiply(left, right, m, k, n, to.data(), stride, add);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < stride; ++j) {
      double sum = add || j >= n ? before[i * stride + j] : 0.0;
      for (std::size_t l = 0; l < k && j < n; ++l)
        sum += static_cast<double>(left.at[at(i) * left.row + at(l) * left.column]) *
               right.at[at(l) * right.row + at(j) * right.column];
      CHECK(std::fabs(to[i * stride + j] - sum) < 3e-7 * static_cast<double>(k + 3));
    }
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

struct Example {
  GruShape shape;
  std::vector<float> gates, weights, bias, first, dy, d_last;

  Example(Random& random, GruShape s) : shape(s) {
    const std::size_t sounds = s.batch * s.hidden;
    gates = random.noise(sounds * s.samples * 3), weights = random.noise(s.hidden * s.hidden * 3);
    for (float& weight : weights) weight *= 1.5f / std::sqrt(static_cast<float>(s.hidden));
    bias = random.noise(s.hidden * 4), first = random.noise(sounds);
    dy = random.noise(sounds * s.samples), d_last = random.noise(sounds);
  }
  double weight(std::size_t row, std::size_t unit) const { return weights[row * shape.hidden + unit]; }
};

// One sound of the example, in double.
struct Plain {
  std::vector<double> y, slopes, d_first;

  Plain(const Example& e, std::size_t sound) {
    const std::size_t units = e.shape.hidden, samples = e.shape.samples;
    std::vector<double> h(units), rzn(samples * 3 * units), late(samples * units), before;
    for (std::size_t u = 0; u < units; ++u) h[u] = e.first[sound * units + u];
    for (std::size_t t = 0; t < samples; ++t) {
      const float* gates = e.gates.data() + (sound * samples + t) * 3 * units;
      before.insert(before.end(), h.begin(), h.end());
      for (std::size_t u = 0; u < units; ++u) {
        double heard[3] = {};
        for (std::size_t g = 0; g < 3; ++g)
          for (std::size_t i = 0; i < units; ++i) heard[g] += e.weight(g * units + u, i) * before[t * units + i];
        const auto sum = [&](std::size_t g) { return static_cast<double>(gates[g * units + u]) + e.bias[g * units + u]; };
        const double r = sigmoid(sum(0) + heard[0]), z = sigmoid(sum(1) + heard[1]), l = heard[2] + e.bias[3 * units + u];
        const double n = std::tanh(sum(2) + r * l);
        double* kept = rzn.data() + t * 3 * units + u;
        kept[0] = r, kept[units] = z, kept[2 * units] = n, late[t * units + u] = l;
        h[u] = (1.0 - z) * n + z * before[t * units + u];
      }
      y.insert(y.end(), h.begin(), h.end());
    }
    slopes.resize(samples * 4 * units);
    for (std::size_t u = 0; u < units; ++u) d_first.push_back(e.d_last[sound * units + u]);
    for (std::size_t t = samples; t-- > 0;) {
      double* slope = slopes.data() + t * 4 * units;
      for (std::size_t u = 0; u < units; ++u) {
        const double *kept = rzn.data() + t * 3 * units + u, r = kept[0], z = kept[units], n = kept[2 * units];
        const double dh = d_first[u] + e.dy[(sound * samples + t) * units + u], dn = dh * (1.0 - z) * (1.0 - n * n);
        slope[u] = dn, slope[3 * units + u] = dn * r;
        slope[units + u] = dn * late[t * units + u] * r * (1.0 - r);
        slope[2 * units + u] = dh * (before[t * units + u] - n) * z * (1.0 - z);
        d_first[u] = dh * z;
      }
      for (std::size_t i = 0; i < units; ++i)
        for (std::size_t row = 0; row < 3 * units; ++row) d_first[i] += slope[units + row] * e.weight(row, i);
    }
  }
};

void gru_equals_the_plain_loop(const ProductKernels& kernels, GruShape shape) {
  Random random(shape.hidden * 10 + shape.batch);
  Example e(random, shape);
  const std::size_t all = shape.batch * shape.samples * shape.hidden, units = shape.hidden;
  std::vector<float> gates = e.gates, y(all), late(all), slopes(4 * all), d_last = e.d_last;
  const Matrix weights{e.weights.data(), at(units), 1};
  kernels.gru(shape, gates.data(), weights, e.bias.data(), e.first.data(), y.data(), late.data());
  kernels.gru_back(shape, gates.data(), weights, e.first.data(), y.data(), late.data(), e.dy.data(), d_last.data(),
                   slopes.data());
  for (std::size_t sound = 0; sound < shape.batch; ++sound) {
    const Plain plain(e, sound);
    double largest = 1.0;
    for (double slope : plain.slopes) largest = std::max(largest, std::fabs(slope));
    for (std::size_t i = 0; i < plain.y.size(); ++i) CHECK(std::fabs(y[sound * plain.y.size() + i] - plain.y[i]) < 3e-6);
    for (std::size_t i = 0; i < plain.slopes.size(); ++i)
      CHECK(std::fabs(slopes[sound * plain.slopes.size() + i] - plain.slopes[i]) < 1e-5 * largest);
    for (std::size_t u = 0; u < units; ++u) CHECK(std::fabs(d_last[sound * units + u] - plain.d_first[u]) < 1e-5 * largest);
  }
}

}  // namespace

int main() {
  int tried = 0;
  for (int width : {16, 8, 4}) {
    const ProductKernels* kernels = product_kernels(width);
    if (!kernels) continue;
    ++tried;
    CHECK(kernels->width == width);
    for (int how = 0; how < 8; ++how) {
      for (std::size_t m : {1, 7, 24, 101})
        for (std::size_t n : {1, 16, 49}) equals_the_plain_product(*kernels, m, 13, n, how);
      equals_the_plain_product(*kernels, 50, 300, 97, how);
      equals_the_plain_product(*kernels, 3, 0, 5, how);
    }
    for (std::size_t hidden : {1, 3, 4, 8, 17, 40}) gru_equals_the_plain_loop(*kernels, {1 + hidden % 9, 30, hidden});
    gru_equals_the_plain_loop(*kernels, {16, 5, 100});
  }
  CHECK(tried >= 1);
  std::printf("product: all is well at %d widths\n", tried);
}
