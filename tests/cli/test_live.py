"""tonewright live on a sound card that only pretends: options, keys, pictures and ends."""

import os
import signal
import sys
import threading

import numpy as np
import pytest

from tests.cli.helpers import put_tone
from tests.runtime.sound_card import Mido, SoundDevice, change, flags
from tonewright import storage
from tonewright.builtin import phrase
from tonewright.cli import live_keys, run
from tonewright.cli.live_keys import Keys, Panel, keys_of
from tonewright.cli.live_view import LAMP_S, Meter, View
from tonewright.runtime import native
from tonewright.runtime.devices import Device
from tonewright.runtime.live import Engine, Peaks, Tally
from tonewright.runtime.live_session import Session
from tonewright.runtime.midi import Controller
from tonewright.runtime.player import load

SHORT = ("--seconds", "0.8")
FADED_IN = 24000


@pytest.fixture
def card(monkeypatch):
    """The sound cards of this computer."""
    made = SoundDevice(sound=phrase(1.0, 48000))
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


@pytest.fixture
def midi(monkeypatch):
    """The MIDI ports of this computer."""
    made = Mido(messages=[change(20, 127), change(21, 0)])
    monkeypatch.setitem(sys.modules, "mido", made)
    monkeypatch.setitem(sys.modules, "rtmidi", made)
    return made


@pytest.fixture
def keys(monkeypatch):
    """Presses keys, each some samples of sound after the one before."""

    def press(*pressed):
        left = list(pressed)
        monkeypatch.setattr(Keys, "__enter__", lambda self: self)
        monkeypatch.setattr(Keys, "__exit__", lambda self, *_: None)
        monkeypatch.setattr(Keys, "there", True)
        monkeypatch.setattr(Keys, "wait", lambda self, seconds: [left.pop(0)] if left else [])
        monkeypatch.setattr("tonewright.cli.live.LOOK_S", 0.0)

    return press


def test_it_plays_the_model_and_sums_up(tonewright, card):
    put_tone("loud.tone", ("drive", "tone"))
    tone = storage.load("loud.tone")
    tone.model.head_scale.fill_(1.0)
    storage.save(tone, "loud.tone")
    said = tonewright("live", "loud.tone", "--knob", "drive=0.9", "--device", "system", *SHORT)
    assert said.code == 0 and not said.err, said.err
    made = load("loud.tone")
    first, latency, end = said.out.splitlines()
    assert first == (
        f"loud.tone, played by {made.engine}: system, input 1, to system; 48000 Hz, blocks of 64"
    )
    assert latency == (
        "latency 9.0 ms there and back: 4.0 in and 5.0 out as the driver claims, and 0.0 of the model"
    )
    assert end.startswith("played 0:0") and "; load " in end and end.endswith("; 0 xruns")
    (stream,) = card.streams
    assert stream.closed and stream.wishes["device"] == (3, 3) and stream.wishes["channels"] == (1, 2)
    heard = np.concatenate(stream.heard)
    x = np.resize(card.sound, len(heard))
    wanted = made.render(x, drive=0.9)
    window = slice(FADED_IN, FADED_IN + 14000)
    assert np.ptp(wanted[window]) > 0.03 and np.abs(wanted[window]).max() < 1.0
    np.testing.assert_allclose(heard[window, 1], wanted[window], atol=1e-6)


def test_every_option_reaches_the_card(tonewright, card):
    said = tonewright(
        "live", "a.tone", "--input", "2i2 usb", "--output", "1", "--channel", "2", "--outputs", "9", "--block", "100",
        "--input-level", "-6", "--output-level=-20.0", "--seconds", "0.1",
    )  # fmt: skip
    assert said.code == 0, said.err
    wishes = card.streams[0].wishes
    assert (wishes["device"], wishes["channels"], wishes["blocksize"]) == ((1, 1), (2, 4), 100)
    levels = {knob.name: knob.value for knob in wishes["callback"].knobs}
    assert levels == {"input level": -6.0, "output level": -20.0}


def test_another_rate_is_refused_and_can_be_asked_for(tonewright, card):
    told = tonewright.refuses("live", "a.tone", "--device", "analog", *SHORT)
    assert (
        "the model wants 48000 Hz, and 'Scarlett 2i2 Analog' does not give that" in told
        and "44100 Hz" in told
    )
    assert "--rate" in told
    said = tonewright("live", "a.tone", "--device", "analog", "--rate", "44100", "--seconds", "0.1")
    assert said.code == 0 and "; 44100 Hz, blocks of 64" in said.out
    assert said.err == "a.tone: learned at 48000 Hz; at 44100 Hz its tone moves by -8 %\n"
    told = tonewright.refuses("live", "a.tone", "--device", "analog", "--rate", "96000", *SHORT)
    assert "--rate wants 96000 Hz" in told
    assert card.streams[0].wishes["samplerate"] == 44100.0


