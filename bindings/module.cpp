// The core as a Python module: no sound processing here, and no Python in the core.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "tonewright/player.h"

#include "recursions.h"

void bind_teaching(nb::module_& m);
void bind_teaching_lstm(nb::module_& m);

using tonewright::Control;
using tonewright::Player;
using tonewright::ToneFile;

namespace {

using Block = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Result = nb::ndarray<float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void process(Player& player, Block in, Result out) {
  const auto frames = static_cast<int>(in.shape(0));
  // Samples that a block larger than one holds back come out one by one, so only their mean rate is known here.
  if (in.shape(0) > (1u << 28) || out.shape(0) * static_cast<std::size_t>(player.down()) !=
                                      in.shape(0) * static_cast<std::size_t>(player.up()))
    throw nb::value_error("process wants an output of frames * ratio samples");
  nb::gil_scoped_release release;
  player.process(in.data(), out.data(), frames);
}

void prime(Player& player, Block in, Block given) {
  if (!player.can_prime()) throw nb::value_error("the output of this model is not the last one of a loop");
  if (in.shape(0) > (1u << 28) || given.shape(0) != in.shape(0))
    throw nb::value_error("prime wants as many given samples as samples of input");
  nb::gil_scoped_release release;
  player.prime(in.data(), given.data(), static_cast<int>(in.shape(0)));
}

}  // namespace

NB_MODULE(_native, m) {
  nb::exception<tonewright::FileError>(m, "NativeFileError", PyExc_ValueError);
  nb::class_<Player>(m, "Player")
      .def("__init__",
           [](Player* self, nb::bytes file, int max_frames) {
             const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.c_str());
             new (self) Player(ToneFile::parse(bytes, file.size()));
             self->prepare(max_frames);
           },
           nb::arg("file"), nb::arg("max_frames"))
      .def_prop_ro("latency", &Player::latency)
      .def("reset", &Player::reset, nb::call_guard<nb::gil_scoped_release>())
      .def("set", &Player::set, nb::arg("control"), nb::arg("value"))
      .def("process", &process, nb::arg("input").noconvert(), nb::arg("output").noconvert())
      .def_prop_ro("can_prime", &Player::can_prime)
      .def("prime", &prime, nb::arg("input").noconvert(), nb::arg("given").noconvert());
  bind_teaching(m);
  bind_teaching_lstm(m);
  bind_filters(m);
  bind_follow(m);
}
