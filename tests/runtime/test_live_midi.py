"""Knobs from a MIDI controller."""

import builtins
import sys

import pytest

from tests.runtime.models import TINY, player
from tests.runtime.sound_card import Mido, change
from tonewright.errors import ConfigError, DeviceError
from tonewright.models.wavenet import Config, Model
from tonewright.runtime.live import Engine
from tonewright.runtime.live_knobs import Knob
from tonewright.runtime.midi import Controller, listen, ports


@pytest.fixture
def engine():
    return Engine(player(Model(Config(TINY.stacks, knobs=("drive", "tone"))).eval()))


@pytest.fixture
def plug(monkeypatch):
    """Puts a MIDI package in place."""

    def plugged(**wishes) -> Mido:
        made = Mido(**wishes)
        monkeypatch.setitem(sys.modules, "mido", made)
        monkeypatch.setitem(sys.modules, "rtmidi", made)
        return made

    return plugged


def test_the_knobs_have_numbers_in_their_order(engine):
    controller = Controller(engine)
    assert controller.knob_of == {20: "drive", 21: "tone", 22: "input level", 23: "output level"}
    for control, value in ((20, 127), (21, 0), (23, 127), (99, 5)):
        controller(change(control, value))
    assert [knob.value for knob in engine.knobs] == [1.0, 0.0, 0.0, 20.0]
    controller(change(20, 64))
    assert engine.knob("drive").value == pytest.approx(0.504, abs=1e-3)


def test_other_messages_do_nothing(engine):
    controller = Controller(engine)
    controller(change(20, 127, kind="note_on"))
    assert engine.knob("drive").value == 0.5


def test_a_map_takes_a_number_from_whoever_had_it(engine):
    controller = Controller(engine, ["tone=20", "output level = 7", "bypass=64"])
    assert controller.knob_of == {20: "tone", 7: "output level", 64: "bypass", 22: "input level"}
    assert Controller(engine, ["drive=21"]).knob_of[21] == "drive"
    for value, bypass in ((127, True), (0, False), (64, True), (63, False)):
        controller(change(64, value))
        assert engine.bypass is bypass


def test_a_knob_learns_the_next_that_is_moved(engine):
    controller = Controller(engine)
    controller.learn("tone")
    controller(change(20, 127))  # was the drive's
    assert engine.knob("tone").value == 1.0 and engine.knob("drive").value == 0.5
    controller(change(21, 127))  # was the tone's
    assert engine.knob("tone").value == 1.0 and controller.knob_of == {
        20: "tone",
        22: "input level",
        23: "output level",
    }


@pytest.mark.parametrize(
    "pairs,words",
    [
        (["driv=20"], "no knob called 'driv' to map; did you mean 'drive'"),
        (["drive=128"], "with 0 to 127, and not as 'drive=128'"),
        (["drive=-1"], "name=number"),
        (["drive"], "name=number"),
        (["20"], "name=number"),
        ([""], "name=number"),
        (["drive=20", "tone=20"], "one control change turns one knob"),
    ],
)
def test_a_wrong_map(engine, pairs, words):
    with pytest.raises(ConfigError, match=words):
        Controller(engine, pairs)


def test_more_knobs_than_numbers(engine):
    engine.knobs = [Knob(f"k{i}", "", 0.0, 1.0, 0.5) for i in range(120)]
    controller = Controller(engine)
    assert max(controller.knob_of) == 127 and controller.knob_of[127] == "k107"


@pytest.mark.parametrize("wanted", ["Launch Control XL MIDI 1", "launch", "XL"])
def test_a_port_is_found(engine, plug, wanted):
    made = plug(messages=[change(20, 127)])
    port = listen(wanted, Controller(engine))
    assert port.name == "Launch Control XL MIDI 1" and engine.knob("drive").value == 1.0
    port.close()
    assert made.opened[0].closed


def test_a_port_is_not_found(engine, plug):
    plug()
    with pytest.raises(DeviceError, match="'Midi Thru'; did you mean 'Midi Through'"):
        listen("Midi Thru", Controller(engine))
    with pytest.raises(
        DeviceError, match="several MIDI ports fit 'mid': Launch Control XL MIDI 1, Midi Through"
    ):
        listen("mid", Controller(engine))
    plug(names=())
    assert ports() == []
    with pytest.raises(DeviceError, match="'x'; there is none"):
        listen("x", Controller(engine))


def test_a_computer_without_midi(engine, plug):
    plug(broken=True)
    with pytest.raises(DeviceError, match=r"does not work on this computer \(no sequencer\)"):
        ports()
    made = plug()
    made.open_input = lambda *_, **__: (_ for _ in ()).throw(OSError("busy"))
    with pytest.raises(DeviceError, match=r"'Midi Through' cannot be opened \(busy\)"):
        listen("through", Controller(engine))


@pytest.mark.parametrize("gone", ["mido", "rtmidi"])
def test_without_the_packages(monkeypatch, plug, gone):
    plug()
    monkeypatch.delitem(sys.modules, gone)
    real = builtins.__import__

    def replaced(name, *more):
        if name == gone:
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", replaced)
    with pytest.raises(DeviceError, match="pip install mido python-rtmidi"):
        ports()


def test_the_real_package_has_what_is_used():
    mido = pytest.importorskip("mido")
    message = mido.Message("control_change", control=20, value=127)
    assert (message.type, message.control, message.value) == ("control_change", 20, 127)
    assert mido.Message("note_on").type != "control_change"