def test_list(tonewright, card, midi):
    said = tonewright("live", "--list")
    assert (
        said.code == 0
        and "Scarlett 2i2 USB" in said.out
        and said.out.splitlines()[0].split()[:2] == ["#", "device"]
    )
    assert said.out.endswith("MIDI ports: Launch Control XL MIDI 1, Midi Through\n")
    midi.broken = True
    assert "MIDI ports: none (MIDI does not work" in tonewright("live", "--list").out


def test_a_device_that_is_not_there_is_told_with_the_list(tonewright, card):
    said = tonewright("live", "a.tone", "--device", "Skarlett 2i2 USB")
    assert said.code == 2 and "did you mean 1, 'Scarlett 2i2 USB'?" in said.wrong[0] and len(said.wrong) == 1
    assert "HDMI 0" in said.err and not card.streams


@pytest.mark.parametrize(
    "arguments,words",
    [
        ((), "wants a model to play"),
        (("none.tone",), "there is no file none.tone"),
        (("a.tone", "--channel", "0"), "counted from 1"),
        (("a.tone", "--outputs", "0"), "counted from 1"),
        (("a.tone", "--channel", "3"), "has 2 input channels, and channel 3"),
        (("a.tone", "--block", "4"), "8 to 4096 samples, and not 4"),
        (("a.tone", "--block", "many"), "--block"),
        (("a.tone", "--rate", "48"), "such as 48000, and 48"),
        (("a.tone", "--seconds", "nan"), "above 0"),
        (("a.tone", "--knob", "drive=1"), "no control called 'drive'"),
        (("knobs.tone", "--knob", "drive=7"), "goes from 0 to 1"),
        (("a.tone", "--output-level", "nan"), "goes from -60 to 20 dB"),
        (("a.tone", "--input-level", "99"), "goes from -40 to 40 dB"),
        (("a.tone", "--midi", "piano"), "no MIDI port called 'piano'"),
        (("a.tone", "--midi-map", "drive=20"), "name the port too"),
        (("knobs.tone", "--midi", "launch", "--midi-map", "drv=20"), "did you mean 'drive'"),
    ],
)
def test_what_a_person_does_wrong(tonewright, card, midi, arguments, words):
    assert words in tonewright.refuses("live", *arguments)
    assert all(stream.closed for stream in card.streams) and all(port.closed for port in midi.opened)


def test_a_text_is_no_model(tonewright, card):
    (tonewright.folder / "notes.txt").write_text("no model")
    assert "notes.txt is not a .tone file" in tonewright.refuses("live", "notes.txt")


def test_a_sound_is_played_as_a_response(tonewright, card):
    said = tonewright("live", "dry.wav", *SHORT)
    assert said.code == 0 and "dry" in said.out and card.streams[0].closed


