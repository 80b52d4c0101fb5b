"""How the channels of a sound meet those of a model.

A model of one channel plays each channel of a sound by itself, with its own memory. A model of several channels, one
that hears or makes more than one, hears all channels of a sound at once and gives all of its own.
"""

from dataclasses import dataclass

import numpy as np

from tonewright.errors import ConfigError, ShapeError
from tonewright.models.base import Model, channels_of


@dataclass(frozen=True)
class Layout:
    """What a stream takes and gives.

    Attributes:
        sounds: how many are played side by side, each with its own memory; 1 with a model of several channels.
        inputs, outputs: channels that the model hears and makes.

    >>> Layout(sounds=1, inputs=1, outputs=2).given(np.zeros(5)).shape
    (1, 1, 5)
    """

    sounds: int
    inputs: int
    outputs: int

    @property
    def channels(self) -> int:
        """Of the sound that goes in."""
        return self.sounds * self.inputs

    @property
    def made(self) -> int:
        """Channels of the sound that comes out."""
        return self.sounds * self.outputs

    def given(self, block: np.ndarray) -> np.ndarray:
        """A block [T] or [channels, T] as float32 [sounds, inputs, T], contiguous.

        Raises:
            ShapeError: when it has another number of channels.
        """
        x = np.ascontiguousarray(np.atleast_2d(block), dtype=np.float32)
        if x.ndim != 2 or x.shape[0] != self.channels:
            cure = "; mix it down to mono first" if self.inputs == 1 < self.outputs else ""
            raise ShapeError(
                f"this stream wants {self.channels} channels, and got {list(np.shape(block))}{cure}"
            )
        return x.reshape(self.sounds, self.inputs, x.shape[1])

    def taken(self, y: np.ndarray, block: np.ndarray) -> np.ndarray:
        """What was made of that block, [sounds, outputs, T], as [made, T]; as [T] when it is one channel of [T]."""
        y = y.reshape(self.made, y.shape[2])
        return y[0] if np.ndim(block) == 1 and self.made == 1 else y


def layout_of(model: Model, channels: int | None = None) -> Layout:
    """The layout of a stream for a sound of so many channels; of as many as the model hears when None.

    Raises:
        ShapeError: when a model of several channels hears another number of them.

    >>> from tonewright.models.wavenet import Model as WaveNet
    >>> layout_of(WaveNet(), 2)
    Layout(sounds=2, inputs=1, outputs=1)
    """
    inputs, outputs = channels_of(model)
    if (inputs, outputs) == (1, 1):
        return Layout(1 if channels is None else channels, 1, 1)
    if channels not in (None, inputs):
        raise ShapeError(misfit(model, channels))
    return Layout(1, inputs, outputs)


def whole_layout(model: Model, channels: int, sound: str = "the sound", name: str = "this model") -> Layout:
    """The layout for a whole sound of so many channels, of which a single one is heard on every input (`spread`).

    Args:
        model: that is to play it.
        channels: of the sound.
        sound, name: what the sound and the model are called in the error.

    Raises:
        ShapeError: when a model of several channels hears another number of them.
    """
    inputs, outputs = channels_of(model)
    if (inputs, outputs) != (1, 1) and channels not in (1, inputs):
        raise ShapeError(misfit(model, channels, sound, name))
    return layout_of(model, inputs if channels == 1 else channels)


def misfit(model: Model, channels: int, sound: str = "the sound", name: str = "this model") -> str:
    """The sentence for a sound that a model of several channels does not hear."""
    inputs, outputs = channels_of(model)
    cure = (
        "mix it down to mono first"
        if inputs == 1
        else f"give it {inputs} channels, or play a mono file, which is heard on each"
    )
    return f"{sound} has {channels} channels and {name} hears {inputs} and makes {outputs}; {cure}"


def spread(x: np.ndarray, channels: int) -> np.ndarray:
    """A mono sound [1, T] on so many channels; one that has them already stays as it is.

    >>> spread(np.ones((1, 3)), 2).shape
    (2, 3)
    """
    return np.broadcast_to(x, (channels, x.shape[-1]))


def check_primed(layout: Layout) -> None:
    """Refuse to prime a model of several channels.

    Raises:
        ConfigError: with what to do.
    """
    if (layout.inputs, layout.outputs) != (1, 1):
        raise ConfigError("only a model of one channel can go on from what it made; leave the prime out")
