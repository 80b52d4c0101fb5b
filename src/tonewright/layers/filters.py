"""Filters as a layer: what a chain's equalisers, shelves and passes are made of."""

import torch
from torch import Tensor

from tonewright.dsp.filters import filters
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MAX_SECTIONS = 1024


class Filters(Layer):
    """Second-order sections in a row, x [B, C, T] -> y [B, C, T]. Remembers two numbers for each, in float64.

    It has no weights: what the sections are is handed in, as tonewright.dsp.filters takes it, so that they can be
    computed from what is taught or turned.

    Args:
        channels: of x; each is filtered by itself.
        sections: how many.
        settle: samples of silence after which it has forgotten; nothing in it says so, hence it is told.

    Raises:
        ConfigError: no channels, or no sections or more than 1024.

    >>> layer = Filters(1, sections=1)
    >>> low_pass = torch.tensor([[0.1, 1.4, 0.0, 0.0, 1.0]])
    >>> y, state = layer(torch.ones(1, 1, 1000), layer.initial_state(1), low_pass)
    >>> round(float(y[0, 0, -1]), 6)
    1.0
    """

    def __init__(self, channels: int, sections: int, settle: int = 0):
        super().__init__()
        if channels < 1 or not 1 <= sections <= MAX_SECTIONS:
            raise ConfigError(
                f"filters want a channel or more and 1 to {MAX_SECTIONS} sections, and got {channels} and {sections}"
            )
        self.inputs = self.outputs = channels
        self.sections, self.settle = sections, settle

    def initial_state(self, batch: int) -> State:
        return [torch.zeros(batch, self.inputs, self.sections, 2, dtype=torch.float64)]

    def forward(self, x: Tensor, state: State, sections: Tensor) -> tuple[Tensor, State]:
        self.check(x)
        y, after = filters(x, sections, state[0])
        return y, [after]
