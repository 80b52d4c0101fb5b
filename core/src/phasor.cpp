#include "phasor.h"

#include <cmath>

#include "shapes.h"

namespace tonewright {

namespace {

constexpr double kMaxPhase = 1e6;  // turns
constexpr std::int64_t kMaxStart = std::int64_t{1} << 53, kMaxRate = 1 << 30;

// That many turns without the whole ones, to the next 2^-64.
std::uint64_t fixed(double turns) noexcept {
  // Below 2^64: what is left of a turn is at least 2^-53.
  const double part = std::nearbyint(std::ldexp(std::fmod(turns, 1.0), 64));
  return part < 0.0 ? ~static_cast<std::uint64_t>(-part) + 1 : static_cast<std::uint64_t>(part);
}

class Phasor : public Operation {
 public:
  Phasor(const Turns& turns, std::int64_t start) : turns_(turns), start_(turns.at(start)), now_(start_) {
    channels = 1;
  }

  void reset() noexcept override { now_ = start_; }

  void process(const Signal*, const Signal& y, int frames) noexcept override {
    float* ramp = y.row(0);
    // The upper 24 bits: all that a float holds below 1.
    for (int t = 0; t < frames; ++t, now_ += turns_.step)
      ramp[t] = static_cast<float>(static_cast<std::int32_t>(now_ >> 40)) * 0x1p-24f;
  }

 private:
  Turns turns_;
  std::uint64_t start_, now_;
};

double number_of(const Json& node, const Tensors& tensors, const char* key) {
  const Tensor* number = weight_of(node, tensors, key);
  if (!number || number->count() != 1) throw FileError("an oscillator in the file wants one rate and one phase");
  return number->data[0];
}

}  // namespace

Turns::Turns(double rate_hz, double start, std::int64_t sample_rate) noexcept
    : phase(fixed(start)), step(fixed(rate_hz / static_cast<double>(sample_rate))) {}

std::unique_ptr<Operation> make_phasor(const Json& node, const Tensors& tensors) {
  const Json& attributes = node.at("attributes");
  const std::int64_t sample_rate = attributes.at("sample_rate").integer(1, kMaxRate);
  const std::int64_t start = attributes.at("start").integer(-kMaxStart, kMaxStart);
  const double rate_hz = number_of(node, tensors, "rate_hz"), phase = number_of(node, tensors, "phase");
  if (!(rate_hz > 0.0 && rate_hz < static_cast<double>(sample_rate) / 2.0))
    throw FileError("an oscillator in the file turns at no rate between 0 and half the sample rate");
  if (!(std::fabs(phase) <= kMaxPhase)) throw FileError("an oscillator in the file begins after too many turns");
  return std::make_unique<Phasor>(Turns(rate_hz, phase, sample_rate), start);
}

}  // namespace tonewright
