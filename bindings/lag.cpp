// The lag of a photoresistor, as Python sees them: rows of sound [R][T], each with its own state [R].

#include "tonewright/lag.h"

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

void forward(Rows x, double slow, double fast, Made state, Made y) {
  const std::size_t rows = x.shape(0), samples = x.shape(1);
  check_size("state", state, rows);
  check_size("y", y, rows * samples);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row)
    lag({slow, fast}, state.data()[row], x.data() + row * samples, y.data() + row * samples,
           static_cast<int>(samples));
}

// state: what forward found, not what it left.
void backward(Rows dy, double slow, double fast, Numbers state, Numbers x, Numbers y, Made d_state, Made dx,
              Made d_lags) {
  const std::size_t rows = dy.shape(0), samples = dy.shape(1);
  check_size("state", state, rows);
  check_size("x", x, rows * samples);
  check_size("y", y, rows * samples);
  check_size("d_state", d_state, rows);
  check_size("dx", dx, rows * samples);
  check_size("d_lags", d_lags, kLagNumbers);
  nb::gil_scoped_release unlocked;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t at = row * samples;
    lag_back({slow, fast}, state.data()[row], x.data() + at, y.data() + at, dy.data() + at, dx.data() + at,
                d_state.data()[row], d_lags.data(), static_cast<int>(samples));
  }
}

}  // namespace

void bind_lag(nb::module_& m) {
  m.def("lag_forward", &forward, nb::arg("x").noconvert(), nb::arg("slow"), nb::arg("fast"),
        nb::arg("state").noconvert(), nb::arg("y").noconvert());
  m.def("lag_backward", &backward, nb::arg("dy").noconvert(), nb::arg("slow"), nb::arg("fast"),
        nb::arg("state").noconvert(), nb::arg("x").noconvert(), nb::arg("y").noconvert(),
        nb::arg("d_state").noconvert(), nb::arg("dx").noconvert(), nb::arg("d_lags").noconvert());
}
