"""A recurrent network, as a capture.

Source: Wright, Damskaegg and Valimaki, "Real-time black-box modelling with recurrent neural networks", DAFx 2019.
"""

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.combine import Serial
from tonewright.layers.conv import Conv1d
from tonewright.layers.recurrent import CELLS, SETTLE
from tonewright.models.base import Model, Port
from tonewright.models.lstm.config import Config


class Recurrent(Model):
    """x [B, 1, T] and each knob [B, 1, T], 0..1, to y [B, 1, T].

    >>> model = Recurrent(Config(hidden=16))
    >>> sum(p.numel() for p in model.parameters())  # torch has two biases for each gate
    1233
    >>> y, state = model(torch.zeros(1, 1, 64), model.initial_state(1))
    >>> y.shape
    torch.Size([1, 1, 64])
    """

    inputs = outputs = 1
    settle = SETTLE  # the layers forget at the same time, and not one after another

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.ports = tuple(Port(name) for name in config.knobs)
        cell = CELLS[config.cell]
        widths = [1 + len(config.knobs), *[config.hidden] * (config.layers - 1)]
        self.body = Serial(*(cell(width, config.hidden) for width in widths), Conv1d(config.hidden, 1, 1))
        # The level of the device, which the recipe sets: weights then stay of order one.
        self.register_buffer("head_scale", torch.tensor(1.0))

    def initial_state(self, batch: int) -> State:
        return self.body.initial_state(batch)

    def forward(self, x: Tensor, state: State, **knobs: Tensor) -> tuple[Tensor, State]:
        heard = torch.cat([x, *(knobs[port.name] for port in self.ports)], dim=1) if self.ports else x
        y, state = self.body(heard, state)
        y = y * self.head_scale
        return (y + x if self.config.direct else y), state
