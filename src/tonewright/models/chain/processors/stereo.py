"""Left and right: where a sound is, and how wide."""

import math

import torch
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.layers.base import State
from tonewright.models.chain.processor import Processor
from tonewright.models.chain.setting import Setting


class Pan(Processor):
    """From -1, left, to 1, right, at the same power; in the middle both sides are as before. Mono becomes stereo."""

    kind, nonlinear = "pan", ""
    settings = (Setting("pan", -1.0, 1.0, 0.0, neutral=0.0),)

    def build(self) -> None:
        if self.inputs > 2:
            raise ConfigError(f"pan wants one channel or two, and gets {self.inputs}")
        self.outputs = 2

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        angle = (self.panel.pan + 1.0) * (math.pi / 4.0)
        left, right = torch.cos(angle) * math.sqrt(2.0), torch.sin(angle) * math.sqrt(2.0)
        if self.inputs == 1:
            return torch.cat([x * left, x * right], dim=1), state
        return torch.cat([x[:, 0:1] * left, x[:, 1:2] * right], dim=1), state


class Width(Processor):
    """What differs between left and right, times `width`: 0 is mono, 1 leaves it, 2 is wide."""

    kind, nonlinear = "width", ""
    settings = (Setting("width", 0.0, 2.0, 1.0, neutral=1.0),)

    def build(self) -> None:
        if self.inputs != 2:
            raise ConfigError(f"width wants two channels, and gets {self.inputs}; put a pan before it")

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        left, right = x[:, 0:1], x[:, 1:2]
        middle, side = (left + right) * 0.5, (left - right) * (self.panel.width * 0.5)
        return torch.cat([middle + side, middle - side], dim=1), state
