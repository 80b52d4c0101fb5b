"""All-passes in a row as a layer: what phasers are made of."""

import torch
from torch import Tensor

from tonewright.dsp.all_passes import all_passes
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MAX_STAGES = 64


class AllPasses(Layer):
    """First-order all-passes in a row, x [B, C, T] -> y [B, C, T]. Remembers a number for each and one, in float64.

    It has no weights: the coefficient, which may move with a phasor, and the feedback are handed in, as
    tonewright.dsp.all_passes takes them, so that they can be computed from what is taught or turned.

    Args:
        channels: of x; each passes by itself, with the same coefficient.
        stages: how many all-passes.
        settle: samples of silence after which it has forgotten; nothing in it says so, hence it is told.

    Raises:
        ConfigError: no channels, or no stages or more than 64.

    >>> layer = AllPasses(1, stages=2)
    >>> impulse = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    >>> layer(impulse, layer.initial_state(1), torch.zeros(1, 1, 4), torch.tensor(0.0))[0]
    tensor([[[0., 0., 1., 0.]]])
    """

    def __init__(self, channels: int, stages: int, settle: int = 0):
        super().__init__()
        if channels < 1 or not 1 <= stages <= MAX_STAGES:
            raise ConfigError(
                f"all-passes want a channel or more and 1 to {MAX_STAGES} stages, and got {channels} and {stages}"
            )
        self.inputs = self.outputs = channels
        self.stages, self.settle = stages, settle

    def initial_state(self, batch: int) -> State:
        return [torch.zeros(batch, self.inputs, self.stages + 1, dtype=torch.float64)]

    def forward(self, x: Tensor, state: State, coefficient: Tensor, feedback: Tensor) -> tuple[Tensor, State]:
        self.check(x)
        y, after = all_passes(x, coefficient, feedback, state[0])
        return y, [after]
