"""A feedback delay network as a layer: what reverbs are made of."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tonewright.dsp.delay_network import delay_network
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MAX_LINES, MAX_DELAY = 32, 1 << 17


class DelayNetwork(Layer):
    """Delay lines that hear each other, x [B, C, T] -> y [B, C, T]. Remembers what is in them, in float64.

    It has no weights: what the lines do to their sound is handed in, as tonewright.dsp.delay_network takes it, so
    that it can be computed from what is taught or turned.

    Args:
        channels: of x; each has lines of its own.
        delays: how long each line is, in samples.
        settle: samples of silence after which it has forgotten; nothing in it says so, hence it is told.

    Raises:
        ConfigError: no channels, no lines or more than 32, or a delay that is not 1 to 131072 samples.

    >>> layer = DelayNetwork(1, delays=(2,))
    >>> impulse, one = torch.tensor([[[1.0, 0.0, 0.0, 0.0, 0.0]]]), torch.ones(1)
    >>> layer(impulse, layer.initial_state(1), 0.5 * one, 0.0 * one, one, one)[0]
    tensor([[[ 0.0000,  0.0000,  0.5000,  0.0000, -0.2500]]])
    """

    def __init__(self, channels: int, delays: Sequence[int], settle: int = 0):
        super().__init__()
        fits = 1 <= len(delays) <= MAX_LINES and all(1 <= delay <= MAX_DELAY for delay in delays)
        if channels < 1 or not fits:
            raise ConfigError(
                f"a delay network wants a channel or more and 1 to {MAX_LINES} delays of 1 to {MAX_DELAY} samples, "
                f"and got {channels} and {list(delays)}"
            )
        self.inputs = self.outputs = channels
        self.delays, self.settle = [int(delay) for delay in delays], settle

    def initial_state(self, batch: int) -> State:
        sizes = sum(self.delays), len(self.delays)
        return [torch.zeros(batch, self.inputs, size, dtype=torch.float64) for size in sizes]

    def forward(
        self, x: Tensor, state: State, gains: Tensor, damping: Tensor, inputs: Tensor, outputs: Tensor
    ) -> tuple[Tensor, State]:
        self.check(x)
        y, *after = delay_network(x, gains, damping, inputs, outputs, tuple(self.delays), *state)
        return y, after
