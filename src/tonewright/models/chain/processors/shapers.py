"""Waveshapers: what bends a sound sample by sample."""

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.models.chain.processor import Processor, gain_of
from tonewright.models.chain.setting import Setting

BENDS = "bends loud sounds more than soft ones"
DRIVE = Setting("drive_db", -20.0, 50.0, 6.0, neutral=-20.0)


class Tanh(Processor):
    """y = tanh(d x) / d: soft, the same on both sides; quiet sounds pass as they are."""

    kind, nonlinear = "tanh", BENDS
    settings = (DRIVE,)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        drive = gain_of(self.panel.drive_db)
        return torch.tanh(x * drive) / drive, state


class Clip(Processor):
    """y = x, but nowhere beyond the ceiling."""

    kind, nonlinear = "clip", BENDS
    settings = (Setting("ceiling_db", -60.0, 6.0, 0.0, neutral=6.0),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        ceiling = gain_of(self.panel.ceiling_db)
        return torch.minimum(torch.maximum(x, -ceiling), ceiling), state


class Asymmetric(Processor):
    """y = (tanh(d x + b) - tanh(b)) / (d (1 - tanh(b)^2)): one side bends before the other; quiet sounds pass."""

    kind, nonlinear = "asymmetric", BENDS
    settings = (DRIVE, Setting("bias", -1.5, 1.5, 0.3, neutral=0.0))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        drive, rest = gain_of(self.panel.drive_db), torch.tanh(self.panel.bias)
        scale = 1.0 / (drive * (1.0 - rest * rest))
        return (torch.tanh(x * drive + self.panel.bias) - rest) * scale, state


class Curve(Processor):
    """A curve that is learned: y = sum of weight_k T_k(u), of Chebyshev polynomials of u = tanh(d x), from T_1 on.

    Source: Arfib, "Digital synthesis of complex spectra by means of multiplication of nonlinear distorted sine
    waves", 1979, for the polynomials.
    """

    kind, nonlinear, sizes = "curve", BENDS, (1, 9, 32)
    settings = (DRIVE, Setting("weights", -8.0, 8.0, 0.0, count=0, neutral=0.0))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        with torch.no_grad():
            self.panel.weights[0] = 0.5  # which passes quiet sounds as they are, at the usual drive

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        u = torch.tanh(x * gain_of(self.panel.drive_db))
        before, now, y = None, u, u * self.panel.weights[0:1]
        for k in range(1, self.size):
            after = u * (now * 2.0) - (1.0 if before is None else before)
            before, now = now, after
            # an even polynomial is not 0 where the sound is; the curve shall be
            rest = 0.0 if k % 2 == 0 else (-1.0) ** ((k + 1) // 2)
            y = y + (now - rest) * self.panel.weights[k : k + 1]
        return y, state
