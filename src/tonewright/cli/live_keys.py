"""Keys while playing: what comes from the terminal, and what each of them does."""

import contextlib
import os
import select
import sys
import time

from tonewright.runtime.live import Engine
from tonewright.runtime.live_knobs import Knob
from tonewright.runtime.midi import Controller

try:
    import termios
    import tty
except ImportError:  # a terminal of another kind, whose keys we do not read
    termios = None

HELP = "1-9 or tab: choose a knob   up/down: turn   left/right: a little   r: reset   space: bypass   q: quit"
LEARN_HELP = "   l: learn MIDI"
STEP, SMALL_STEP = 0.05, 0.01  # of the way from one end of a knob to the other

ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left", "Z": "back"}  # ESC [ or ESC O, and one of these
NAMES = {"\t": "tab", " ": "space", "+": "up", "=": "up", "-": "down", "_": "down", "\x03": "q", "\x04": "q"}
TURNS = {"up": STEP, "down": -STEP, "right": SMALL_STEP, "left": -SMALL_STEP}


def keys_of(text: str) -> list[str]:
    """What was typed, key by key; keys that we do not know are left out.

    >>> keys_of("2+\\x1b[A\\x1b[5~q")
    ['2', 'up', 'up', 'q']
    """
    keys, at = [], 0
    while at < len(text):
        if text[at] == "\x1b" and text[at + 1 : at + 2] in ("[", "O"):
            end = at + 2
            while end < len(text) and not ("@" <= text[end] <= "~"):
                end += 1
            keys += [ARROWS[last] for last in text[end : end + 1] if last in ARROWS and end == at + 2]
            at = end + 1
            continue
        keys.append(NAMES.get(text[at], text[at].lower()))
        at += 1
    return [key for key in keys if key.isprintable()]


class Keys:
    """The keyboard, a key at a time, from `with` to its end; silent where there is no terminal."""

    def __enter__(self) -> "Keys":
        self._before = None
        if termios is not None and sys.stdin is not None and sys.stdin.isatty():
            self._file = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._file)
            tty.setcbreak(self._file)
        return self

    def __exit__(self, *_) -> None:
        if self._before is not None:
            with contextlib.suppress(termios.error):  # the terminal was closed
                termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    @property
    def there(self) -> bool:
        """Whether anybody can press one."""
        return self._before is not None

    def wait(self, seconds: float) -> list[str]:
        """The keys of the time to come: as soon as there is one, or none when the time is over."""
        if self._before is None:
            time.sleep(seconds)
            return []
        if not select.select([self._file], [], [], seconds)[0]:
            return []
        text = os.read(self._file, 1024).decode(errors="ignore")
        return keys_of(text) if text else ["q"]  # nothing to read: the terminal was closed


class Panel:
    """What the keys turn.

    Args:
        engine: whose knobs.
        controller: the MIDI controller, where there is one.

    Attributes:
        chosen: the number of the knob that up and down turn, from 0.
        over: whether the player wants to stop.
    """

    def __init__(self, engine: Engine, controller: Controller | None = None):
        self.engine, self.controller = engine, controller
        self.chosen, self.over = 0, False

    @property
    def knob(self) -> Knob:
        """The knob that up and down turn."""
        return self.engine.knobs[self.chosen]

    def press(self, key: str) -> None:
        """Do what a key does; other keys do nothing."""
        knobs = self.engine.knobs
        if key.isdecimal() and 1 <= int(key) <= len(knobs):
            self.chosen = int(key) - 1
        elif key in ("tab", "back"):
            self.chosen = (self.chosen + (1 if key == "tab" else -1)) % len(knobs)
        elif key in TURNS:
            self._turn(TURNS[key])
        elif key == "r":
            for knob in knobs:
                knob.turn(knob.start)
        elif key == "space":
            self.engine.bypass = not self.engine.bypass
        elif key == "l" and self.controller is not None:
            self.controller.learn(self.knob.name)
        elif key == "q":
            self.over = True

    def _turn(self, share: float) -> None:
        """By a share of its way; a level by whole decibels, or tenths."""
        knob = self.knob
        step = 20.0 * share if knob.unit == "dB" else share * (knob.maximum - knob.minimum)
        knob.turn(round(knob.value + step, 6))  # 0.1 + 0.05 is shown as it is meant
