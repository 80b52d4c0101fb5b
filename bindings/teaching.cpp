// Teaching a WaveNet, as Python sees it.

#include "tonewright/teaching.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <optional>
#include <string>

namespace nb = nanobind;
using tonewright::Bend;
using tonewright::WaveNetLesson;
using tonewright::WaveNetShape;

namespace {

using In = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

Bend bend_of(const std::string& name) {
  const std::pair<const char*, Bend> known[] = {
      {"linear", Bend::kLinear},        {"tanh", Bend::kTanh},       {"relu", Bend::kRelu},
      {"leaky_relu", Bend::kLeakyRelu}, {"sigmoid", Bend::kSigmoid}, {"softsign", Bend::kSoftsign},
      {"gated", Bend::kGated},          {"softgated", Bend::kSoftGated}};
  for (const auto& [word, bend] : known)
    if (name == word) return bend;
  throw nb::value_error(("the native core knows no activation '" + name + "'").c_str());
}

// A lesson, and whether a thread is in it: two at once would write over each other.
struct Lesson {
  explicit Lesson(const WaveNetShape& shape) : core(shape) {}
  WaveNetLesson core;
  std::atomic<bool> taken{false};
};

class Turn {
 public:
  explicit Turn(Lesson& lesson) : lesson_(lesson) {
    if (lesson.taken.exchange(true)) throw nb::value_error("this lesson is being used by another thread");
  }
  ~Turn() { lesson_.taken = false; }
  Turn(const Turn&) = delete;

 private:
  Lesson& lesson_;
};

void check(const char* what, std::size_t wanted, std::size_t got) {
  if (wanted != got)
    throw nb::value_error(
        (std::string(what) + " wants " + std::to_string(wanted) + " numbers, and has " + std::to_string(got)).c_str());
}

void check_samples(long long samples) {
  if (samples < 1 || samples > 1 << 22) throw nb::value_error("an answer is 1 to 4194304 samples");
}

void forward(Lesson& given, In parameters, In condition, float scale, Out y) {
  const Turn turn(given);
  WaveNetLesson& lesson = given.core;
  const std::size_t samples = y.size();
  check_samples(static_cast<long long>(samples));
  check("parameters", lesson.parameters(), parameters.size());
  check("condition", static_cast<std::size_t>(lesson.width()) * (lesson.settle() + samples), condition.size());
  nb::gil_scoped_release release;
  lesson.forward(parameters.data(), condition.data(), scale, y.data(), static_cast<int>(samples));
}

void backward(Lesson& given, In parameters, In dy, Out gradients, std::optional<Out> d_condition) {
  const Turn turn(given);
  WaveNetLesson& lesson = given.core;
  if (!lesson.ready()) throw nb::value_error("a lesson goes backward once after each forward");
  const auto samples = static_cast<std::size_t>(lesson.samples());
  check("parameters", lesson.parameters(), parameters.size());
  check("dy", samples, dy.size());
  check("gradients", lesson.parameters(), gradients.size());
  if (d_condition)
    check("d_condition", static_cast<std::size_t>(lesson.width()) * (lesson.settle() + samples), d_condition->size());
  float* asked = d_condition ? d_condition->data() : nullptr;
  nb::gil_scoped_release release;
  lesson.backward(parameters.data(), dy.data(), gradients.data(), asked);
}

}  // namespace

void bind_teaching(nb::module_& m) {
  nb::class_<WaveNetShape>(m, "WaveNetShape")
      .def("__init__",
           [](WaveNetShape* self, int width, bool conditioned, bool input_bias, bool stacked) {
             new (self) WaveNetShape{{}, width, conditioned, input_bias, stacked};
           },
           nb::arg("width"), nb::arg("conditioned"), nb::arg("input_bias"), nb::arg("stacked"))
      .def("add_stack",
           [](WaveNetShape& self, int channels, std::vector<std::pair<int, int>> layers, const std::string& activation,
              int head_channels, int head_kernel, bool head_bias) {
             self.stacks.push_back(
                 {channels, std::move(layers), bend_of(activation), head_channels, head_kernel, head_bias});
           },
           nb::arg("channels"), nb::arg("layers"), nb::arg("activation"), nb::arg("head_channels"),
           nb::arg("head_kernel"), nb::arg("head_bias"));
  nb::class_<Lesson>(m, "WaveNetLesson")
      .def(nb::init<const WaveNetShape&>(), nb::arg("shape"))
      .def_prop_ro("parameters", [](const Lesson& lesson) { return lesson.core.parameters(); })
      .def_prop_ro("settle", [](const Lesson& lesson) { return lesson.core.settle(); })
      .def("bytes",
           [](const Lesson& lesson, int samples) {
             check_samples(samples);
             return lesson.core.bytes(samples);
           },
           nb::arg("samples"))
      .def("set_width",
           [](Lesson& lesson, int floats) {
             const Turn turn(lesson);
             return lesson.core.set_width(floats);
           },
           nb::arg("floats"))
      .def("forward", &forward, nb::arg("parameters").noconvert(), nb::arg("condition").noconvert(), nb::arg("scale"),
           nb::arg("y").noconvert())
      .def("backward", &backward, nb::arg("parameters").noconvert(), nb::arg("dy").noconvert(),
           nb::arg("gradients").noconvert(), nb::arg("d_condition").noconvert().none() = nb::none());
}
