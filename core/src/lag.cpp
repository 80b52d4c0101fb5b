#include "tonewright/lag.h"

#include <algorithm>
#include <cmath>

#include "lag_node.h"
#include "one_pole.h"
#include "shapes.h"

namespace tonewright {

namespace {

// The time constant that a node calls `key`.
double samples_of(const Json& node, const Tensors& tensors, const char* key) {
  const Tensor* samples = weight_of(node, tensors, key);
  if (!samples || samples->count() != 1) throw FileError("a lag in the file wants one slow and one fast");
  const float value = samples->data[0];
  if (!(value > 0.0f && std::isfinite(value)))
    throw FileError("a lag in the file takes no time, or for ever: slow and fast are finite and above 0");
  return value;
}

// The time constant where something is, on the way from slow to fast.
class Way {
 public:
  explicit Way(const Lags& lags) : slow_(std::log(lags.slow)), swing_(std::log(lags.fast) - slow_) {}

  static double within(double before) { return std::clamp(before, 0.0, 1.0); }
  double tau(double place) const { return std::exp(slow_ + place * swing_); }
  double swing() const { return swing_; }

 private:
  double slow_, swing_;
};

}  // namespace

template <typename Sample>
void lag(const Lags& lags, double& state, const Sample* x, Sample* y, int samples) noexcept {
  const Way way(lags);
  double before = state;
  for (int t = 0; t < samples; ++t) {
    before += (x[t] - before) / (1.0 + way.tau(Way::within(before)));
    y[t] = static_cast<Sample>(before);
  }
  state = before;
}

template void lag(const Lags&, double&, const float*, float*, int) noexcept;
template void lag(const Lags&, double&, const double*, double*, int) noexcept;

void lag_back(const Lags& lags, double state, const double* x, const double* y, const double* dy, double* dx,
              double& d_state, double* d_lags, int samples) noexcept {
  const Way way(lags);
  double carried = d_state, slow = 0.0, fast = 0.0;
  for (int t = samples - 1; t >= 0; --t) {
    const double before = t > 0 ? y[t - 1] : state, d = dy[t] + carried;
    const double place = Way::within(before), tau = way.tau(place), rate = 1.0 / (1.0 + tau);
    const double d_log = -rate * rate * tau * (x[t] - before) * d;  // with the logarithm of tau
    slow += d_log * (1.0 - place);
    fast += d_log * place;
    dx[t] = rate * d;
    carried = d - dx[t] + (place == before ? d_log * way.swing() : 0.0);
  }
  d_state = carried;
  d_lags[0] += slow / lags.slow;
  d_lags[1] += fast / lags.fast;
}

std::unique_ptr<Operation> make_lag(const Json& node, const Tensors& tensors, int channels) {
  const Lags lags{samples_of(node, tensors, "slow"), samples_of(node, tensors, "fast")};
  return std::make_unique<OnePole<Lags>>(lag<float>, lags, node.at("attributes").at("start").number(), channels);
}

}  // namespace tonewright
