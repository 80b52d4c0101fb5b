// Teaching an LSTM, as Python sees it.

#include "tonewright/teaching_lstm.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <string>

namespace nb = nanobind;
using tonewright::LstmLesson;
using tonewright::LstmShape;

namespace {

using In = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// A lesson, and whether a thread is in it: two at once would write over each other. Its name is its own, because
// Python knows types by their names.
struct OneLstm {
  explicit OneLstm(const LstmShape& shape) : core(shape) {}
  LstmLesson core;
  std::atomic<bool> taken{false};
};

class Turn {
 public:
  explicit Turn(OneLstm& lesson) : lesson_(lesson) {
    if (lesson.taken.exchange(true)) throw nb::value_error("this lesson is being used by another thread");
  }
  ~Turn() { lesson_.taken = false; }
  Turn(const Turn&) = delete;

 private:
  OneLstm& lesson_;
};

void check(const char* what, std::size_t wanted, std::size_t got) {
  if (wanted != got)
    throw nb::value_error(
        (std::string(what) + " wants " + std::to_string(wanted) + " numbers, and has " + std::to_string(got)).c_str());
}

void check_size(long long sounds, long long samples) {
  if (sounds < 1 || sounds > 1 << 16 || samples < 1 || samples > 1 << 22)
    throw nb::value_error("an answer is 1 to 65536 sounds of 1 to 4194304 samples");
}

void forward(OneLstm& given, In parameters, In condition, In before, float scale, Rows y, Out after, bool learning) {
  const Turn turn(given);
  LstmLesson& lesson = given.core;
  const std::size_t sounds = y.shape(0), samples = y.shape(1);
  check_size(static_cast<long long>(sounds), static_cast<long long>(samples));
  check("parameters", lesson.parameters(), parameters.size());
  check("condition", sounds * static_cast<std::size_t>(lesson.width()) * samples, condition.size());
  check("before", sounds * lesson.state(), before.size());
  check("after", sounds * lesson.state(), after.size());
  nb::gil_scoped_release release;
  lesson.forward(parameters.data(), condition.data(), before.data(), scale, y.data(), after.data(),
                 static_cast<int>(sounds), static_cast<int>(samples), learning);
}

void backward(OneLstm& given, In dy, Out gradients) {
  const Turn turn(given);
  LstmLesson& lesson = given.core;
  if (!lesson.ready())
    throw nb::value_error("a lesson goes backward once after each forward that was to be learned from");
  check("dy", static_cast<std::size_t>(lesson.sounds()) * static_cast<std::size_t>(lesson.samples()), dy.size());
  check("gradients", lesson.parameters(), gradients.size());
  nb::gil_scoped_release release;
  lesson.backward(dy.data(), gradients.data());
}

}  // namespace

void bind_teaching_lstm(nb::module_& m) {
  nb::class_<OneLstm>(m, "LstmLesson")
      .def("__init__",
           [](OneLstm* self, int width, int hidden, int layers, bool direct) {
             new (self) OneLstm(LstmShape{width, hidden, layers, direct});
           },
           nb::arg("width"), nb::arg("hidden"), nb::arg("layers"), nb::arg("direct"))
      .def_prop_ro("parameters", [](const OneLstm& lesson) { return lesson.core.parameters(); })
      .def_prop_ro("state", [](const OneLstm& lesson) { return lesson.core.state(); })
      .def("bytes",
           [](const OneLstm& lesson, int sounds, int samples) {
             check_size(sounds, samples);
             return lesson.core.bytes(sounds, samples);
           },
           nb::arg("sounds"), nb::arg("samples"))
      .def("set_width",
           [](OneLstm& lesson, int floats) {
             const Turn turn(lesson);
             return lesson.core.set_width(floats);
           },
           nb::arg("floats"))
      .def("forward", &forward, nb::arg("parameters").noconvert(), nb::arg("condition").noconvert(),
           nb::arg("before").noconvert(), nb::arg("scale"), nb::arg("y").noconvert(), nb::arg("after").noconvert(),
           nb::arg("learning"))
      .def("backward", &backward, nb::arg("dy").noconvert(), nb::arg("gradients").noconvert());
}
