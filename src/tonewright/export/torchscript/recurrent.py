"""LSTM and GRU, by torch's own loops."""

import torch
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering, RememberingTwo

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class LSTM(RememberingTwo):
    """x [B, inputs, T] to [B, hidden, T]; remembers h and c."""

    def __init__(self, weights: dict[str, Tensor], h: Tensor, c: Tensor):
        super().__init__(h, c)
        for name in NAMES:
            self.register_buffer(name, weights[name])

    def forward(self, x: Tensor) -> Tensor:
        kept = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        first = [self.memory[None].contiguous(), self.other[None].contiguous()]
        y, h, c = torch.lstm(x.permute(2, 0, 1), first, kept, True, 1, 0.0, False, False, False)
        self.memory, self.other = h[0], c[0]
        return y.permute(1, 2, 0)


class GRU(Remembering):
    """x [B, inputs, T] to [B, hidden, T]; remembers h."""

    def __init__(self, weights: dict[str, Tensor], h: Tensor):
        super().__init__(h)
        for name in NAMES:
            self.register_buffer(name, weights[name])

    def forward(self, x: Tensor) -> Tensor:
        kept = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        first = self.memory[None].contiguous()
        y, h = torch.gru(x.permute(2, 0, 1), first, kept, True, 1, 0.0, False, False, False)
        self.memory = h[0]
        return y.permute(1, 2, 0)


def _lstm(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    return LSTM(weights, *starts)


def _gru(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    return GRU(weights, *starts)


NODES = {"lstm": _lstm, "gru": _gru}
