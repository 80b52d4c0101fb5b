#include "tonewright/delay_line.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "delay_line_node.h"
#include "shapes.h"

namespace tonewright {

namespace {

constexpr std::int64_t kMaxDelay = 1 << 20;

// Where a delay reads: four samples, the first of them `back` before the one that is written, and how much of each.
struct Taps {
  static constexpr int kCount = 4;
  int back = 0;
  bool inside = false;  // whether it moves with the delay
  double part = 0.0;    // of a sample
  double of[kCount] = {};

  Taps(double delay, int most) noexcept : inside(delay >= kLeastDelay && delay <= most) {
    if (!inside) delay = delay > most ? most : kLeastDelay;  // also what is no number
    const auto whole = static_cast<int>(delay);
    const double f = delay - whole;
    back = whole + kDelayReach;
    part = f;
    of[0] = (f + 1.0) * f * (f - 1.0) / 6.0;
    of[1] = -(f + 1.0) * f * (f - 2.0) / 2.0;
    of[2] = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0;
    of[3] = -f * (f - 1.0) * (f - 2.0) / 6.0;
  }

  double read(const double* from) const noexcept {
    return (of[0] * from[0] + of[1] * from[1]) + (of[2] * from[2] + of[3] * from[3]);
  }

  // By how much that changes with the delay.
  double slope(const double* from) const noexcept {
    if (!inside) return 0.0;
    const double f = part, f2 = 3.0 * f * f;
    return ((f2 - 1.0) * from[0] - (f2 - 6.0 * f + 2.0) * from[3]) / 6.0 +
           ((f2 - 4.0 * f - 1.0) * from[2] - (f2 - 2.0 * f - 2.0) * from[1]) / 2.0;
  }

  void add_to(double* from, double d) const noexcept {
    for (int i = 0; i < kCount; ++i) from[i] += of[i] * d;
  }
};

class DelayLine : public Operation {
 public:
  DelayLine(const DelayLoop& loop, float delay, int most, int count) : loop_(loop), delay_(delay), most_(most) {
    channels = count;
    size_ = most + kDelayReach + 1;
  }

  std::int64_t remembered() const override { return std::int64_t{size_ + DelayRing::kGuard} * channels; }

  void prepare(int) override {
    line_.assign(static_cast<std::size_t>(remembered()), 0.0);
    last_.assign(static_cast<std::size_t>(channels), 0.0);
    at_ = 0;
  }

  void reset() noexcept override {
    std::fill(line_.begin(), line_.end(), 0.0);
    std::fill(last_.begin(), last_.end(), 0.0);
    at_ = 0;
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    const bool moves = std::isnan(delay_);
    const Delays<float> delays{moves ? in[1].row(0) : &delay_, moves ? 1 : 0, most_};
    DelayRing ring;
    for (int c = 0; c < channels; ++c) {
      double& last = last_[static_cast<std::size_t>(c)];
      ring = {line_.data() + std::ptrdiff_t{size_ + DelayRing::kGuard} * c, size_, at_};
      delay_line(loop_, delays, ring, last, in->row(c), y.row(c), frames);
      if (!std::isfinite(last)) last = 0.0;
      forget_what_is_broken(ring, frames);
    }
    at_ = ring.at;
  }

 private:
  // What overflowed just now would go round for ever.
  void forget_what_is_broken(const DelayRing& ring, int frames) const noexcept {
    for (int i = std::min(frames, size_), at = ring.at; i > 0; --i) {
      at = at > 0 ? at - 1 : size_ - 1;
      if (std::isfinite(ring.samples[at])) continue;
      ring.samples[at] = 0.0;
      if (at < DelayRing::kGuard) ring.samples[size_ + at] = 0.0;
    }
  }

  DelayLoop loop_;
  float delay_;  // not a number where it is the second input
  int most_, size_, at_ = 0;
  std::vector<double> line_;  // [channels][size + guard]
  std::vector<double> last_;
};

float number_of(const Json& node, const Tensors& tensors, const char* key) {
  const Tensor* number = weight_of(node, tensors, key);
  if (!number || number->count() != 1)
    throw FileError("a delay line in the file wants one number for its " + std::string(key));
  return number->data[0];
}

}  // namespace

template <typename Sample>
void delay_line(const DelayLoop& loop, const Delays<Sample>& delays, DelayRing& ring, double& last, const Sample* x,
                Sample* y, int samples) noexcept {
  if (samples <= 0) return;
  double* line = ring.samples;
  double before = last;
  int at = ring.at;
  Taps taps(delays.samples[0], delays.most);
  for (int t = 0; t < samples; ++t) {
    if (delays.step && t > 0) taps = Taps(delays.samples[t], delays.most);
    const int from = at - taps.back;
    const double read = taps.read(line + (from < 0 ? from + ring.size : from));
    before = read + loop.damping * (before - read);
    line[at] = x[t] + loop.feedback * before;
    if (at < DelayRing::kGuard) line[ring.size + at] = line[at];
    if (++at == ring.size) at = 0;
    y[t] = static_cast<Sample>(before);
  }
  last = before;
  ring.at = at;
}

template void delay_line(const DelayLoop&, const Delays<float>&, DelayRing&, double&, const float*, float*,
                         int) noexcept;
template void delay_line(const DelayLoop&, const Delays<double>&, DelayRing&, double&, const double*, double*,
                         int) noexcept;

void delay_line_back(const DelayLoop& loop, const Delays<double>& delays, const DelayPast& past, const double* dy,
                     DelayChange& change, int samples) noexcept {
  if (samples <= 0) return;
  const std::ptrdiff_t memory = std::ptrdiff_t{delays.most} + kDelayReach;
  double carried = change.d_last, feedback = 0.0, damping = 0.0, delay = 0.0;
  Taps taps(delays.samples[0], delays.most);
  for (int t = samples - 1; t >= 0; --t) {
    if (delays.step) taps = Taps(delays.samples[t], delays.most);
    const std::ptrdiff_t from = memory + t - taps.back;
    const double written = change.d_line[memory + t], d = dy[t] + carried + loop.feedback * written;
    const double before = t > 0 ? past.y[t - 1] : past.last;
    feedback += written * past.y[t];
    damping += d * (before - taps.read(past.line + from));
    carried = loop.damping * d;
    const double d_read = d - carried, d_delay = d_read * taps.slope(past.line + from);
    taps.add_to(change.d_line + from, d_read);
    if (delays.step)
      change.d_delays[t] += d_delay;
    else
      delay += d_delay;
  }
  if (!delays.step) change.d_delays[0] += delay;
  change.d_last = carried;
  change.d_loop[0] += feedback;
  change.d_loop[1] += damping;
}

std::unique_ptr<Operation> make_delay_line(const Json& node, const Tensors& tensors, const std::vector<int>& channels) {
  const auto most = static_cast<int>(node.at("attributes").at("most").integer(kLeastDelay, kMaxDelay));
  if (channels.size() > 1 && channels[1] != 1)
    throw FileError("a delay line in the file wants one delay for all of its channels");
  const float delay = channels.size() > 1 ? std::nanf("") : number_of(node, tensors, "delay");
  const DelayLoop loop{number_of(node, tensors, "feedback"), number_of(node, tensors, "damping")};
  if (!(std::fabs(loop.feedback) < 1.0))
    throw FileError("a delay line in the file grows for ever: its feedback is between -1 and 1");
  if (!(loop.damping >= 0.0 && loop.damping < 1.0))
    throw FileError("a delay line in the file hears nothing of itself: its damping is from 0 to below 1");
  return std::make_unique<DelayLine>(loop, delay, most, channels[0]);
}

}  // namespace tonewright
