"""Playing by the native core: the same streams as `stream.py`, tens of times faster."""

from fractions import Fraction

import numpy as np

from tonewright import storage
from tonewright.errors import ConfigError, FileError, NotPlayable
from tonewright.models.base import NOTHING_TO_GO_ON_FROM, Model, channels_of
from tonewright.runtime.channels import check_primed, layout_of
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
        channels: of the sound, as in `Stream`.
        ports: first values of the controls, by name.

    Attributes:
        channels, outputs: of the sound that goes in, and of what comes out.

    Raises:
        FileError: when the core cannot play this file.
        ShapeError: another number of channels than a model of several channels hears.
    """

    def __init__(self, file: bytes, model: Model, channels: int | None = None, /, **ports: float):
        if why_not():
            raise FileError(why_not())
        self.model, self._layout = model, layout_of(model, channels)
        self.channels, self.outputs = self._layout.channels, self._layout.made
        self._names = [port.name for port in model.ports]
        try:
            self._players = [_native.Player(file, MAX_FRAMES) for _ in range(self._layout.sounds)]
        except _native.NativeFileError as error:
            raise FileError(str(error)) from error
        for player in self._players:
            self._check(player)
        self.latency = stream_latency(model)
        self._samples = 0
        self.set(**ports)
        self.reset()

    def _check(self, player: "_native.Player") -> None:
        """Refuse a file whose graph, damaged or made to harm, is not that of its settings."""
        wanted = (*channels_of(self.model), self.model.ratio)
        if (player.inputs, player.outputs, Fraction(*player.ratio)) != wanted:
            raise FileError("the graph of the file is of another model than its settings; write it again")

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
            ConfigError: when what the model makes does not depend on what it made; for a model of several channels.
            ShapeError: when the two have different lengths, or another number of channels.
        """
        check_primed(self._layout)
        if not self._players[0].can_prime:
            raise ConfigError(NOTHING_TO_GO_ON_FROM)
        x, y = checked_prime(dry, wet, self.channels)
        for player, heard, made in zip(self._players, x, y, strict=True):
            player.prime(heard, made)

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next block of sound, [T] or [channels, T] of any length, to [outputs, T * ratio]; see Stream.process.

        A sample that is no number is heard as silence.

        Raises:
            ShapeError: when it has another number of channels.
        """
        x = self._layout.given(block)
        before = int(self._samples * self.model.ratio)
        self._samples += x.shape[2]
        due = int(self._samples * self.model.ratio) - before
        y = np.empty((self._layout.sounds, self._layout.outputs, due), np.float32)
        for player, heard, made in zip(self._players, x, y, strict=True):
            player.process(heard, made)
        return self._layout.taken(y, block)
