"""Dynamics as layers: the attack and the release of compressors, gates and ducking, and the lag of lamps."""

import math

import torch
from torch import Tensor

from tonewright.dsp.follow import follow
from tonewright.dsp.lag import lag
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State


class Following(Layer):
    """What Follow and Lag share: one number for each channel is remembered, in float64, and begins as `start`."""

    word: str  # for the sentence of an error

    def __init__(self, channels: int, start: float = 0.0, settle: int = 0):
        super().__init__()
        if channels < 1 or not math.isfinite(start):
            raise ConfigError(
                f"{self.word} wants a channel or more and a finite start, and got {channels} and {start}"
            )
        self.inputs = self.outputs = channels
        self.start, self.settle = float(start), settle

    def initial_state(self, batch: int) -> State:
        return [torch.full((batch, self.inputs), self.start, dtype=torch.float64)]


class Follow(Following):
    """Ballistics, x [B, C, T] -> y [B, C, T]. Remembers one number for each channel, in float64.

    It has no weights: both rates are handed in, as tonewright.dsp.follow takes them, so that they can be computed
    from what is taught or turned.

    Args:
        channels: of x; each is followed by itself.
        start: where y begins, in the unit of x.
        settle: samples of silence after which it has forgotten; nothing in it says so, hence it is told.

    Raises:
        ConfigError: no channels, or a start that is not finite.

    >>> layer = Follow(1, start=-6.0)
    >>> y, state = layer(torch.zeros(1, 1, 2), layer.initial_state(1), torch.tensor(1.0), torch.tensor(0.5))
    >>> y
    tensor([[[-3.0000, -1.5000]]])
    """

    word = "a follower"

    def forward(self, x: Tensor, state: State, attack: Tensor, release: Tensor) -> tuple[Tensor, State]:
        self.check(x)
        y, after = follow(x, attack, release, state[0])
        return y, [after]


class Lag(Following):
    """A one-pole whose time constant depends on where it is, x [B, C, T] -> y [B, C, T]; for photoresistors.

    It has no weights: both time constants are handed in, as tonewright.dsp.lag takes them. Remembers one number for
    each channel, in float64.

    Args:
        channels: of x; each is followed by itself.
        start: where y begins, in the unit of x.
        settle: samples of silence after which it has forgotten; nothing in it says so, hence it is told.

    Raises:
        ConfigError: no channels, or a start that is not finite.

    >>> layer = Lag(1, start=1.0)
    >>> y, state = layer(torch.zeros(1, 1, 2), layer.initial_state(1), torch.tensor(4.0), torch.tensor(1.0))
    >>> y
    tensor([[[0.5000, 0.3333]]])
    """

    word = "a lag"

    def forward(self, x: Tensor, state: State, slow: Tensor, fast: Tensor) -> tuple[Tensor, State]:
        self.check(x)
        y, after = lag(x, slow, fast, state[0])
        return y, [after]
