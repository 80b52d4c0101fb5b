"""A learned sound, ready to play: what `tonewright.load` and `tonewright.capture` give."""

import functools
from pathlib import Path

import numpy as np

from tonewright import storage
from tonewright.errors import ShapeError
from tonewright.runtime import native
from tonewright.runtime.channels import spread, whole_layout
from tonewright.runtime.native import NativeStream
from tonewright.runtime.stream import Stream, stream_latency

RENDER_BLOCK = 16384  # samples; long enough to be fast, short enough to need little memory


class Player:
    """A model with its rate, its controls and what is known of it.

    >>> import tonewright as tw
    >>> from tonewright.models.wavenet import Model as WaveNet
    >>> player = Player(storage.Tone("wavenet", WaveNet(), sample_rate=48000))
    >>> y = player.render(np.zeros(1000, np.float32))
    >>> stream = player.stream()
    >>> np.allclose(stream.process(np.zeros(7, np.float32)), y[:7], atol=1e-6)
    True
    """

    def __init__(self, tone: storage.Tone):
        self.tone = tone
        self.model = tone.model.eval()

    @property
    def sample_rate(self) -> int:
        """The rate that the device was learned at, in Hz."""
        return self.tone.sample_rate

    @property
    def controls(self) -> dict[str, float]:
        """Names of the controls and their defaults."""
        return {port.name: port.default for port in self.model.ports}

    @property
    def settings(self) -> dict[str, dict]:
        """What a chain is turned to, in units, by processor and name; empty for a model without settings."""
        return self.model.values()

    def turn(self, settings: dict[str, float]) -> None:
        """Turn settings of a chain, named "compressor.ratio"; streams that are playing stay as they are.

        Raises:
            ConfigError: no such setting, or a value out of its range.
        """
        if settings:
            self.model.set(settings)
            self.__dict__.pop("_file", None)  # what the core plays was made of the old ones

    @property
    def latency(self) -> int:
        """Output samples by which `stream().process` and `render` trail their input."""
        return stream_latency(self.model)

    def stream(self, channels: int | None = None, /, **controls: float) -> Stream | NativeStream:
        """A fresh stream, from silence; by the native core where it is built, else by torch.

        Args:
            channels: of the sound; each gets its own memory. A model of several channels knows how many it hears.
            controls: their values, by name.

        Raises:
            ShapeError: another number of channels than a model of several channels hears.
        """
        if self._file is not None:
            return NativeStream(self._file, self.model, channels, **controls)
        return Stream(self.model, self.sample_rate, channels, **controls)

    @property
    def engine(self) -> str:
        """What plays: "native core", or "torch" where that was not built or cannot play this model."""
        return "torch" if self._file is None else "native core"

    @functools.cached_property
    def _file(self) -> bytes | None:
        return native.playable(self.tone)

    def render(self, x: np.ndarray, /, **controls: float) -> np.ndarray:
        """The raw stream over a whole sound at `sample_rate`: [T] or [C, T] to the same shape (times ratio).

        A model of several channels gives [outputs, T]; of a sound [T] also [T], when it makes one channel.

        Args:
            x: float samples; each channel is played with its own memory. A model of several channels hears all at
                once, and a mono sound on each of its inputs.
            controls: their values, by name.

        Raises:
            ShapeError: when x is neither [T] nor [C, T], or has not the channels that the model hears.
            ConfigError: for a control that is not there, or out of its range.
        """
        x = np.asarray(x)
        if x.ndim not in (1, 2):
            raise ShapeError(f"render wants x as [T] or [C, T], and got {list(x.shape)}")
        rows = np.atleast_2d(x)
        layout = whole_layout(self.model, len(rows))
        stream, rows = self.stream(layout.channels, **controls), spread(rows, layout.channels)
        starts = range(0, rows.shape[1], RENDER_BLOCK) or [0]
        y = np.concatenate([stream.process(rows[:, i : i + RENDER_BLOCK]) for i in starts], axis=-1)
        return y[0] if x.ndim == 1 and len(y) == 1 else y

    def save(self, path: Path | str) -> None:
        """Write the .tone file."""
        storage.save(self.tone, path)


def load(path: Path | str) -> Player:
    """The player of a .tone file.

    Raises:
        FileError: when it is missing, damaged, foreign, or of a future format.
    """
    return Player(storage.load(path))
