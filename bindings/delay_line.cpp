// Delay lines, as Python sees them: rows of sound, `channels` of them for each row of delays.

#include "tonewright/delay_line.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// The sizes of a line [R][most + 2 + T] that goes with y [R][T].
struct Sizes {
  std::size_t rows, samples, channels;
  int most;

  Sizes(const Rows& line, std::size_t of_y, std::size_t channels_of_each) : channels(channels_of_each) {
    rows = line.shape(0);
    samples = rows ? of_y / rows : 0;
    if (line.size() >= kMaxNumbers || !channels || rows % channels || samples * rows != of_y ||
        line.shape(1) < samples + kLeastDelay + kDelayReach)
      throw nb::value_error("a delay line wants channels of a memory and a block, and as many answers");
    most = static_cast<int>(line.shape(1) - samples) - kDelayReach;
  }

  // One delay for all, or one for each sample of each sound.
  template <typename Array>
  void check_delays(const char* what, const Array& delays) const {
    if (delays.size() != 1) check_size(what, delays, rows / channels * samples);
  }

  Delays<double> delays_of(const Numbers& delays, std::size_t row) const {
    const bool moves = delays.size() != 1;
    return {delays.data() + (moves ? row / channels * samples : 0), moves ? 1 : 0, most};
  }
};

// line: the memory and then x, which becomes what went into the line.
void forward(Rows line, Numbers delays, double feedback, double damping, std::size_t channels, Made last, Made y) {
  const Sizes sizes(line, y.size(), channels);
  sizes.check_delays("delays", delays);
  check_size("last", last, sizes.rows);
  const std::size_t length = line.shape(1), memory = length - sizes.samples;
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  for (std::size_t row = 0; row < sizes.rows; ++row) {
    double* samples = line.data() + row * length;
    DelayRing ring{samples, static_cast<int>(length), static_cast<int>(memory)};  // which just fills, and never turns
    delay_line({feedback, damping}, sizes.delays_of(delays, row), ring, last.data()[row], samples + memory,
               y.data() + row * sizes.samples, static_cast<int>(sizes.samples));
  }
}

// last: what forward found, not what it left. d_line: what its memory changes at its end, and zeros before.
void backward(Numbers dy, Numbers line, Numbers delays, double feedback, double damping, std::size_t channels,
              Numbers last, Numbers y, Rows d_line, Made d_delays, Made d_last, Made d_loop) {
  const Sizes sizes(d_line, y.size(), channels);
  sizes.check_delays("delays", delays);
  check_size("dy", dy, y.size());
  check_size("line", line, d_line.size());
  check_size("last", last, sizes.rows);
  check_size("d_delays", d_delays, delays.size());
  check_size("d_last", d_last, sizes.rows);
  check_size("d_loop", d_loop, kDelayLoopNumbers);
  const std::size_t length = d_line.shape(1);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  for (std::size_t row = 0; row < sizes.rows; ++row) {
    const std::size_t at = row * sizes.samples;
    const Delays<double> own = sizes.delays_of(delays, row);
    DelayChange change{d_line.data() + row * length, d_delays.data() + (own.samples - delays.data()),
                       d_last.data()[row], d_loop.data()};
    delay_line_back({feedback, damping}, own, {line.data() + row * length, y.data() + at, last.data()[row]},
                    dy.data() + at, change, static_cast<int>(sizes.samples));
    d_last.data()[row] = change.d_last;
  }
}

}  // namespace

void bind_delay_line(nb::module_& m) {
  m.def("delay_line_forward", &forward, nb::arg("line").noconvert(), nb::arg("delays").noconvert(),
        nb::arg("feedback"), nb::arg("damping"), nb::arg("channels"), nb::arg("last").noconvert(),
        nb::arg("y").noconvert());
  m.def("delay_line_backward", &backward, nb::arg("dy").noconvert(), nb::arg("line").noconvert(),
        nb::arg("delays").noconvert(), nb::arg("feedback"), nb::arg("damping"), nb::arg("channels"),
        nb::arg("last").noconvert(), nb::arg("y").noconvert(), nb::arg("d_line").noconvert(),
        nb::arg("d_delays").noconvert(), nb::arg("d_last").noconvert(), nb::arg("d_loop").noconvert());
}
