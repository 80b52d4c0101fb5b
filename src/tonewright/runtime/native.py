"""Playing by the native core: the same streams as `stream.py`, tens of times faster."""

import numpy as np

from tonewright import storage
from tonewright.errors import ConfigError, FileError, NotPlayable, ShapeError
from tonewright.models.base import NOTHING_TO_GO_ON_FROM, Model
from tonewright.runtime.stream import checked_port, checked_prime, stream_latency

try:
    import tonewright._native as _native
except ImportError:  # no compiler was there when the package was installed
    _native = None

MAX_FRAMES = 4096  # longer blocks are played in pieces of this


def why_not() -> str | None:
    """Why the native core cannot play here, in a sentence; None when it can."""
    if _native is None:
        return "the native core was not built; install a C++17 compiler and install tonewright again"
    return None


def playable(tone: storage.Tone) -> bytes | None:
    """The bytes that the core plays this tone from; None when it was not built, or does not know a layer."""
    if why_not():
        return None
    try:
        file = storage.to_bytes(tone, probed=False)
        _native.Player(file, 1)
    except (NotPlayable, _native.NativeFileError):
        return None
    return file


class NativeStream:
    """A model with its memory, fed block by block; what comes out is what `Stream` gives, to rounding.

    Args:
        file: the bytes of a .tone file.
        model: the same model, for its controls and its ratio.
        channels: of the sound; each is played with its own memory.
        ports: first values of the controls, by name.

    Raises:
        FileError: when the core cannot play this file.
    """

    def __init__(self, file: bytes, model: Model, channels: int = 1, /, **ports: float):
        if why_not():
            raise FileError(why_not())
        self.model, self.channels = model, channels
        self._names = [port.name for port in model.ports]
        try:
            self._players = [_native.Player(file, MAX_FRAMES) for _ in range(channels)]
        except _native.NativeFileError as error:
            raise FileError(str(error)) from error
        self.latency = stream_latency(model)
        self._samples = 0
        self.set(**ports)
        self.reset()

    def reset(self) -> None:
        """Back to silence; the controls stay where they are, or where they were going."""
        self._samples = 0
        for player in self._players:
            player.reset()

    def set(self, **ports: float) -> None:
        """Move controls to new values, smoothly.

        Raises:
            ConfigError: no such control, or a value outside of its range.
        """
        for name, value in ports.items():
            checked_port(self.model.ports, name, value)
            for player in self._players:
                player.set(self._names.index(name), value)

    def prime(self, dry: np.ndarray, wet: np.ndarray) -> None:
        """Go on as a model that has heard `dry` and has made `wet`; see Stream.prime.

        Raises:
            ConfigError: when what the model makes does not depend on what it made.
            ShapeError: when the two have different lengths, or another number of channels.
        """
        if not self._players[0].can_prime:
            raise ConfigError(NOTHING_TO_GO_ON_FROM)
        x, y = checked_prime(dry, wet, self.channels)
        for player, heard, made in zip(self._players, x, y, strict=True):
            player.prime(heard, made)

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next block of sound, [T] or [channels, T] of any length, to one of T * ratio samples.

        A sample that is no number is heard as silence.

        Raises:
            ShapeError: when it has another number of channels.
        """
        x = np.ascontiguousarray(np.atleast_2d(block), dtype=np.float32)
        if x.ndim != 2 or x.shape[0] != self.channels:
            raise ShapeError(f"this stream wants {self.channels} channels, and got {list(np.shape(block))}")
        before = int(self._samples * self.model.ratio)
        self._samples += x.shape[1]
        y = np.empty((self.channels, int(self._samples * self.model.ratio) - before), np.float32)
        for player, row, made in zip(self._players, x, y, strict=True):
            player.process(row, made)
        return y[0] if np.ndim(block) == 1 else y
