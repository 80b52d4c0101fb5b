"""What depends on where it is, sample by sample: attack and release, and the lag of lamps.

No product of matrices does that. TorchScript's own numbers, which are float64, are several times as fast here as
tensors of one number.
"""

import math

import torch
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering


def followed(x: list[float], y: float, attack: float, release: float) -> list[float]:
    """y goes so much of its way to x, downwards by `attack` and upwards by `release`."""
    made: list[float] = []
    for sample in x:
        way = sample - y
        y = y + (attack if way < 0.0 else release) * way
        made.append(y)
    return made


def lagged(x: list[float], y: float, dark: float, swing: float) -> list[float]:
    """y goes to x with a time constant of exp(dark + y swing)."""
    made: list[float] = []
    for sample in x:
        y = y + (sample - y) / (1.0 + math.exp(dark + min(max(y, 0.0), 1.0) * swing))
        made.append(y)
    return made


class Follow(Remembering):
    """Ballistics."""

    def __init__(self, start: Tensor, attack: float, release: float):
        super().__init__(start)
        self.attack, self.release = attack, release

    def forward(self, x: Tensor) -> Tensor:
        rows, lasts = x.double().flatten(0, 1), self.memory.flatten()
        made = []
        for i in range(rows.size(0)):
            row: list[float] = rows[i].tolist()
            y = followed(row, float(lasts[i]), self.attack, self.release)
            made.append(torch.tensor(y, dtype=torch.float64, device=x.device))
        whole = torch.stack(made).view(x.size(0), x.size(1), x.size(2))
        self.memory = whole[:, :, -1]
        return whole.to(x.dtype)


class Lag(Remembering):
    """A one-pole whose time constant depends on where it is."""

    def __init__(self, start: Tensor, slow: float, fast: float):
        super().__init__(start)
        self.dark, self.swing = math.log(slow), math.log(fast) - math.log(slow)

    def forward(self, x: Tensor) -> Tensor:
        rows, lasts = x.double().flatten(0, 1), self.memory.flatten()
        made = []
        for i in range(rows.size(0)):
            row: list[float] = rows[i].tolist()
            y = lagged(row, float(lasts[i]), self.dark, self.swing)
            made.append(torch.tensor(y, dtype=torch.float64, device=x.device))
        whole = torch.stack(made).view(x.size(0), x.size(1), x.size(2))
        self.memory = whole[:, :, -1]
        return whole.to(x.dtype)


def _follow(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    return Follow(starts[0], float(weights["attack"]), float(weights["release"]))


def _lag(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    return Lag(starts[0], float(weights["slow"]), float(weights["fast"]))


NODES = {"follow": _follow, "lag": _lag}
