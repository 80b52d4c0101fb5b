"""Which sound card a person means, and what is said when it is not there."""

import builtins
import os
import sys

import pytest

from tests.runtime.sound_card import CARDS, PortAudioError, SoundDevice
from tonewright.errors import DeviceError
from tonewright.runtime.devices import choose, devices, find, muted, sounddevice, table


@pytest.fixture
def cards(monkeypatch):
    """The devices of a computer with an interface under two drivers."""
    monkeypatch.setitem(sys.modules, "sounddevice", SoundDevice())
    return devices()


def test_they_are_as_portaudio_tells_them(cards):
    assert [device.number for device in cards] == list(range(len(CARDS)))
    scarlett, hdmi = cards[1], cards[2]
    assert (scarlett.driver, scarlett.inputs, scarlett.outputs, scarlett.rate) == ("ALSA", 2, 4, 44100.0)
    assert scarlett.latency_ms == pytest.approx(17.4) and hdmi.latency_ms == pytest.approx(8.7)
    assert cards[0].default == ("input", "output") and hdmi.default == ()


def test_the_table_shows_each_in_a_line(cards):
    lines = table(cards).splitlines()
    assert len(lines) == 1 + len(CARDS) and max(map(len, lines)) < 120
    assert lines[2].split() == ["1", "Scarlett", "2i2", "USB", "ALSA", "2", "4", "44100", "17.4"]
    assert lines[1].endswith("input, output") and "no sound card" in table([])


@pytest.mark.parametrize(
    "wanted,side,number",
    [
        ("1", "input", 1),
        (" 2 ", "output", 2),
        ("Scarlett 2i2 USB", "output", 1),
        ("scarlett 2i2 usb", "input", 1),
        ("analog", "input", 4),
        ("system", "output", 3),
        ("HDMI", "output", 2),
        ("scarlett 2i2 analog, jack", "input", 4),
    ],
)
def test_it_is_found(cards, wanted, side, number):
    assert find(cards, wanted, side).number == number


@pytest.mark.parametrize(
    "wanted,side,words",
    [
        (
            "scarlett",
            "input",
            "several input devices fit 'scarlett': 1, 'Scarlett 2i2 USB', 4, .*; say the number",
        ),
        ("Skarlet 2i2 USB", "input", "called 'Skarlet 2i2 USB'; did you mean 1, 'Scarlett 2i2 USB'?"),
        ("HDMI 0", "input", "no input device called 'HDMI 0'; there is 0, 'Built-in"),
        ("2", "input", "device 2, 'HDMI 0', has no input; there is 0"),
        ("17", "input", "no device with the number 17; there is 0, 'Built-in"),
        ("zzz", "output", "no output device called 'zzz'; there is 0"),
    ],
)
def test_it_is_not_found(cards, wanted, side, words):
    with pytest.raises(DeviceError, match=words):
        find(cards, wanted, side)


@pytest.mark.parametrize(
    "input,output,numbers",
    [
        (None, None, (0, 0)),
        ("analog", None, (4, 3)),  # the default of the same driver
        (None, "HDMI", (0, 2)),
        ("1", "1", (1, 1)),
    ],
)
def test_two_are_chosen(cards, input, output, numbers):
    heard, played = choose(cards, input, output)
    assert (heard.number, played.number) == numbers


def test_two_that_do_not_go_together(cards):
    with pytest.raises(
        DeviceError, match=r"'system' is of JACK Audio .* 'HDMI 0' is of ALSA; choose two of one"
    ):
        choose(cards, "system", "hdmi")
    with pytest.raises(DeviceError, match="there is no input device of ALSA"):
        choose(cards[2:], None, "hdmi")
    with pytest.raises(DeviceError, match="there is no input device; connect"):
        choose([], None, None)
    assert [d.number for d in choose(cards[2:], None, None)] == [3, 3]  # and not the output that has no input


def missing(error: Exception):
    """An `import` that has no sounddevice."""
    real = builtins.__import__

    def replaced(name, *more):
        if name == "sounddevice":
            raise error
        return real(name, *more)

    return replaced


@pytest.mark.parametrize(
    "error,words",
    [
        (ImportError("no"), "the package sounddevice, .* install it with: pip install sounddevice"),
        (OSError("PortAudio library not found"), "the PortAudio library, .* apt install libportaudio2"),
    ],
)
def test_what_is_not_installed_is_told(monkeypatch, error, words):
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing(error))
    with pytest.raises(DeviceError, match=words):
        sounddevice()


def test_a_driver_that_fails_is_told(monkeypatch):
    made = SoundDevice()
    made.query_devices = lambda: (_ for _ in ()).throw(PortAudioError("Error querying device 3"))
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    with pytest.raises(DeviceError, match=r"cannot be listed \(Error querying device 3"):
        devices()


def test_drivers_are_muted_and_heard_again(capfd):
    with muted():
        os.write(2, b"ALSA lib pcm.c: no\n")
    os.write(2, b"words\n")
    assert capfd.readouterr().err == "words\n"
