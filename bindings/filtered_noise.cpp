// Filtered noise, as Python sees it: items one after another, each with its own seed, filters and count.

#include "tonewright/filtered_noise.h"

#include <algorithm>

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Filters = nb::ndarray<const float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Slopes = nb::ndarray<float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Given = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Answer = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using Counts = nb::ndarray<const std::int64_t, nb::c_contig, nb::device::cpu>;

constexpr std::size_t kMost = 1 << 20;  // numbers of a filter, and samples of a frame

// Filters are [B, 1 + F, reach]: that of the frame before, and that of each frame.
struct Sizes {
  std::size_t items, frames, reach, hop;

  template <typename Array>
  Sizes(const Array& filters, std::size_t samples)
      : items(filters.shape(0)), frames(filters.shape(1) - 1), reach(filters.shape(2)), hop(samples) {
    if (filters.shape(1) < 1 || hop < 1 || hop > kMost || reach < 1 || reach > kMost)
      throw nb::value_error("filtered noise wants a filter before the first frame, and frames of 1 sample or more");
  }
  template <typename Work>
  void each(const Counts& seed, const Counts& count, const Work& work) const {
    FilteredNoise noise(static_cast<int>(reach), static_cast<int>(hop));
    nb::gil_scoped_release unlocked;
    const NoDenormals guard;
    for (std::size_t item = 0; item < items; ++item)
      for (std::size_t m = 0; m < frames; ++m) {
        const auto first = static_cast<std::uint64_t>(count.data()[item]) + m * hop;
        noise.hear(static_cast<std::uint64_t>(seed.data()[item]), first);
        work(noise, (item * (frames + 1) + m) * reach, (item * frames + m) * hop);
      }
  }
};

void forward(Filters filters, std::size_t hop, Counts seed, Counts count, Answer y) {
  const Sizes s(filters, hop);
  check_size("seed", seed, s.items);
  check_size("count", count, s.items);
  check_size("y", y, s.items * s.frames * hop);
  s.each(seed, count, [&](FilteredNoise& noise, std::size_t before, std::size_t at) {
    const float* from = filters.data() + before;
    noise.play(from, from + s.reach, y.data() + at);
  });
}

void backward(Given dy, std::size_t hop, Counts seed, Counts count, Slopes d_filters) {
  const Sizes s(d_filters, hop);
  check_size("seed", seed, s.items);
  check_size("count", count, s.items);
  check_size("dy", dy, s.items * s.frames * hop);
  std::fill_n(d_filters.data(), d_filters.size(), 0.0f);
  s.each(seed, count, [&](FilteredNoise& noise, std::size_t before, std::size_t at) {
    float* from = d_filters.data() + before;
    noise.play_back(dy.data() + at, from, from + s.reach);
  });
}

}  // namespace

void bind_filtered_noise(nb::module_& m) {
  m.def("filtered_noise_forward", &forward, nb::arg("filters").noconvert(), nb::arg("hop"),
        nb::arg("seed").noconvert(), nb::arg("count").noconvert(), nb::arg("y").noconvert());
  m.def("filtered_noise_backward", &backward, nb::arg("dy").noconvert(), nb::arg("hop"), nb::arg("seed").noconvert(),
        nb::arg("count").noconvert(), nb::arg("d_filters").noconvert());
}
