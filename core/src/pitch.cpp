#include "tonewright/pitch.h"

#include <algorithm>
#include <cmath>

#include "transform.h"

namespace tonewright {

namespace {

// The same numbers as in tonewright/dsp/pitch.py, which says what they are.
constexpr double kSlack = 1.03, kFinest = 32000.0;
constexpr double kLowCut[] = {0.4, 0.8}, kHighCut[] = {2000.0, 4000.0};
constexpr double kFaint = 0.15, kLowCost = 0.08, kJumpCost = 0.06, kFade = 0.9;
constexpr double kBegins = 0.6, kEnds = 0.5, kQuiet = 3e-4;

constexpr std::int64_t kMaxRate = 384000;
constexpr double kHighestHz = 2400.0;

std::size_t power_of_two(double atleast) {
  std::size_t size = 1;
  while (static_cast<double>(size) < atleast) size *= 2;
  return size;
}

double between(double x, double low, double high) { return std::clamp((x - low) / (high - low), 0.0, 1.0); }

// Of the likeness of a window to itself.
struct Peak {
  double f0_hz, height;
};

}  // namespace

const char* wrong_with(const PitchRange& range) noexcept {
  const auto rate = static_cast<double>(range.sample_rate), hop = static_cast<double>(range.hop);
  if (range.sample_rate < 1 || range.sample_rate > kMaxRate) return "a pitch is tracked at rates of 1 Hz to 384 kHz";
  if (range.hop < 16 || 50.0 * hop > rate) return "a pitch is tracked with a hop of 16 samples to a fiftieth of a second";
  if (!(range.lowest_hz * 2.0 * hop >= rate)) return "the lowest pitch to track has a period of more than two hops";
  if (!(range.highest_hz <= std::min(kHighestHz, rate / 8.0)))
    return "the highest pitch to track is beyond 2400 Hz, or an eighth of the rate";
  if (!(range.lowest_hz * 1.05 <= range.highest_hz)) return "the range in which to track a pitch is empty";
  return nullptr;
}

struct PitchTracker::Tables {
  PitchRange range;
  std::size_t span, size, fine;  // samples of a window, of its transform, and of the correlation, which is finer
  double fine_rate, taper_energy = 0.0;
  std::size_t first, last;  // lags of the finer correlation
  Transform forward, back;
  std::vector<double> taper, weight;  // of each sample of a window; of each bin of the spectrum
  Complexes taper_spectrum, x, q;
  std::vector<double> likeness;  // at every lag

