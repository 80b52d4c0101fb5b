// All-passes in a row, as Python sees them: rows of sound [R][T], each with its own state [R][stages + 1]. The
// coefficients are [B][T], each row of them for R / B rows of sound.

#include "tonewright/all_passes.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// How many rows of sound share a row of coefficients.
std::size_t shared_by(std::size_t rows, std::size_t samples, const Rows& coefficient) {
  const std::size_t count = coefficient.shape(0);
  if (coefficient.shape(1) != samples || (count ? rows % count : rows))
    throw nb::value_error("a row of coefficients wants as many samples, and as many rows of sound, as the others");
  return count ? rows / count : 1;
}

// Numbers that are kept of each row.
std::size_t kept_of(std::size_t samples, std::size_t count) {
  return (samples + kAllPassPiece - 1) / kAllPassPiece * count;
}

void check_stages(int stages) {
  if (stages < 1 || stages > kMaxStages) throw nb::value_error("all-passes want 1 to 64 stages");
}

// kept: [R][T / 64, rounded up][stages + 1], or empty when nothing will be learned.
void forward(Rows x, Rows coefficient, int stages, double feedback, Made state, Made y, Made kept) {
  check_stages(stages);
  const std::size_t rows = x.shape(0), samples = x.shape(1), count = static_cast<std::size_t>(stages) + 1;
  const std::size_t share = shared_by(rows, samples, coefficient);
  check_size("state", state, rows * count);
  check_size("y", y, rows * samples);
  if (kept.size()) check_size("kept", kept, rows * kept_of(samples, count));
  nb::gil_scoped_release release;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row)
    all_passes(stages, feedback, coefficient.data() + row / share * samples, state.data() + row * count,
               x.data() + row * samples, y.data() + row * samples, static_cast<int>(samples),
               kept.size() ? kept.data() + row * kept_of(samples, count) : nullptr);
}

void backward(Rows dy, Rows coefficient, int stages, double feedback, Numbers x, Numbers kept, Made d_state,
              Made dx, Made d_coefficient, Made d_feedback) {
  check_stages(stages);
  const std::size_t rows = dy.shape(0), samples = dy.shape(1), count = static_cast<std::size_t>(stages) + 1;
  const std::size_t share = shared_by(rows, samples, coefficient);
  check_size("x", x, rows * samples);
  check_size("kept", kept, rows * kept_of(samples, count));
  check_size("d_state", d_state, rows * count);
  check_size("dx", dx, rows * samples);
  check_size("d_coefficient", d_coefficient, coefficient.size());
  check_size("d_feedback", d_feedback, 1);
  nb::gil_scoped_release release;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row)
    all_passes_back(stages, feedback, coefficient.data() + row / share * samples,
                    x.data() + row * samples, kept.data() + row * kept_of(samples, count),
                    dy.data() + row * samples, dx.data() + row * samples, d_state.data() + row * count,
                    d_coefficient.data() + row / share * samples, *d_feedback.data(), static_cast<int>(samples));
}

}  // namespace

void bind_all_passes(nb::module_& m) {
  m.def("all_passes_forward", &forward, nb::arg("x").noconvert(), nb::arg("coefficient").noconvert(),
        nb::arg("stages"), nb::arg("feedback"), nb::arg("state").noconvert(), nb::arg("y").noconvert(),
        nb::arg("kept").noconvert());
  m.def("all_passes_backward", &backward, nb::arg("dy").noconvert(), nb::arg("coefficient").noconvert(),
        nb::arg("stages"), nb::arg("feedback"), nb::arg("x").noconvert(), nb::arg("kept").noconvert(),
        nb::arg("d_state").noconvert(), nb::arg("dx").noconvert(), nb::arg("d_coefficient").noconvert(),
        nb::arg("d_feedback").noconvert());
}