def test_without_the_package(tonewright, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert "pip install sounddevice" in tonewright.refuses("live", "a.tone")
    assert "pip install sounddevice" in tonewright.refuses("live", "--list")


def test_a_card_that_is_pulled_out_ends_it_with_the_summary(tonewright, card):
    card.blocks = 200
    said = tonewright("live", "a.tone")
    assert said.code == 2 and "stopped in the middle of playing" in said.wrong[0]
    assert "played 0:00; load" in said.out and card.streams[0].closed


def test_xruns_and_clips_are_in_the_summary(tonewright, card):
    card.flags, card.sound = flags(output_underflow=True), np.ones(4800, np.float32)
    said = tonewright("live", "a.tone", "--seconds", "0.1")
    words = said.out.splitlines()[-1]
    assert " xruns; the input clipped in " in words and "; 0 xruns" not in words


def test_torch_says_that_it_may_not_keep_up(tonewright, card, monkeypatch):
    monkeypatch.setattr(native, "_native", None)
    said = tonewright("live", "a.tone", "--seconds", "0.05")
    assert said.code == 0 and "torch does, and may not keep up" in said.err and "played by torch" in said.out


def test_midi_turns_knobs_and_is_closed(tonewright, card, midi):
    assert tonewright("live", "knobs.tone", "--midi", "launch", *SHORT).code == 0
    values = {knob.name: knob.value for knob in card.streams[0].wishes["callback"].knobs}
    assert (values["drive"], values["tone"]) == (1.0, 0.0) and midi.opened[0].closed


def test_keys_turn_choose_bypass_and_quit(tonewright, card, keys):
    keys("up", "up", "2", "down", "tab", "left", "space", "x", "q")
    assert tonewright("live", "knobs.tone").code == 0
    engine = card.streams[0].wishes["callback"]
    assert [knob.value for knob in engine.knobs] == pytest.approx([0.6, 0.45, -0.2, 0.0]) and engine.bypass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly(tonewright, card, number):
    before = signal.getsignal(number)

    def send():
        while not (card.streams and card.streams[0].heard):
            pass
        os.kill(os.getpid(), number)

    other = threading.Thread(target=send)
    other.start()
    said = tonewright("live", "a.tone")
    other.join()
    assert said.code == 0 and "played" in said.out and card.streams[0].closed
    assert np.abs(card.streams[0].heard[-1]).max() < 0.01 and signal.getsignal(number) is before


def test_it_starts_where_no_signal_arrives(tonewright, card):
    codes = []
    other = threading.Thread(target=lambda: codes.append(run(["live", "a.tone", "--seconds", "0.05"])))
    other.start()
    other.join(30)
    assert codes == [0]


def test_keys_as_terminals_send_them():
    assert keys_of("1\t +-q") == ["1", "tab", "space", "up", "down", "q"]
    assert keys_of("\x1b[A\x1bOB\x1b[C\x1b[D\x1b[Z") == ["up", "down", "right", "left", "back"]
    assert keys_of("\x1b[1;5A\x1b[5~\x1b[15~Q\x1b") == ["q"]  # with Control, page up, F5, and a lone escape
    assert keys_of("R=\x03") == ["r", "up", "q"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
def test_a_terminal_gives_keys_and_is_left_as_it_was(monkeypatch):
    import termios

    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keys() as keys:
            assert keys.there and keys.wait(0.0) == []
            os.write(ours, b"\x1b[Aq")
            assert keys.wait(5.0) == ["up", "q"]
            assert not termios.tcgetattr(theirs)[3] & termios.ECHO
        assert termios.tcgetattr(theirs) == before
    os.close(ours)


def test_no_terminal_no_keys(monkeypatch):
    with open(os.devnull) as nothing:
        for stdin in (nothing, None):
            monkeypatch.setattr(sys, "stdin", stdin)
            with Keys() as keys:
                assert not keys.there and keys.wait(0.0) == []
    monkeypatch.setattr(live_keys, "termios", None)
    with Keys() as keys:
        assert not keys.there


@pytest.fixture
def session(made, card):
    """An engine with two knobs on its card, not started."""
    device = Device(0, "Card", "ALSA", 2, 2, 48000.0, 9.0)
    with Session(Engine(load(made / "knobs.tone"), {"drive": 0.2}), device, device) as session:
        yield session


def test_a_panel(session):
    controller = Controller(session.engine)
    panel = Panel(session.engine, controller)
    panel.press("back")
    assert panel.knob.name == "output level"
    for _ in range(3):
        panel.press("down")
    assert panel.knob.value == -3.0
    for key in ("9", "0", "tab"):
        panel.press(key)
    assert panel.knob.name == "drive"
    for _ in range(30):
        panel.press("up")
    assert panel.knob.value == 1.0
    panel.press("l")
    assert controller.learning == "drive"
    panel.press("r")
    assert [knob.value for knob in session.engine.knobs] == [0.2, 0.5, 0.0, 0.0]
    panel.press("q")
    assert panel.over
    Panel(session.engine).press("l")  # no MIDI, nothing to learn


def picture(view: View, peaks: Peaks, tally: Tally, now_s: float = 10.0) -> str:
    return "\n".join(line.plain for line in view.picture(peaks, tally, now_s).renderables)


def test_a_picture(session):
    panel = Panel(session.engine)
    view = View(session, panel, keys_there=True)
    shown = picture(view, Peaks(0.5, 0.25), Tally(frames=48000, busy_s=0.05, worst_load=0.5, xruns=3))
    assert "-6.0 dBFS" in shown and "-12.0 dBFS" in shown and "CLIP" not in shown and "bypass:" not in shown
    assert "load 5 %, worst 50 %   xruns 3   0:01" in shown
    assert ">1 drive" in shown and " 2 tone" in shown and "0.2" in shown and "q: quit" in shown
    assert "learn" not in shown and "CC" not in shown
    session.engine.bypass = True
    shown = picture(view, Peaks(1.0, 0.1), Tally(frames=96000, busy_s=0.15, broken=2))
    assert shown.count("CLIP") == 1 and "bypass: you hear" in shown and "load 10 %" in shown
    assert "2 blocks were silenced" in shown


def test_a_picture_with_midi_and_without_keys(session):
    controller = Controller(session.engine, ["tone=64"])
    panel = Panel(session.engine, controller)
    shown = picture(View(session, panel, keys_there=False), Peaks(), Tally())
    assert "CC 20" in shown and "CC 64" in shown and "quit" not in shown and ">" not in shown
    controller.learn("tone")
    assert "move a controller" in picture(View(session, panel, True), Peaks(), Tally())


def test_a_meter_falls_slowly_and_its_lamp_goes_out():
    meter = Meter("in")
    meter.show(1.0, 5.0)
    assert "0.0 dBFS" in meter.text().plain and "CLIP" in meter.text().plain
    meter.show(0.0, 5.5)
    assert meter.level_db == pytest.approx(-15.0) and "CLIP" in meter.text().plain
    meter.show(0.0, 5.0 + LAMP_S)
    assert "CLIP" not in meter.text().plain
    meter.show(0.0, 50.0)
    assert "-inf" in meter.text().plain and "█" not in meter.text().plain
    meter.show(float("inf"), 51.0)
    assert meter.text().plain.count("█") == 40
