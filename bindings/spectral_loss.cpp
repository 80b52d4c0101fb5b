// The multi-scale spectral loss, as Python sees it: batches of sounds [B][T], and how it changes with the second.

#include "tonewright/spectral_loss.h"

#include <nanobind/stl/vector.h>

#include <algorithm>

#include "recursions.h"

using namespace tonewright;

namespace {

using Sounds = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Slopes = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

using Channels = nb::ndarray<const float, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

void check_windows(const std::vector<std::size_t>& sizes, std::size_t samples) {
  if (sizes.empty() || !std::all_of(sizes.begin(), sizes.end(), SpectralLoss::can))
    throw nb::value_error("spectral_loss wants windows of 32 samples times twos and threes");
  if (samples <= *std::max_element(sizes.begin(), sizes.end()) / 2)
    throw nb::value_error("spectral_loss wants sounds longer than half of every window");
}

template <typename Array>
void check_arrays(const Array& target, const Array& estimate, const Slopes& d_estimate) {
  if (target.size() == 0) throw nb::value_error("spectral_loss wants sounds, and got none");
  check_size("estimate", estimate, target.size());
  if (d_estimate.size()) check_size("d_estimate", d_estimate, target.size());
}

// d_estimate: as many numbers as the sounds have, or none when only the value is wanted.
double spectral_loss(Sounds target, Sounds estimate, const std::vector<std::size_t>& sizes, Slopes d_estimate) {
  const std::size_t items = target.shape(0), samples = target.shape(1);
  check_windows(sizes, samples);
  check_arrays(target, estimate, d_estimate);
  nb::gil_scoped_release unlocked;
  return SpectralLoss(sizes)(target.data(), estimate.data(), items, samples,
                             d_estimate.size() ? d_estimate.data() : nullptr);
}

// The same of [B][C][T], relative to the loudness of each item.
double spectral_distance(Channels target, Channels estimate, const std::vector<std::size_t>& sizes, float epsilon,
                         double floor, Slopes d_estimate) {
  check_windows(sizes, target.shape(2));
  check_arrays(target, estimate, d_estimate);
  if (!(epsilon > 0.0f) || !(floor > 0.0))
    throw nb::value_error("spectral_distance wants an epsilon and a floor above 0");
  nb::gil_scoped_release unlocked;
  return SpectralLoss(sizes)(target.data(), estimate.data(), target.shape(0), target.shape(1), target.shape(2),
                             {epsilon, floor}, d_estimate.size() ? d_estimate.data() : nullptr);
}

}  // namespace

void bind_spectral_loss(nb::module_& m) {
  m.def("spectral_loss", &spectral_loss, nb::arg("target").noconvert(), nb::arg("estimate").noconvert(),
        nb::arg("sizes"), nb::arg("d_estimate").noconvert());
  m.def("spectral_distance", &spectral_distance, nb::arg("target").noconvert(), nb::arg("estimate").noconvert(),
        nb::arg("sizes"), nb::arg("epsilon"), nb::arg("floor"), nb::arg("d_estimate").noconvert());
  m.def("can_spectral_loss", [](std::size_t size) { return SpectralLoss::can(size); });
}
