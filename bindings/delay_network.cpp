// Feedback delay networks, as Python sees them: rows of sound [R][T], each with its own history [R][all delays], oldest
// first, line after line, and its own low-passes [R][lines]. numbers: gains, damping, inputs and outputs, [4][lines].

#include "tonewright/delay_network.h"

#include <algorithm>
#include <vector>

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Delays = nb::ndarray<const int, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

Network network_of(const Delays& delays, const Rows& numbers) {
  const std::size_t count = delays.shape(0);
  if (count < 1 || count > kMaxLines) throw nb::value_error("a delay network wants 1 to 32 lines");
  for (std::size_t i = 0; i < count; ++i)
    if (delays.data()[i] < 1 || delays.data()[i] > kMaxLineDelay)
      throw nb::value_error("a line of a delay network wants 1 to 131072 samples");
  check_size("numbers", numbers, kNetworkNumbers * count);
  const double* n = numbers.data();
  return {static_cast<int>(count), delays.data(), n, n + count, n + 2 * count, n + 3 * count};
}

std::size_t length_of(const Network& network) {
  std::size_t length = 0;
  for (int i = 0; i < network.count; ++i) length += static_cast<std::size_t>(network.delays[i]);
  return length;
}

// Lines that were turned round: what is at first[i] goes to the front of line i.
void turn(const Network& network, double* history, const std::vector<int>& first) {
  for (int i = 0; i < network.count; history += network.delays[i++])
    std::rotate(history, history + first[static_cast<std::size_t>(i)], history + network.delays[i]);
}

// kept: [R][T][lines][2], or empty when nothing will be learned.
void forward(Rows x, Delays delays, Rows numbers, Made history, Made low, Made y, Made kept) {
  const Network network = network_of(delays, numbers);
  const std::size_t rows = x.shape(0), samples = x.shape(1), count = delays.shape(0), length = length_of(network);
  check_size("history", history, rows * length);
  check_size("low", low, rows * count);
  check_size("y", y, rows * samples);
  if (kept.size()) check_size("kept", kept, rows * samples * count * kNetworkKept);
  nb::gil_scoped_release release;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<int> at(count, 0);
    double* lines = history.data() + row * length;
    delay_network(network, lines, at.data(), low.data() + row * count, x.data() + row * samples,
                  y.data() + row * samples, static_cast<int>(samples),
                  kept.size() ? kept.data() + row * samples * count * kNetworkKept : nullptr);
    turn(network, lines, at);
  }
}

// low: what forward found, not what it left.
void backward(Rows dy, Delays delays, Rows numbers, Numbers low, Numbers x, Numbers kept, Made d_history, Made d_low,
              Made dx, Made d_numbers) {
  const Network network = network_of(delays, numbers);
  const std::size_t rows = dy.shape(0), samples = dy.shape(1), count = delays.shape(0), length = length_of(network);
  check_size("low", low, rows * count);
  check_size("x", x, rows * samples);
  check_size("kept", kept, rows * samples * count * kNetworkKept);
  check_size("d_history", d_history, rows * length);
  check_size("d_low", d_low, rows * count);
  check_size("dx", dx, rows * samples);
  check_size("d_numbers", d_numbers, kNetworkNumbers * count);
  nb::gil_scoped_release release;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<int> at(count);
    for (std::size_t i = 0; i < count; ++i) at[i] = delays.data()[i] - 1;
    double* lines = d_history.data() + row * length;
    delay_network_back(network, low.data() + row * count, x.data() + row * samples,
                       kept.data() + row * samples * count * kNetworkKept, dy.data() + row * samples,
                       dx.data() + row * samples, lines, at.data(), d_low.data() + row * count, d_numbers.data(),
                       static_cast<int>(samples));
    for (std::size_t i = 0; i < count; ++i) at[i] = (at[i] + 1) % delays.data()[i];  // the oldest
    turn(network, lines, at);
  }
}

}  // namespace

void bind_delay_network(nb::module_& m) {
  m.def("delay_network_forward", &forward, nb::arg("x").noconvert(), nb::arg("delays").noconvert(),
        nb::arg("numbers").noconvert(), nb::arg("history").noconvert(), nb::arg("low").noconvert(),
        nb::arg("y").noconvert(), nb::arg("kept").noconvert());
  m.def("delay_network_backward", &backward, nb::arg("dy").noconvert(), nb::arg("delays").noconvert(),
        nb::arg("numbers").noconvert(), nb::arg("low").noconvert(), nb::arg("x").noconvert(),
        nb::arg("kept").noconvert(), nb::arg("d_history").noconvert(), nb::arg("d_low").noconvert(),
        nb::arg("dx").noconvert(), nb::arg("d_numbers").noconvert());
}
