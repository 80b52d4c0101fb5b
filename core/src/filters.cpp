#include "tonewright/filters.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "filters_node.h"
#include "shapes.h"

namespace tonewright {

namespace {

constexpr std::int64_t kMaxSections = 1024;

// What a section does to (state, x), solved for what the trapezoidal rule leaves implicit.
struct Steps {
  double a1, a2, a3;
  explicit Steps(const Section& s) : a1(1.0 / (1.0 + s.g * (s.g + s.k))), a2(s.g * a1), a3(s.g * a2) {}
};

// By how much something changes with the steps, to by how much it changes with g and k.
void add_steps(const Section& s, const Steps& a, double d1, double d2, double d3, double* d_section) noexcept {
  const double a1_g = -a.a1 * a.a1 * (2.0 * s.g + s.k), a1_k = -a.a1 * a.a1 * s.g;
  const double a2_g = a.a1 + s.g * a1_g, a2_k = s.g * a1_k;
  d_section[0] += d1 * a1_g + d2 * a2_g + d3 * (a.a2 + s.g * a2_g);
  d_section[1] += d1 * a1_k + d2 * a2_k + d3 * s.g * a2_k;
}

class Filters : public Operation {
 public:
  Filters(std::vector<Section> sections, int count) : sections_(std::move(sections)) {
    channels = count;
    state_.assign(static_cast<std::size_t>(count) * sections_.size() * kSectionStates, 0.0);
  }

  void reset() noexcept override { std::fill(state_.begin(), state_.end(), 0.0); }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    const auto count = static_cast<int>(sections_.size());
    const std::ptrdiff_t numbers = std::ptrdiff_t{count} * kSectionStates;
    for (int c = 0; c < channels; ++c) {
      double* state = state_.data() + c * numbers;
      filter(sections_.data(), count, state, in->row(c), y.row(c), frames);
      // What overflowed before it would stay for ever.
      const bool broken = std::any_of(state, state + numbers, [](double s) { return !std::isfinite(s); });
      if (broken) std::fill_n(state, numbers, 0.0);
    }
  }

 private:
  std::vector<Section> sections_;
  std::vector<double> state_;  // [channels][sections][2]
};

// A section waits for itself, sample after sample; while one waits others can work. So a few go through the sound
// together, each a sample behind the one before.
constexpr int kTogether = 6;

template <typename Sample, int kCount>
void forward(const Section* sections, int all, double* state, const Sample* x, Sample* y, int samples,
             double* keep) noexcept {
  double s1[kCount], s2[kCount], a2[kCount], a3[kCount], c1[kCount], c2[kCount], direct[kCount], from1[kCount], from2[kCount];
  for (int i = 0; i < kCount; ++i) {
    const Section& s = sections[i];
    const Steps a(s);
    s1[i] = state[2 * i], s2[i] = state[2 * i + 1];
    a2[i] = 2.0 * a.a2, a3[i] = 2.0 * a.a3, c1[i] = 2.0 * a.a1 - 1.0, c2[i] = 1.0 - 2.0 * a.a3;
    // y as it depends on x and on both states
    direct[i] = s.direct + s.band * a.a2 + s.low * a.a3;
    from1[i] = s.band * a.a1 + s.low * a.a2;
    from2[i] = s.low * (1.0 - a.a3) - s.band * a.a2;
  }
  for (int t = 0; t < samples; ++t) {
    double v = x[t];
    for (int i = 0; i < kCount; ++i) {
      if (keep) keep[3 * i] = v, keep[3 * i + 1] = s1[i], keep[3 * i + 2] = s2[i];
      const double made = direct[i] * v + from1[i] * s1[i] + from2[i] * s2[i];
      const double next = c1[i] * s1[i] + a2[i] * (v - s2[i]);
      s2[i] = c2[i] * s2[i] + a2[i] * s1[i] + a3[i] * v;
      s1[i] = next;
      v = made;
    }
    y[t] = static_cast<Sample>(v);
    if (keep) keep += std::ptrdiff_t{all} * kSectionKept;
  }
  for (int i = 0; i < kCount; ++i) state[2 * i] = s1[i], state[2 * i + 1] = s2[i];
}

template <typename Sample>
constexpr decltype(&forward<Sample, 1>) kForward[kTogether] = {forward<Sample, 1>, forward<Sample, 2>,
                                                              forward<Sample, 3>, forward<Sample, 4>,
                                                              forward<Sample, 5>, forward<Sample, 6>};

}  // namespace

