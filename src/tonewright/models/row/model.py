"""A row of layers, each hearing the one before."""

import torch
from torch import Tensor

from tonewright.layers.activations import activation
from tonewright.layers.base import Layer, State
from tonewright.layers.combine import Pointwise, Serial
from tonewright.layers.conv import Conv1d
from tonewright.layers.recurrent import CELLS
from tonewright.models.base import Model, Port
from tonewright.models.row.config import Config, Part


class Row(Model):
    """x [B, 1, T] and each knob [B, 1, T], 0..1, to y [B, 1, T].

    With f the parts one after another, y = `head_scale` f(`input_gain` x, knobs) + `direct_gain` x, the latter only
    where the settings say `direct`. All three are 1 to begin with.

    Attributes:
        body: a Serial, whose layers are the parts in their order.

    >>> model = Row()
    >>> y, state = model(torch.zeros(1, 1, 64), model.initial_state(1))
    >>> y.shape, model.settle
    (torch.Size([1, 1, 64]), 1023)
    """

    inputs = outputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.ports = tuple(Port(name) for name in config.knobs)
        self.body = Serial(*(_layer(part, inputs) for part, inputs in config.places()))
        self.settle = config.settle
        for name in ("input_gain", "head_scale", *(["direct_gain"] if config.direct else [])):
            self.register_buffer(name, torch.tensor(1.0))

    def initial_state(self, batch: int) -> State:
        return self.body.initial_state(batch)

    def forward(self, x: Tensor, state: State, **knobs: Tensor) -> tuple[Tensor, State]:
        heard = x * self.input_gain
        if self.ports:
            heard = torch.cat([heard, *(knobs[port.name] for port in self.ports)], dim=1)
        y, state = self.body(heard, state)
        y = y * self.head_scale
        return (y + x * self.direct_gain if self.config.direct else y), state


def _layer(part: Part, inputs: int) -> Layer:
    if part.kind == "conv":
        return Conv1d(inputs, part.outputs, part.kernel, part.dilation, groups=part.groups, bias=part.bias)
    if part.kind in CELLS:
        return CELLS[part.kind](inputs, part.outputs)
    return Pointwise(activation(part.kind, inputs))
