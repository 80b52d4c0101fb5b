// The bank of harmonics, as Python sees it: items one after another, each with its own pitch, amplitudes and phase.

#include "tonewright/harmonic_bank.h"

#include <algorithm>
#include <vector>

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Given = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Answer = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using Amplitudes = nb::ndarray<const float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Slopes = nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Phases = nb::ndarray<const std::int64_t, nb::c_contig, nb::device::cpu>;

constexpr std::size_t kMost = 1 << 20;  // harmonics, and samples of a frame

struct Sizes {
  std::size_t items, harmonics, frames, hop;

  template <typename Array>
  Sizes(const Array& amplitudes, std::size_t samples)
      : items(amplitudes.shape(0)), harmonics(amplitudes.shape(1)), frames(amplitudes.shape(2)), hop(samples) {
    if (hop < 1 || hop > kMost || harmonics < 1 || harmonics > kMost)
      throw nb::value_error("a bank wants 1 harmonic or more, and frames of 1 sample or more");
  }
  HarmonicBank bank(int sample_rate) const {
    if (sample_rate < 1) throw nb::value_error("a bank wants a sample rate above 0");
    return {static_cast<int>(harmonics), static_cast<int>(hop), sample_rate};
  }
};

// The pitch at both ends of each frame is [B, 2, F].
const double* pitch_of(const Numbers& ends, const Sizes& s, std::size_t item) {
  return ends.data() + 2 * item * s.frames;
}

Tone tone_of(const Phases& phase, std::size_t item, const double* pitch) {
  return {static_cast<std::uint64_t>(phase.data()[item]), pitch[0]};
}

// Amplitudes are [B, K, F].
void forward(Numbers ends, Amplitudes amplitudes, std::size_t hop, int sample_rate, Given last_amplitudes,
             Phases phase, Answer y) {
  const Sizes s(amplitudes, hop);
  check_size("ends", ends, 2 * s.items * s.frames);
  check_size("last_amplitudes", last_amplitudes, s.items * s.harmonics);
  check_size("phase", phase, s.items);
  check_size("y", y, s.items * s.frames * hop);
  HarmonicBank bank = s.bank(sample_rate);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  std::vector<float> from(s.harmonics), to(s.harmonics);
  for (std::size_t item = 0; item < s.items; ++item) {
    if (s.frames == 0) continue;
    const double* pitch = pitch_of(ends, s, item);
    Tone tone = tone_of(phase, item, pitch);
    const float* rows = amplitudes.data() + item * s.harmonics * s.frames;
    for (std::size_t k = 0; k < s.harmonics; ++k) to[k] = last_amplitudes.data()[item * s.harmonics + k];
    for (std::size_t m = 0; m < s.frames; ++m) {
      from.swap(to);
      for (std::size_t k = 0; k < s.harmonics; ++k) to[k] = rows[k * s.frames + m];
      bank.turn(tone, pitch[s.frames + m]);
      bank.play(from.data(), to.data(), y.data() + (item * s.frames + m) * hop);
    }
  }
}

void backward(Given dy, Numbers ends, std::size_t hop, int sample_rate, Phases phase, Slopes d_amplitudes,
              Answer d_last) {
  const Sizes s(d_amplitudes, hop);
  check_size("dy", dy, s.items * s.frames * hop);
  check_size("ends", ends, 2 * s.items * s.frames);
  check_size("phase", phase, s.items);
  check_size("d_last", d_last, s.items * s.harmonics);
  HarmonicBank bank = s.bank(sample_rate);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  std::vector<float> from(s.harmonics), to(s.harmonics);
  for (std::size_t item = 0; item < s.items; ++item) {
    if (s.frames == 0) continue;
    const double* pitch = pitch_of(ends, s, item);
    Tone tone = tone_of(phase, item, pitch);
    float* rows = d_amplitudes.data() + item * s.harmonics * s.frames;
    std::fill(to.begin(), to.end(), 0.0f);
    for (std::size_t m = 0; m < s.frames; ++m) {
      from.swap(to);
      std::fill(to.begin(), to.end(), 0.0f);
      bank.turn(tone, pitch[s.frames + m]);
      bank.play_back(dy.data() + (item * s.frames + m) * hop, from.data(), to.data());
      float* before = m ? rows + m - 1 : d_last.data() + item * s.harmonics;
      for (std::size_t k = 0; k < s.harmonics; ++k) before[m ? k * s.frames : k] = from[k];
    }
    for (std::size_t k = 0; k < s.harmonics; ++k) rows[k * s.frames + s.frames - 1] = to[k];
  }
}

}  // namespace

void bind_harmonic_bank(nb::module_& m) {
  m.def("harmonic_bank_forward", &forward, nb::arg("ends").noconvert(), nb::arg("amplitudes").noconvert(),
        nb::arg("hop"), nb::arg("sample_rate"), nb::arg("last_amplitudes").noconvert(), nb::arg("phase").noconvert(),
        nb::arg("y").noconvert());
  m.def("harmonic_bank_backward", &backward, nb::arg("dy").noconvert(), nb::arg("ends").noconvert(), nb::arg("hop"),
        nb::arg("sample_rate"), nb::arg("phase").noconvert(), nb::arg("d_amplitudes").noconvert(),
        nb::arg("d_last").noconvert());
}
