"""A package sounddevice without PortAudio, and a mido without MIDI: what they tell is decided here."""

import threading
import time
from types import SimpleNamespace

import numpy as np

CARDS = (  # name, driver, inputs, outputs, rates
    ("Built-in Audio: default (hw:0,0)", 0, 2, 2, (44100, 48000)),
    ("Scarlett 2i2 USB", 0, 2, 4, (44100, 48000, 96000)),
    ("HDMI 0", 0, 0, 8, (48000,)),
    ("system", 1, 2, 2, (48000,)),
    ("Scarlett 2i2 Analog", 1, 2, 2, (44100,)),
)


class PortAudioError(Exception):
    """As PortAudio tells what it cannot do: words and a code."""


class SoundDevice:
    """What `import sounddevice` gives.

    Args:
        cards: (name, number of the driver, inputs, outputs, rates) of each.
        blocks: how many blocks a stream gives before its card is pulled out.
        sound: what comes in, the same on all inputs but for its sign, over and over.
        flags: of every block.
    """

    PortAudioError = PortAudioError

    def __init__(self, cards=CARDS, blocks=100_000, sound=None, flags=None, latency=(0.004, 0.005)):
        self.cards, self.blocks, self.flags, self.latency = cards, blocks, flags, latency
        self.sound = np.zeros(4800, np.float32) if sound is None else sound
        self.actual_rate = self.refusal = None
        self.silent_end = False  # the pulled-out card still calls its stream active
        self.streams = []

    def query_hostapis(self):
        def default(driver, side):
            fit = [i for i, card in enumerate(self.cards) if card[1] == driver and card[side]]
            return fit[0] if fit else -1

        names = ("ALSA", "JACK Audio Connection Kit")
        return [
            {"name": n, "default_input_device": default(i, 2), "default_output_device": default(i, 3)}
            for i, n in enumerate(names)
        ]

    def query_devices(self):
        return [
            {
                "name": name,
                "hostapi": driver,
                "max_input_channels": inputs,
                "max_output_channels": outputs,
                "default_samplerate": float(rates[0]),
                "default_low_input_latency": 0.0087,
                "default_low_output_latency": 0.0087,
            }
            for name, driver, inputs, outputs, rates in self.cards
        ]

    def Stream(self, **wishes):
        if self.refusal:
            raise PortAudioError(*self.refusal)
        for number in wishes["device"]:
            if wishes["samplerate"] not in self.cards[number][4]:
                raise PortAudioError("Error opening Stream: Invalid sample rate", -9997)
        self.streams.append(Stream(self, wishes))
        return self.streams[-1]


class Stream:
    """Calls the engine from a thread of its own, faster than real time, and keeps what it played."""

    def __init__(self, card: SoundDevice, wishes: dict):
        self.card, self.wishes, self.latency = card, wishes, card.latency
        self.samplerate = card.actual_rate or wishes["samplerate"]
        self.active, self.closed, self._stop, self.heard = False, False, threading.Event(), []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.active = True
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(10)

    def close(self):
        self._stop.set()
        self.closed = True

    def _run(self):
        block, (inputs, outputs) = self.wishes["blocksize"], self.wishes["channels"]
        signs = np.where(np.arange(inputs) % 2, -1, 1).astype(np.float32)
        for i in range(self.card.blocks):
            if self._stop.is_set():
                break
            x = np.resize(np.roll(self.card.sound, -i * block), block)[:, None] * signs
            y = np.full((block, outputs), np.nan, np.float32)
            self.wishes["callback"](x, y, block, None, self.card.flags)
            self.heard.append(y)
            time.sleep(0.0001)
        self.active = self.card.silent_end and not self._stop.is_set()


def flags(**told: bool) -> SimpleNamespace:
    """Flags of a block, as sounddevice tells them."""
    names = ("input_underflow", "input_overflow", "output_underflow", "output_overflow", "priming_output")
    return SimpleNamespace(**(dict.fromkeys(names, False) | told))


class Mido:
    """What `import mido` gives: ports that send what is given here as soon as they are opened."""

    def __init__(self, names=("Launch Control XL MIDI 1", "Midi Through"), messages=(), broken=False):
        self.names, self.messages, self.broken, self.opened = names, messages, broken, []

    def get_input_names(self):
        if self.broken:
            raise OSError("no sequencer")
        return list(self.names)

    def open_input(self, name, callback):
        port = SimpleNamespace(name=name, closed=False)
        port.close = lambda: setattr(port, "closed", True)
        self.opened.append(port)
        for message in self.messages:
            callback(message)
        return port


def change(control: int, value: int, kind: str = "control_change") -> SimpleNamespace:
    """A MIDI message."""
    return SimpleNamespace(type=kind, control=control, value=value, channel=3)
