// The core as a Python module: no sound processing here, and no Python in the core.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
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
using Blocks = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Results = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// Where each channel of [channels, frames] begins.
template <class Sample>
struct Channels {
  Sample* at[Player::kMaxChannels] = {};

  Channels(Sample* first, std::size_t channels, std::size_t frames) {
    for (std::size_t c = 0; c < channels; ++c) at[c] = first + c * frames;
  }
};

void check_frames(const Player& player, std::size_t in, std::size_t out) {
  if (in > (1u << 28) || static_cast<std::int64_t>(out) != player.due(static_cast<int>(in)))
    throw nb::value_error("process wants an output of frames * ratio samples");
}

void process(Player& player, Blocks in, Results out) {
  if (in.shape(0) != static_cast<std::size_t>(player.inputs()) ||
      out.shape(0) != static_cast<std::size_t>(player.outputs()))
    throw nb::value_error("process wants [inputs, frames] and [outputs, frames * ratio]");
  check_frames(player, in.shape(1), out.shape(1));
  const Channels<const float> ins(in.data(), in.shape(0), in.shape(1));
  const Channels<float> outs(out.data(), out.shape(0), out.shape(1));
  nb::gil_scoped_release release;
  player.process(ins.at, outs.at, static_cast<int>(in.shape(1)));
}

void process_one(Player& player, Block in, Result out) {
  if (player.inputs() != 1 || player.outputs() != 1)
    throw nb::value_error("a model of several channels wants [inputs, frames] and [outputs, frames * ratio]");
  check_frames(player, in.shape(0), out.shape(0));
  nb::gil_scoped_release release;
  player.process(in.data(), out.data(), static_cast<int>(in.shape(0)));
}

void prime(Player& player, Block in, Block given) {
  if (!player.can_prime()) throw nb::value_error("the output of this model is not the last one of a loop");
  if (player.inputs() != 1) throw nb::value_error("only a model of one channel is primed");
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
      .def_prop_ro("inputs", &Player::inputs)
      .def_prop_ro("outputs", &Player::outputs)
      .def_prop_ro("ratio", [](const Player& player) { return std::make_pair(player.up(), player.down()); })
      .def("process", &process_one, nb::arg("input").noconvert(), nb::arg("output").noconvert())
      .def("process", &process, nb::arg("input").noconvert(), nb::arg("output").noconvert())
      .def_prop_ro("can_prime", &Player::can_prime)
      .def("prime", &prime, nb::arg("input").noconvert(), nb::arg("given").noconvert());
  bind_teaching(m);
  bind_teaching_lstm(m);
  bind_all_passes(m);
  bind_delay_line(m);
  bind_delay_network(m);
  bind_filtered_noise(m);
  bind_filters(m);
  bind_harmonic_bank(m);
  bind_one_poles(m);
  bind_spectral_loss(m);
  bind_pitch(m);
  bind_product(m);
  bind_wide(m);
}
