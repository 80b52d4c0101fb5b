// A GRU forward and backward, sample by sample of a batch; what does not wait for the sample before is left to products
// of all samples at once. Included after product.inl.

#include "product_kernels.h"

namespace tonewright {
namespace {

// The last vector of a row may have fewer units, beyond which nothing is ours to read or write.
TONEWRIGHT_INLINE Vector load_some(const float* from, std::size_t count) {
  if (count >= kWidth) return load(from);
  Vector v = {};
  std::memcpy(&v, from, count * sizeof(float));
  return v;
}
TONEWRIGHT_INLINE void store_some(float* to, Vector v, std::size_t count) {
  std::memcpy(to, &v, (count < kWidth ? count : kWidth) * sizeof(float));
}

// Calls function(load, store, unit) for each vector of units, with ways to read and write that stay within a row.
template <typename Function>
TONEWRIGHT_INLINE void each_vector(std::size_t units, Function function) {
  std::size_t unit = 0;
  for (; unit + kWidth <= units; unit += kWidth)
    function([](const float* from) { return load(from); }, [](float* to, Vector v) { store(to, v); }, unit);
  const std::size_t left = units - unit;
  if (left > 0)
    function([left](const float* from) { return load_some(from, left); },
             [left](float* to, Vector v) { store_some(to, v, left); }, unit);
}

struct GruRow {
  float* gates;
  const float *heard, *before;  // of the past: what the gates hear, and h
  float *after, *y, *late;
};

inline void gru_row(std::size_t units, const float* bias, const GruRow& row) {
  each_vector(units, [&](auto read, auto write, std::size_t u) {
    const auto sum = [&](std::size_t gate) {
      return read(row.gates + gate * units + u) + read(bias + gate * units + u);
    };
    const Vector r = sigmoid(sum(0) + read(row.heard + u)), z = sigmoid(sum(1) + read(row.heard + units + u));
    const Vector late = read(row.heard + 2 * units + u) + read(bias + 3 * units + u);
    const Vector n = hyperbolic_tangent(sum(2) + r * late);
    const Vector h = n + z * (read(row.before + u) - n);
    write(row.gates + u, r);
    write(row.gates + units + u, z);
    write(row.gates + 2 * units + u, n);
    write(row.late + u, late);
    write(row.after + u, h);
    write(row.y + u, h);
  });
}

void gru(const GruShape& shape, float* gates, Matrix weight_hh, const float* bias, const float* first, float* y, float* late) {
  const std::size_t units = shape.hidden, rows = in_whole(shape.batch, kTileRows);
  const Panels weights = panels_of(weight_hh.turned(), units, 3 * units);
  Floats h(rows * units), heard(rows * weights.width);
  std::copy_n(first, shape.batch * units, h.data());
  for (std::size_t t = 0; t < shape.samples; ++t) {
    multiply_few(h.data(), rows, weights, heard.data());
    for (std::size_t b = 0; b < shape.batch; ++b) {
      const std::size_t at = b * shape.samples + t;
      float* now = h.data() + b * units;
      gru_row(units, bias, {gates + at * 3 * units, heard.data() + b * weights.width, now, now, y + at * units, late + at * units});
    }
  }
}

struct GruSlopes {
  const float *gates, *before, *late, *dy;
  float* carried;  // by how much it changes with h: that of this sample becomes that of the one before, but for `out`
  float *slopes, *out;  // out [3 units]: with what the gates hear of the past
};

inline void gru_row_back(std::size_t units, const GruSlopes& row) {
  each_vector(units, [&](auto read, auto write, std::size_t u) {
    const Vector r = read(row.gates + u), z = read(row.gates + units + u), n = read(row.gates + 2 * units + u);
    const Vector dh = read(row.dy + u) + read(row.carried + u);
    const Vector dn = dh * (1.0f - z) * (1.0f - n * n), dz = dh * (read(row.before + u) - n) * z * (1.0f - z);
    const Vector dr = dn * read(row.late + u) * r * (1.0f - r), d_late = dn * r;
    const Vector slopes[] = {dn, dr, dz, d_late};
    for (std::size_t i = 0; i < 4; ++i) write(row.slopes + i * units + u, slopes[i]);
    for (std::size_t i = 0; i < 3; ++i) write(row.out + i * units + u, slopes[i + 1]);
    write(row.carried + u, dh * z);
  });
}

void gru_back(const GruShape& shape, const float* gates, Matrix weight_hh, const float* first, const float* y,
              const float* late, const float* dy, float* d_last, float* slopes) {
  const std::size_t units = shape.hidden, rows = in_whole(shape.batch, kTileRows);
  const Panels weights = panels_of(weight_hh, 3 * units, units);
  Floats out(rows * 3 * units), more(rows * weights.width);
  for (std::size_t t = shape.samples; t-- > 0;) {
    for (std::size_t b = 0; b < shape.batch; ++b) {
      const std::size_t at = b * shape.samples + t;
      const float* before = t > 0 ? y + (at - 1) * units : first + b * units;
      gru_row_back(units, {gates + at * 3 * units, before, late + at * units, dy + at * units, d_last + b * units,
                           slopes + at * 4 * units, out.data() + b * 3 * units});
    }
    multiply_few(out.data(), rows, weights, more.data());
    for (std::size_t b = 0; b < shape.batch; ++b)
      each_vector(units, [&](auto read, auto write, std::size_t u) {
        float* to = d_last + b * units + u;
        write(to, read(to) + read(more.data() + b * weights.width + u));
      });
  }
}

}  // namespace
}  // namespace tonewright
