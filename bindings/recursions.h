// What the bindings of recursions share: rows of doubles, their sizes checked before they are trusted.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <string>

namespace nb = nanobind;

// Any shape; what is in it is checked by its size.
using Numbers = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Made = nb::ndarray<double, nb::c_contig, nb::device::cpu>;

constexpr std::size_t kMaxNumbers = std::size_t{1} << 31;

template <typename Array>
void check_size(const char* what, const Array& array, std::size_t wanted) {
  if (array.size() == wanted && wanted < kMaxNumbers) return;
  const std::string text = std::string(what) + " wants " + std::to_string(wanted) + " numbers, and has " +
                           std::to_string(array.size());
  throw nb::value_error(text.c_str());
}

void bind_all_passes(nb::module_& m);
void bind_delay_line(nb::module_& m);
void bind_delay_network(nb::module_& m);
void bind_filtered_noise(nb::module_& m);
void bind_filters(nb::module_& m);
void bind_harmonic_bank(nb::module_& m);
void bind_one_poles(nb::module_& m);
void bind_pitch(nb::module_& m);
void bind_product(nb::module_& m);
void bind_spectral_loss(nb::module_& m);
void bind_wide(nb::module_& m);
