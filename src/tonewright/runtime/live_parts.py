"""What the audio callback is made of: a model that plays from one array into another, and gains without clicks."""

from typing import Protocol

import numpy as np

from tonewright.runtime import native
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream, checked_port

MAX_FRAMES = native.MAX_FRAMES  # a longer block is played in pieces of this


class Voice(Protocol):
    """A model that plays. Both methods are for the audio thread."""

    def turn(self, index: int, value: float) -> None:
        """Move the control of that index, smoothly."""

    def play(self, x: np.ndarray, y: np.ndarray) -> None:
        """The next block of sound, x float32 [inputs, T] into y float32 [outputs, T], both contiguous."""


class CoreVoice:
    """The native core: its arrays are ours, and nothing is allocated while it plays."""

    def __init__(self, file: bytes, controls: list[float]):
        self._player = native._native.Player(file, MAX_FRAMES)
        self.turn, self.play = self._player.set, self._player.process
        for index, value in enumerate(controls):
            self.turn(index, value)
        self._player.reset()  # the controls are where they were set, and do not move there in the first notes


class TorchVoice:
    """The reference in torch, for a computer where the core was not built; it may not keep up."""

    def __init__(self, player: Player, controls: list[float]):
        self._names = [port.name for port in player.model.ports]
        values = dict(zip(self._names, controls, strict=True))
        self._stream = Stream(player.model, player.sample_rate, **values)

    def turn(self, index: int, value: float) -> None:
        self._stream.set(**{self._names[index]: value})

    def play(self, x: np.ndarray, y: np.ndarray) -> None:
        y[:] = self._stream.process(x)


def voice_of(player: Player, controls: list[float]) -> Voice:
    """The fastest voice that there is, with its controls at these values, in the order of the model's ports.

    Raises:
        ConfigError: a value outside of its range.
    """
    for port, value in zip(player.model.ports, controls, strict=True):
        checked_port(player.model.ports, port.name, value)
    file = native.playable(player.tone)
    return TorchVoice(player, controls) if file is None else CoreVoice(file, controls)


class Rows:
    """Room for blocks of so many channels, of any length up to MAX_FRAMES.

    >>> Rows(2).of(5).shape
    (2, 5)
    """

    def __init__(self, channels: int):
        self._channels, self._samples = channels, np.zeros(channels * MAX_FRAMES, np.float32)

    def of(self, frames: int) -> np.ndarray:
        """The room for a block, float32 [channels, frames], contiguous; the next call gives the same again."""
        return self._samples[: self._channels * frames].reshape(self._channels, frames)


class Fader:
    """A gain on a straight line to where it was last sent, wherever blocks are cut.

    Args:
        gain: linear, where it begins.
        sample_rate: in Hz.

    >>> fader = Fader(0.0, sample_rate=1000)
    >>> fader.send(1.0, seconds=0.004)
    >>> fader.curve(3).tolist(), fader.curve(3).tolist(), fader.resting
    ([0.25, 0.5, 0.75], [1.0, 1.0, 1.0], True)
    """

    def __init__(self, gain: float, sample_rate: float):
        self.gain = self.target = float(np.float32(gain))
        self._rate, self._step = sample_rate, 0.0
        self._steps = np.arange(1, MAX_FRAMES + 1, dtype=np.float32)
        self._curve = np.empty(MAX_FRAMES, np.float32)

    @property
    def resting(self) -> bool:
        """Whether it has arrived."""
        return self.gain == self.target

    def send(self, gain: float, seconds: float) -> None:
        """Begin to move to `gain`, to be there after so many seconds."""
        self.target = float(np.float32(gain))  # as the curve holds it, so that it can arrive
        self._step = (self.target - self.gain) / max(1.0, seconds * self._rate)

    def curve(self, count: int) -> np.ndarray:
        """The next `count` gains (at most MAX_FRAMES), in an array that the next call overwrites."""
        curve = self._curve[:count]
        np.multiply(self._steps[:count], self._step, out=curve)
        np.add(curve, self.gain, out=curve)
        stop = np.minimum if self._step > 0 else np.maximum
        stop(curve, self.target, out=curve)
        self.gain = float(curve[-1])
        return curve

    def apply(self, sound: np.ndarray) -> None:
        """Multiply a block [..., T] by the gain, in place; at a gain of 1 it stays as it is, to the bit."""
        if not self.resting:
            np.multiply(sound, self.curve(sound.shape[-1]), out=sound)
        elif self.gain != 1.0:
            np.multiply(sound, self.gain, out=sound)
