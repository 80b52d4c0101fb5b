#include "tonewright/follow.h"

#include "follow_node.h"
#include "one_pole.h"
#include "shapes.h"

namespace tonewright {

namespace {

// The rate that a node calls `key`.
double rate_of(const Json& node, const Tensors& tensors, const char* key) {
  const Tensor* rate = weight_of(node, tensors, key);
  if (!rate || rate->count() != 1) throw FileError("a follower in the file wants one attack and one release");
  const float value = rate->data[0];
  if (!(value > 0.0f && value <= 1.0f))
    throw FileError("a follower in the file goes nowhere, or too far: its rates are above 0 and at most 1");
  return value;
}

}  // namespace

template <typename Sample>
void follow(const Rates& rates, double& state, const Sample* x, Sample* y, int samples) noexcept {
  double before = state;
  for (int t = 0; t < samples; ++t) {
    const double way = x[t] - before;
    before += (way < 0.0 ? rates.attack : rates.release) * way;
    y[t] = static_cast<Sample>(before);
  }
  state = before;
}

template void follow(const Rates&, double&, const float*, float*, int) noexcept;
template void follow(const Rates&, double&, const double*, double*, int) noexcept;

void follow_back(const Rates& rates, double state, const double* x, const double* y, const double* dy, double* dx,
                 double& d_state, double* d_rates, int samples) noexcept {
  double carried = d_state, attack = 0.0, release = 0.0;
  for (int t = samples - 1; t >= 0; --t) {
    const double way = x[t] - (t > 0 ? y[t - 1] : state), d = dy[t] + carried;
    const bool falls = way < 0.0;
    const double rate = falls ? rates.attack : rates.release;
    (falls ? attack : release) += d * way;
    dx[t] = rate * d;
    carried = d - dx[t];
  }
  d_state = carried;
  d_rates[0] += attack;
  d_rates[1] += release;
}

std::unique_ptr<Operation> make_follow(const Json& node, const Tensors& tensors, int channels) {
  const Rates rates{rate_of(node, tensors, "attack"), rate_of(node, tensors, "release")};
  return std::make_unique<OnePole<Rates>>(follow<float>, rates, node.at("attributes").at("start").number(), channels);
}

}  // namespace tonewright
