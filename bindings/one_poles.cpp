// One-poles of two numbers, as Python sees them: rows of sound [R][T], each with its own state [R].

#include "recursions.h"

#include "denormals.h"
#include "tonewright/follow.h"
#include "tonewright/lag.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <auto play>
void forward(Rows x, double first, double second, Made state, Made y) {
  const std::size_t rows = x.shape(0), samples = x.shape(1);
  check_size("state", state, rows);
  check_size("y", y, rows * samples);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row)
    play({first, second}, state.data()[row], x.data() + row * samples, y.data() + row * samples,
         static_cast<int>(samples));
}

// state: what forward found, not what it left.
template <auto play_back>
void backward(Rows dy, double first, double second, Numbers state, Numbers x, Numbers y, Made d_state, Made dx,
              Made d_numbers) {
  const std::size_t rows = dy.shape(0), samples = dy.shape(1);
  check_size("state", state, rows);
  check_size("x", x, rows * samples);
  check_size("y", y, rows * samples);
  check_size("d_state", d_state, rows);
  check_size("dx", dx, rows * samples);
  check_size("d_numbers", d_numbers, 2);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t at = row * samples;
    play_back({first, second}, state.data()[row], x.data() + at, y.data() + at, dy.data() + at, dx.data() + at,
              d_state.data()[row], d_numbers.data(), static_cast<int>(samples));
  }
}

template <auto play, auto play_back>
void bind(nb::module_& m, const std::string& name) {
  m.def((name + "_forward").c_str(), &forward<play>, nb::arg("x").noconvert(), nb::arg("first"), nb::arg("second"),
        nb::arg("state").noconvert(), nb::arg("y").noconvert());
  m.def((name + "_backward").c_str(), &backward<play_back>, nb::arg("dy").noconvert(), nb::arg("first"),
        nb::arg("second"), nb::arg("state").noconvert(), nb::arg("x").noconvert(), nb::arg("y").noconvert(),
        nb::arg("d_state").noconvert(), nb::arg("dx").noconvert(), nb::arg("d_numbers").noconvert());
}

}  // namespace

void bind_one_poles(nb::module_& m) {
  bind<&follow<double>, &follow_back>(m, "follow");
  bind<&lag<double>, &lag_back>(m, "lag");
}
