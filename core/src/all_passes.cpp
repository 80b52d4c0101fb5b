#include "tonewright/all_passes.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "all_passes_node.h"
#include "shapes.h"

namespace tonewright {

namespace {

class AllPasses : public Operation {
 public:
  AllPasses(int stages, double feedback, int count) : stages_(stages), feedback_(feedback) {
    channels = count;
  }

  // The same coefficient for all samples, instead of a second input.
  void hold(float coefficient) {
    held_ = true;
    coefficient_ = coefficient;
  }

  std::int64_t remembered() const override { return std::int64_t{channels} * (stages_ + 1); }

  void prepare(int max_frames) override {
    state_.assign(static_cast<std::size_t>(remembered()), 0.0);
    if (held_) same_.assign(static_cast<std::size_t>(max_frames), coefficient_);
  }

  void reset() noexcept override { std::fill(state_.begin(), state_.end(), 0.0); }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    const float* coefficient = held_ ? same_.data() : in[1].row(0);
    for (int c = 0; c < channels; ++c) {
      double* state = state_.data() + std::ptrdiff_t{c} * (stages_ + 1);
      all_passes(stages_, feedback_, coefficient, state, in[0].row(c), y.row(c), frames);
      // What overflowed before it would stay for ever.
      const bool broken = std::any_of(state, state + stages_ + 1, [](double s) { return !std::isfinite(s); });
      if (broken) std::fill_n(state, stages_ + 1, 0.0);
    }
  }

 private:
  int stages_;
  double feedback_;
  bool held_ = false;
  float coefficient_ = 0.0f;
  std::vector<float> same_;    // coefficient_ for each sample of a block
  std::vector<double> state_;  // [channels][stages + 1]
};

float one_of(const Tensor* number) {
  if (!number || number->count() != 1) throw FileError("all-passes in the file want one coefficient and one feedback");
  return number->data[0];
}

// all_passes, with what passed written to `trail` [samples][stages + 1]: u, and the v of each stage.
template <typename Sample>
void pass(int stages, double feedback, const Sample* coefficient, double* state, const Sample* x, Sample* y,
          int samples, double* trail) noexcept {
  double s[kMaxStages], last = state[stages];
  std::copy_n(state, stages, s);
  for (int t = 0; t < samples; ++t) {
    const double a = std::min(std::max(static_cast<double>(coefficient[t]), -kMostAllPass), kMostAllPass);
    double u = x[t] + feedback * last;
    if (trail) *trail++ = u;
    for (int i = 0; i < stages; ++i) {
      const double v = a * u + s[i];
      s[i] = u - a * v;
      u = v;
      if (trail) *trail++ = v;
    }
    last = u;
    y[t] = static_cast<Sample>(last);
  }
  std::copy_n(s, stages, state);
  state[stages] = last;
}

// all_passes_back, from that trail. last: the y before it.
void pass_back(int stages, double feedback, const double* coefficient, double last, const double* trail,
               const double* dy, double* dx, double* d_state, double* d_coefficient, double& d_feedback,
               int samples) noexcept {
  double e[kMaxStages], carried = d_state[stages];
  std::copy_n(d_state, stages, e);
  for (int t = samples - 1; t >= 0; --t) {
    const double* passed = trail + std::ptrdiff_t{t} * (stages + 1);
    const double a = coefficient[t];
    double d = dy[t] + carried, d_a = 0.0;
    for (int i = stages - 1; i >= 0; --i) {
      const double left = e[i];
      e[i] = d - a * left;
      d_a += e[i] * passed[i] - left * passed[i + 1];
      d = a * e[i] + left;
    }
    dx[t] = d;
    d_coefficient[t] += d_a;
    d_feedback += d * (t > 0 ? passed[-1] : last);
    carried = feedback * d;
  }
  std::copy_n(e, stages, d_state);
  d_state[stages] = carried;
}

}  // namespace

template <typename Sample>
void all_passes(int stages, double feedback, const Sample* coefficient, double* state, const Sample* x, Sample* y,
                int samples, double* kept) noexcept {
  const int piece = kept ? kAllPassPiece : samples;
  for (int at = 0; at < samples; at += piece) {
    if (kept) kept = std::copy_n(state, stages + 1, kept);
    pass(stages, feedback, coefficient + at, state, x + at, y + at, std::min(piece, samples - at), nullptr);
  }
}

template void all_passes(int, double, const float*, double*, const float*, float*, int, double*) noexcept;
template void all_passes(int, double, const double*, double*, const double*, double*, int, double*) noexcept;

void all_passes_back(int stages, double feedback, const double* coefficient, const double* x, const double* kept,
                     const double* dy, double* dx, double* d_state, double* d_coefficient, double& d_feedback,
                     int samples) noexcept {
  double trail[kAllPassPiece * (kMaxStages + 1)], state[kMaxStages + 1];
  for (int piece = (samples - 1) / kAllPassPiece; piece >= 0 && samples > 0; --piece) {
    const int at = piece * kAllPassPiece, count = std::min(kAllPassPiece, samples - at);
    std::copy_n(kept + std::ptrdiff_t{piece} * (stages + 1), stages + 1, state);
    const double last = state[stages];
    pass(stages, feedback, coefficient + at, state, x + at, dx + at, count, trail);
    pass_back(stages, feedback, coefficient + at, last, trail, dy + at, dx + at, d_state, d_coefficient + at,
              d_feedback, count);
  }
}

std::unique_ptr<Operation> make_all_passes(const Json& node, const Tensors& tensors,
                                           const std::vector<int>& channels) {
  const auto stages = static_cast<int>(node.at("attributes").at("stages").integer(1, kMaxStages));
  const float feedback = one_of(weight_of(node, tensors, "feedback"));
  if (!(std::fabs(feedback) < 1.0f))
    throw FileError("the feedback of all-passes in the file never ends: it is between -1 and 1");
  auto made = std::make_unique<AllPasses>(stages, feedback, channels[0]);
  const Tensor* coefficient = weight_of(node, tensors, "coefficient");
  const bool heard = channels.size() == 2 && channels[1] == 1;
  if (coefficient ? channels.size() != 1 : !heard)
    throw FileError("all-passes in the file want one coefficient, as a weight or as an input of one channel");
  if (coefficient) made->hold(one_of(coefficient));
  return made;
}

}  // namespace tonewright
