// The pitch tracker, as Python sees it: rows of sound, each with its own track.

#include "tonewright/pitch.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// x [R][(frames + 3) hop], track [R][3], which is changed, y [R][2][frames]: f0 in Hz, and clarity.
void track(Rows x, std::int64_t sample_rate, std::int64_t hop, double lowest_hz, double highest_hz, Made tracks,
           Made y) {
  const PitchRange range{sample_rate, hop, lowest_hz, highest_hz};
  if (const char* wrong = wrong_with(range)) throw nb::value_error(wrong);
  const std::size_t rows = x.shape(0), samples = x.shape(1), step = static_cast<std::size_t>(hop);
  const std::size_t before = static_cast<std::size_t>(kPitchWindow - 1) * step;
  if (samples < before) throw nb::value_error("pitch_track wants at least three hops of sound");
  const std::size_t frames = (samples - before) / step;
  check_size("tracks", tracks, rows * kPitchNumbers);
  check_size("y", y, rows * 2 * frames);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  PitchTracker tracker(range);
  for (std::size_t row = 0; row < rows; ++row) {
    double *state = tracks.data() + row * kPitchNumbers, *f0_hz = y.data() + row * 2 * frames;
    PitchTrack track{state[0], state[1], state[2]};
    for (std::size_t n = 0; n < frames; ++n) {
      f0_hz[frames + n] = tracker.clarity(x.data() + row * samples + n * step, track);
      f0_hz[n] = track.f0_hz;
    }
    state[0] = track.f0_hz;
    state[1] = track.trust;
    state[2] = track.voiced;
  }
}

}  // namespace

void bind_pitch(nb::module_& m) {
  m.def("pitch_track", &track, nb::arg("x").noconvert(), nb::arg("sample_rate"), nb::arg("hop"), nb::arg("lowest_hz"),
        nb::arg("highest_hz"), nb::arg("tracks").noconvert(), nb::arg("y").noconvert());
}