  explicit Tables(const PitchRange& range);
  bool listen(const double* window) noexcept;
  Peak choose(const PitchTrack& track) const noexcept;
};

namespace {

std::size_t size_for(const PitchRange& range) {
  const double longest = std::ceil(static_cast<double>(range.sample_rate) / range.lowest_hz * 1.05) + 2.0;
  return power_of_two(static_cast<double>(kPitchWindow * range.hop) + longest);
}

std::size_t finer(const PitchRange& range) {
  return power_of_two(kFinest / static_cast<double>(range.sample_rate));
}

}  // namespace

PitchTracker::Tables::Tables(const PitchRange& wanted)
    : range(wanted), span(static_cast<std::size_t>(kPitchWindow * wanted.hop)), size(size_for(wanted)),
      fine(size * finer(wanted)), fine_rate(static_cast<double>(wanted.sample_rate) * static_cast<double>(finer(wanted))),
      forward(size), back(fine), taper(span), weight(size / 2), taper_spectrum(size), x(size), q(fine) {
  for (std::size_t t = 0; t < span; ++t) {
    taper[t] = std::sin(std::acos(-1.0) * (static_cast<double>(t) + 0.5) / static_cast<double>(span));
    taper_spectrum.re[t] = taper[t];
    taper_energy += taper[t] * taper[t];
  }
  forward.forward(taper_spectrum);
  for (std::size_t k = 0; k < weight.size(); ++k) {
    const double f = static_cast<double>(k) * static_cast<double>(range.sample_rate) / static_cast<double>(size);
    const double high = 1.0 - between(f, kHighCut[0], kHighCut[1]);
    weight[k] = between(f / range.lowest_hz, kLowCut[0], kLowCut[1]) * high * high * (3.0 - 2.0 * high);
  }
  first = static_cast<std::size_t>(std::max(2.0, std::floor(fine_rate / range.highest_hz / kSlack)));
  last = static_cast<std::size_t>(std::ceil(fine_rate / range.lowest_hz * kSlack));
  likeness.resize(last + 2);
}

// Fills the likeness of the window to itself; false when it is as good as silent.
bool PitchTracker::Tables::listen(const double* window) noexcept {
  std::fill(x.re.begin(), x.re.end(), 0.0);
  std::fill(x.im.begin(), x.im.end(), 0.0);
  for (std::size_t t = 0; t < span; ++t) {
    x.re[t] = taper[t] * window[t];
    x.im[t] = x.re[t] * window[t];
  }
  forward.forward(x);
  std::fill(q.re.begin(), q.re.end(), 0.0);
  std::fill(q.im.begin(), q.im.end(), 0.0);
  for (std::size_t k = 0; k < size / 2; ++k) {
    const std::size_t other = (size - k) % size;  // two real signals were transformed as one: take them apart
    const double re = 0.5 * (x.re[k] + x.re[other]), im = 0.5 * (x.im[k] - x.im[other]);
    const double power_re = 0.5 * (x.im[k] + x.im[other]), power_im = 0.5 * (x.re[other] - x.re[k]);
    const double a = weight[k] * (re * re + im * im);
    const double b = 2.0 * (taper_spectrum.re[k] * power_re + taper_spectrum.im[k] * power_im);
    // Both are spectra of real and even signals, so that one transform gives both.
    q.re[k] = q.re[(fine - k) % fine] = a;
    q.im[k] = q.im[(fine - k) % fine] = b;
  }
  back.forward(q);
  const double alike = q.re[0], energy = q.im[0];
  const double level = std::sqrt(alike / static_cast<double>(size) / taper_energy);
  if (!(level > kQuiet && energy > 0.0)) return false;
  const double scale = energy / alike;
  for (std::size_t lag = first - 1; lag <= last + 1; ++lag)
    likeness[lag] = scale * q.re[lag] / std::max(q.im[lag], 1e-9 * energy);
  return true;
}

// The peak that is highest, less what low pitches and jumps cost.
Peak PitchTracker::Tables::choose(const PitchTrack& track) const noexcept {
  double best_score = -1e9;
  Peak best{track.f0_hz, 0.0};
  for (std::size_t lag = first; lag <= last; ++lag) {
    const double left = likeness[lag - 1], top = likeness[lag], right = likeness[lag + 1];
    if (!(top > left && top >= right && top > kFaint)) continue;
    const double shift = 0.5 * (left - right) / (left - 2.0 * top + right);
    const double height = top - 0.25 * (left - right) * shift;
    const double f0_hz = fine_rate / (static_cast<double>(lag) + shift);
    if (!(f0_hz >= range.lowest_hz / kSlack && f0_hz <= range.highest_hz * kSlack)) continue;
    const double jump = std::min(1.0, std::fabs(std::log2(f0_hz / track.f0_hz)));
    const double score = height - kLowCost * std::log2(range.highest_hz / f0_hz) - kJumpCost * track.trust * jump;
    if (score > best_score) {
      best_score = score;
      best = {f0_hz, std::min(1.0, height)};
    }
  }
  return best;
}

PitchTracker::PitchTracker(const PitchRange& range) : tables_(std::make_unique<Tables>(range)) {}
PitchTracker::~PitchTracker() = default;

std::size_t PitchTracker::size() const noexcept {
  // Of each transform its roots, its scratch and what it transforms; of the first also a spectrum and the weights.
  return 9 * tables_->size + 6 * tables_->fine + tables_->span + tables_->likeness.size();
}

double PitchTracker::clarity(const double* window, PitchTrack& track) noexcept {
  const Peak found = tables_->listen(window) ? tables_->choose(track) : Peak{track.f0_hz, 0.0};
  const bool voiced = found.height >= (track.voiced > 0.0 ? kEnds : kBegins);
  if (voiced) track.f0_hz = found.f0_hz;
  track.voiced = voiced ? 1.0 : 0.0;
  track.trust = voiced ? found.height : kFade * track.trust;
  return voiced ? found.height : 0.0;
}

}  // namespace tonewright