template <typename Sample>
void filter(const Section* sections, int count, double* state, const Sample* x, Sample* y, int samples,
            double* kept) noexcept {
  for (int at = 0; at < count;) {
    const int together = std::min(count - at, kTogether);
    double* keep = kept ? kept + std::ptrdiff_t{at} * kSectionKept : nullptr;
    kForward<Sample>[together - 1](sections + at, count, state + std::ptrdiff_t{at} * kSectionStates, x, y, samples, keep);
    at += together;
    x = y;
  }
}

template void filter(const Section*, int, double*, const float*, float*, int, double*) noexcept;
template void filter(const Section*, int, double*, const double*, double*, int, double*) noexcept;

void filter_back(const Section* sections, int count, const double* kept, const double* dy, double* dx, double* d_state,
                 double* d_sections, int samples) noexcept {
  for (int at = count - 1; at >= 0; --at, dy = dx) {
    const Section& s = sections[at];
    const Steps a(s);
    double* d_section = d_sections + std::ptrdiff_t{at} * kSectionNumbers;
    double e1 = d_state[std::ptrdiff_t{at} * 2], e2 = d_state[std::ptrdiff_t{at} * 2 + 1];
    double d1 = 0.0, d2 = 0.0, d3 = 0.0, direct = 0.0, band = 0.0, low = 0.0;
    for (int t = samples - 1; t >= 0; --t) {
      const double* keep = kept + (std::ptrdiff_t{t} * count + at) * kSectionKept;
      const double v0 = keep[0], s1 = keep[1], v3 = v0 - keep[2], d = dy[t];
      direct += d * v0;
      band += d * (a.a1 * s1 + a.a2 * v3);
      low += d * (keep[2] + a.a2 * s1 + a.a3 * v3);
      const double b1 = s.band * d + 2.0 * e1, b2 = s.low * d + 2.0 * e2;  // of v1 and v2
      d1 += b1 * s1;
      d2 += b1 * v3 + b2 * s1;
      d3 += b2 * v3;
      const double b3 = a.a2 * b1 + a.a3 * b2;
      e1 = a.a1 * b1 + a.a2 * b2 - e1;
      e2 = b2 - b3 - e2;
      dx[t] = s.direct * d + b3;
    }
    d_state[std::ptrdiff_t{at} * 2] = e1;
    d_state[std::ptrdiff_t{at} * 2 + 1] = e2;
    add_steps(s, a, d1, d2, d3, d_section);
    d_section[2] += direct;
    d_section[3] += band;
    d_section[4] += low;
  }
}

std::unique_ptr<Operation> make_filters(const Json& node, const Tensors& tensors, int channels) {
  const Tensor* numbers = weight_of(node, tensors, "sections");
  if (!numbers || numbers->shape.size() != 2 || numbers->shape[1] != kSectionNumbers || numbers->shape[0] < 1 ||
      numbers->shape[0] > kMaxSections)
    throw FileError("a filter in the file wants 1 to 1024 sections of 5 numbers");
  std::vector<Section> sections;
  for (const float* n = numbers->data.data(); n < numbers->data.data() + numbers->count(); n += kSectionNumbers) {
    if (!(n[0] > 0.0f && n[1] > 0.0f)) throw FileError("a filter in the file is not stable: its g and k are above 0");
    sections.push_back({n[0], n[1], n[2], n[3], n[4]});
  }
  return std::make_unique<Filters>(std::move(sections), channels);
}

}  // namespace tonewright
