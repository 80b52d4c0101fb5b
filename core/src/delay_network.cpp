#include "tonewright/delay_network.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "delay_network_node.h"
#include "shapes.h"

namespace tonewright {

namespace {

// What a network is made of, kept.
struct Lines {
  std::vector<int> delays;
  std::vector<double> gains, damping, inputs, outputs;

  Network network() const noexcept {
    return {static_cast<int>(delays.size()), delays.data(), gains.data(), damping.data(), inputs.data(),
            outputs.data()};
  }
  std::int64_t length() const { return std::accumulate(delays.begin(), delays.end(), std::int64_t{0}); }
};

class DelayNetwork : public Operation {
 public:
  DelayNetwork(Lines lines, int count) : lines_(std::move(lines)) {
    channels = count;
  }

  std::int64_t remembered() const override { return channels * lines_.length(); }

  void prepare(int max_frames) override {
    const std::size_t lines = static_cast<std::size_t>(channels) * lines_.delays.size();
    history_.assign(static_cast<std::size_t>(remembered()), 0.0);
    at_.assign(lines, 0);
    low_.assign(lines, 0.0);
    heard_.assign(static_cast<std::size_t>(max_frames), 0.0f);
  }

  void reset() noexcept override {
    std::fill(history_.begin(), history_.end(), 0.0);
    std::fill(at_.begin(), at_.end(), 0);
    std::fill(low_.begin(), low_.end(), 0.0);
  }

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    const Network network = lines_.network();
    const auto length = static_cast<std::ptrdiff_t>(lines_.length());
    for (int c = 0; c < channels; ++c) {
      const float* x = in->row(c);
      // What is no number would go round for ever. All else dies away, as no gain reaches 1.
      std::transform(x, x + frames, heard_.begin(), [](float v) { return std::isfinite(v) ? v : 0.0f; });
      const std::ptrdiff_t line = std::ptrdiff_t{c} * network.count;
      delay_network(network, history_.data() + c * length, at_.data() + line, low_.data() + line, heard_.data(),
                    y.row(c), frames);
    }
  }

 private:
  Lines lines_;
  std::vector<double> history_, low_;  // [channels][all delays] and [channels][lines]
  std::vector<int> at_;                // [channels][lines]
  std::vector<float> heard_;           // a block of x
};

std::vector<int> delays_of(const Json& node) {
  const Json::Array& delays = node.at("attributes").at("delays").array();
  if (delays.empty() || delays.size() > kMaxLines) throw FileError("a delay network in the file wants 1 to 32 lines");
  std::vector<int> made;
  for (const Json& delay : delays) made.push_back(static_cast<int>(delay.integer(1, kMaxLineDelay)));
  return made;
}

// A number for each line, none of them below `lowest` or above `highest`.
std::vector<double> numbers_of(const Json& node, const Tensors& tensors, const char* key, std::size_t count,
                               float lowest, float highest) {
  const Tensor* numbers = weight_of(node, tensors, key);
  if (!numbers || numbers->shape.size() != 1 || numbers->data.size() != count)
    throw FileError(std::string("a delay network in the file wants one of its ") + key + " for each line");
  for (float n : numbers->data)
    if (!(n >= lowest && n <= highest))
      throw FileError("a delay network in the file sounds for ever: a gain is between -1 and 1, and damping from 0 "
                      "to below 1");
  return {numbers->data.begin(), numbers->data.end()};
}

}  // namespace

template <typename Sample>
void delay_network(const Network& network, double* history, int* at, double* low, const Sample* x, Sample* y,
                   int samples, double* kept) noexcept {
  const int count = network.count;
  double f[kMaxLines];
  for (int t = 0; t < samples; ++t) {
    double sum = 0.0, made = 0.0;
    const double* line = history;
    for (int i = 0; i < count; line += network.delays[i++]) {
      const double r = line[at[i]];
      low[i] = r + network.damping[i] * (low[i] - r);
      f[i] = network.gains[i] * low[i];
      sum += f[i];
      made += network.outputs[i] * f[i];
      if (kept) *kept++ = r, *kept++ = low[i];
    }
    const double heard = x[t], mixed = 2.0 / count * sum;
    double* into = history;
    for (int i = 0; i < count; into += network.delays[i++]) {
      into[at[i]] = network.inputs[i] * heard + (f[i] - mixed);
      if (++at[i] == network.delays[i]) at[i] = 0;
    }
    y[t] = static_cast<Sample>(made);
  }
}

template void delay_network(const Network&, double*, int*, double*, const float*, float*, int, double*) noexcept;
template void delay_network(const Network&, double*, int*, double*, const double*, double*, int, double*) noexcept;

void delay_network_back(const Network& network, const double* low, const double* x, const double* kept,
                        const double* dy, double* dx, double* d_history, int* at, double* d_low, double* d_numbers,
                        int samples) noexcept {
  const int count = network.count;
  const std::ptrdiff_t step = std::ptrdiff_t{count} * kNetworkKept;
  double *d_gains = d_numbers, *d_damping = d_gains + count, *d_inputs = d_damping + count,
         *d_outputs = d_inputs + count;
  double w[kMaxLines];
  for (int t = samples - 1; t >= 0; --t) {
    const double* keep = kept + t * step;
    double sum = 0.0, heard = 0.0;
    const double* line = d_history;
    for (int i = 0; i < count; line += network.delays[i++]) {
      w[i] = line[at[i]];
      sum += w[i];
      heard += network.inputs[i] * w[i];
      d_inputs[i] += w[i] * x[t];
    }
    dx[t] = heard;
    const double d = dy[t], mixed = 2.0 / count * sum;
    double* into = d_history;
    for (int i = 0; i < count; into += network.delays[i++]) {
      const double r = keep[2 * i], p = keep[2 * i + 1], before = t > 0 ? keep[2 * i + 1 - step] : low[i];
      const double d_f = network.outputs[i] * d + (w[i] - mixed);
      d_outputs[i] += d * network.gains[i] * p;
      d_gains[i] += d_f * p;
      const double d_p = network.gains[i] * d_f + d_low[i];
      d_damping[i] += d_p * (before - r);
      d_low[i] = network.damping[i] * d_p;
      into[at[i]] = d_p - d_low[i];
      at[i] = (at[i] > 0 ? at[i] : network.delays[i]) - 1;
    }
  }
}

std::unique_ptr<Operation> make_delay_network(const Json& node, const Tensors& tensors, int channels) {
  Lines lines;
  lines.delays = delays_of(node);
  if (lines.length() > kMaxMemory / channels)
    throw FileError("a delay network in the file remembers more than " + std::to_string(kMaxMemory) + " samples");
  const std::size_t count = lines.delays.size();
  const float below = std::nextafter(1.0f, 0.0f), any = std::numeric_limits<float>::max();
  lines.gains = numbers_of(node, tensors, "gains", count, -below, below);
  lines.damping = numbers_of(node, tensors, "damping", count, 0.0f, below);
  lines.inputs = numbers_of(node, tensors, "inputs", count, -any, any);
  lines.outputs = numbers_of(node, tensors, "outputs", count, -any, any);
  return std::make_unique<DelayNetwork>(std::move(lines), channels);
}

}  // namespace tonewright
