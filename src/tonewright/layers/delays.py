"""Delay lines as a layer: what echoes, choruses, flangers and vibratos are made of."""

import torch
from torch import Tensor

from tonewright.dsp.delay_line import LEAST, REACH, delay_line
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MOST = 1 << 20


class DelayLine(Layer):
    """A delay that may move and feeds itself, x [B, C, T] -> y [B, C, T], the wet sound only.

    It remembers the line, in float64. It has no weights: delay, feedback and damping are handed in, as
    tonewright.dsp.delay_line takes them, so that they can be computed from what is taught or turned; the delay also
    from the sound.

    Args:
        channels: of x; each has its own line, and all the same delay.
        most: the longest delay in samples, 2 to 2^20; a longer one counts as this.
        settle: samples of silence after which it has forgotten; nothing in it says so, hence it is told.

    Raises:
        ConfigError: no channels, or an impossible longest delay.

    >>> layer = DelayLine(1, most=4)
    >>> delay, none = torch.tensor(3.0), torch.tensor(0.0)
    >>> y, state = layer(torch.ones(1, 1, 5), layer.initial_state(1), delay, none, none)
    >>> y
    tensor([[[0., 0., 0., 1., 1.]]])
    """

    def __init__(self, channels: int, most: int, settle: int = 0):
        super().__init__()
        if channels < 1 or not LEAST <= most <= MOST:
            raise ConfigError(
                f"a delay line wants a channel or more and a longest delay of {LEAST} to {MOST} samples, and got "
                f"{channels} and {most}"
            )
        self.inputs = self.outputs = channels
        self.most, self.settle = int(most), settle

    def initial_state(self, batch: int) -> State:
        line = torch.zeros(batch, self.inputs, self.most + REACH, dtype=torch.float64)
        return [line, torch.zeros(batch, self.inputs, dtype=torch.float64)]

    def forward(
        self, x: Tensor, state: State, delay: Tensor, feedback: Tensor, damping: Tensor
    ) -> tuple[Tensor, State]:
        self.check(x)
        y, history, last = delay_line(x, delay, feedback, damping, *state)
        return y, [history, last]
