"""tonewright live from end to end, without a sound card: a JACK server carries its samples, and none is lost.

How many xruns it counts depends on how busy the computer is, and is never looked at.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from tests.runtime import jack_server
from tests.runtime.jack_server import BLOCK, RATE, Server, until
from tonewright import storage
from tonewright.builtin import phrase
from tonewright.models.wavenet import PRESETS, Config, Model, Stack
from tonewright.runtime.player import Player, load

FADED_IN = round(0.6 * RATE)
BETWEEN = ["--input", "guitar", "--output", "recorder"]
MODELS = {
    "nano": PRESETS["nano"],
    "knobs": Config((Stack(4, (1, 2, 4, 8)),), knobs=("drive", "tone")),
}

pytestmark = pytest.mark.skipif(jack_server.why_not() is not None, reason=str(jack_server.why_not()))


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path)
    with contextlib.closing(made):
        if not made.seen_by_portaudio:
            pytest.skip("this PortAudio was built without JACK")
        yield made


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """A folder of models that are loud and stay below full scale."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tones")
    for name, config in MODELS.items():
        model = Model(config).eval()
        model.head_scale.fill_(1.0)
        loudest = np.abs(Player(storage.Tone("wavenet", model, RATE)).render(phrase(2.0, RATE))).max()
        model.head_scale.fill_(0.5 / float(loudest))
        storage.save(storage.Tone("wavenet", model, RATE), folder / f"{name}.tone")
    return folder


class Live:
    """`tonewright live` in a process of its own."""

    def __init__(self, server: Server, *arguments, screen: "Screen | None" = None):
        words = [sys.executable, "-m", "tonewright", "live", *map(str, arguments)]
        ends = (subprocess.DEVNULL, subprocess.PIPE) if screen is None else (screen.theirs, screen.theirs)
        pipes = {"stdin": ends[0], "stdout": ends[1], "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(words, env=server.environment, text=True, **pipes)

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def begun(self) -> str:
        """What it says when it begins to play."""
        return self.process.stdout.readline() + self.process.stdout.readline()

    def ended(self, number: int | None = None) -> tuple[int, str, str]:
        """Exit code, and what it said on both sides; after this signal, or by itself."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def lag_of(heard: np.ndarray, wanted: np.ndarray) -> int:
    """By how many samples `heard` is late, when it is late by whole blocks and exact."""
    wrong = {
        lag: np.abs(heard[lag : lag + len(wanted)] - wanted) >= 1e-6 for lag in range(0, 9 * BLOCK, BLOCK)
    }
    best = min(wrong, key=lambda lag: np.count_nonzero(wrong[lag]))
    assert not wrong[best].any(), (
        f"{np.count_nonzero(wrong[best])} samples, the first {np.argmax(wrong[best])}"
    )
    return best


@pytest.mark.parametrize("name,number", [("nano", signal.SIGTERM), ("knobs", signal.SIGINT)])
def test_every_sample_is_that_of_render(server, tones, name, number):
    sound, path = phrase(2.0, RATE), tones / f"{name}.tone"
    knobs = {"drive": 0.9} if name == "knobs" else {}
    words = [word for knob, value in knobs.items() for word in ("--knob", f"{knob}={value}")]
    wanted = load(path).render(sound, **knobs)
    assert 0.1 < np.abs(wanted).max() < 0.999
    with Live(server, path, *BETWEEN, *words) as live:
        said = live.begun()
        server.plug()
        heard = server.play(sound, FADED_IN)
        code, out, err = live.ended(number)
    assert lag_of(heard, wanted) in (0, BLOCK, 2 * BLOCK)
    assert code == 0 and not err and out.startswith("played 0:0") and "load" in out
    assert "guitar, input 1, to recorder; 48000 Hz, blocks of 64\nlatency " in said


class Screen:
    """A pseudo-terminal, and what was drawn on it."""

    def __init__(self):
        self.ours, self.theirs = os.openpty()
        self.drawn = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # when nobody has it open any more
            while data := os.read(self.ours, 4096):
                self.drawn += data.decode(errors="replace")

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def shows(self, words: str) -> None:
        """Wait until it does."""
        until(lambda: words in self.drawn)

    def close(self) -> None:
        os.close(self.theirs)
        self._reader.join(10)
        os.close(self.ours)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
def test_a_terminal_shows_meters_and_its_keys_bypass_and_end_it(server, tones):
    screen, sound = Screen(), phrase(1.0, RATE)
    with contextlib.closing(screen), Live(server, tones / "nano.tone", *BETWEEN, screen=screen) as live:
        screen.shows("dBFS")
        server.plug()
        screen.type(b" ")
        screen.shows("bypass: you hear")
        heard = server.play(sound, FADED_IN)
        screen.type(b"q")
        code, _, err = live.ended()
        screen.shows("played 0:0")
    assert lag_of(heard, sound) in (0, BLOCK, 2 * BLOCK) and code == 0 and not err


def test_another_rate_is_told(server, tones, tmp_path):
    tone = storage.load(tones / "nano.tone")
    tone.sample_rate = 44100
    storage.save(tone, tmp_path / "other.tone")
    with Live(server, tmp_path / "other.tone", *BETWEEN) as live:
        code, _, err = live.ended()
    assert code == 2 and err.startswith(
        "tonewright: the model wants 44100 Hz, and 'guitar' with 'recorder' does not"
    )
    assert "runs at 48000 Hz" in err and len(err.splitlines()) == 1


def test_a_server_that_dies_is_told(server, tones):
    with Live(server, tones / "nano.tone", *BETWEEN) as live:
        assert live.begun()
        server.plug()
        server.kill()
        code, out, err = live.ended()
    assert (
        code == 2 and "stopped in the middle of playing" in err and "Traceback" not in err and "played" in out
    )
