"""The knobs of Neutone as the controls of a model; compiled to TorchScript, so written in what that knows."""

import torch
from torch import Tensor, nn

from tonewright.models.base import Port

KNOBS = 4  # as many as Neutone has


class Knobs(nn.Module):
    """Knobs from 0 to 1 as the controls of a model: within their ranges, and smoothed.

    The mean of the last `smoothing_ms` makes of a knob that jumps the straight line that our own player plays.

    Args:
        ports: of the model; those beyond the first four stay at their defaults.
        sample_rate: in Hz.
    """

    low: Tensor
    span: Tensor
    others: Tensor
    before: Tensor

    def __init__(self, ports: tuple[Port, ...], sample_rate: int):
        super().__init__()
        turned, others = ports[:KNOBS], ports[KNOBS:]
        self.register_buffer("low", column([port.minimum for port in turned]))
        self.register_buffer("span", column([port.maximum - port.minimum for port in turned]))
        self.register_buffer("others", column([port.default for port in others]))
        self.lengths = [max(1, round(port.smoothing_ms * sample_rate / 1000)) for port in turned] or [1]
        self.longest = max(self.lengths)
        self.count = len(turned)
        self.register_buffer("before", torch.zeros(self.count, self.longest - 1))
        self.fresh = True

    def forward(self, knobs: Tensor) -> Tensor:
        """Knobs [4, n] to controls [ports, n]."""
        n = knobs.shape[1]
        x = self.low + self.span * knobs[: self.count].clamp(0.0, 1.0)
        if self.fresh:
            self.before = x[:, :1].repeat(1, self.longest - 1)
            self.fresh = False
        x = torch.cat([self.before, x], 1)
        self.before = x[:, n:]
        rows = [self.smooth(x[i], self.lengths[i], n) for i in range(self.count)]
        rows.append(self.others.expand(-1, n))
        return torch.cat(rows)

    def smooth(self, x: Tensor, length: int, n: int) -> Tensor:
        """The mean of the last `length` samples of x [longest - 1 + n], for each of its last n: [1, n]."""
        if length == 1:
            return x[-n:].unsqueeze(0)
        sums = torch.cumsum(torch.nn.functional.pad(x.double(), [1, 0]), 0)
        return ((sums[-n:] - sums[-n - length : -length]) / length).float().unsqueeze(0)

    def reset(self) -> None:
        """The next knobs are where they have been for ever."""
        self.fresh = True


def column(values: list[float]) -> Tensor:
    """Numbers as float32 [n, 1]."""
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1)
