// Filters, as Python sees them: rows of sound [R][T], each with its own states [R][sections][2].

#include "tonewright/filters.h"

#include <vector>

#include "recursions.h"

#include "denormals.h"

using namespace tonewright;

namespace {

using Rows = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

std::vector<Section> sections_of(const Rows& numbers) {
  if (numbers.shape(1) != kSectionNumbers) throw nb::value_error("a section has five numbers");
  std::vector<Section> made;
  for (const double* n = numbers.data(); n < numbers.data() + numbers.size(); n += kSectionNumbers)
    made.push_back({n[0], n[1], n[2], n[3], n[4]});
  return made;
}

// kept: [R][T][sections][3], or empty when nothing will be learned.
void forward(Rows x, Rows sections, Made state, Made y, Made kept) {
  const std::vector<Section> made = sections_of(sections);
  const std::size_t rows = x.shape(0), samples = x.shape(1), count = made.size();
  check_size("state", state, rows * count * kSectionStates);
  check_size("y", y, rows * samples);
  if (kept.size()) check_size("kept", kept, rows * samples * count * kSectionKept);
  nb::gil_scoped_release release;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row)
    filter(made.data(), static_cast<int>(count), state.data() + row * count * kSectionStates, x.data() + row * samples,
           y.data() + row * samples, static_cast<int>(samples),
           kept.size() ? kept.data() + row * samples * count * kSectionKept : nullptr);
}

void backward(Rows dy, Rows sections, Numbers kept, Made d_state, Made dx, Made d_sections) {
  const std::vector<Section> made = sections_of(sections);
  const std::size_t rows = dy.shape(0), samples = dy.shape(1), count = made.size();
  check_size("kept", kept, rows * samples * count * kSectionKept);
  check_size("d_state", d_state, rows * count * kSectionStates);
  check_size("dx", dx, rows * samples);
  check_size("d_sections", d_sections, count * kSectionNumbers);
  nb::gil_scoped_release release;
  const NoDenormals guard;
  for (std::size_t row = 0; row < rows; ++row)
    filter_back(made.data(), static_cast<int>(count), kept.data() + row * samples * count * kSectionKept,
                dy.data() + row * samples, dx.data() + row * samples, d_state.data() + row * count * kSectionStates,
                d_sections.data(), static_cast<int>(samples));
}

}  // namespace

void bind_filters(nb::module_& m) {
  m.def("filters_forward", &forward, nb::arg("x").noconvert(), nb::arg("sections").noconvert(),
        nb::arg("state").noconvert(), nb::arg("y").noconvert(), nb::arg("kept").noconvert());
  m.def("filters_backward", &backward, nb::arg("dy").noconvert(), nb::arg("sections").noconvert(),
        nb::arg("kept").noconvert(), nb::arg("d_state").noconvert(), nb::arg("dx").noconvert(),
        nb::arg("d_sections").noconvert());
}
