"""A lag that depends on where it is.

Source: the vactrol model of Guitarix, after "transmogrifox": a photoresistor is slow in the dark, and fast in light.
"""

import torch
from torch import Tensor

from tonewright.dsp.one_pole import OnePole


def lag(x: Tensor, slow: Tensor, fast: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """x, followed the faster, the higher that which follows is, as a photoresistor follows the light.

    y[t] = y[t - 1] + (x[t] - y[t - 1]) / (1 + tau), where tau = slow^(1 - p) fast^p, and p is y[t - 1], or the end
    of 0 to 1 that it is beyond.

    Args:
        x: signal [B, C, T], usually from 0 to 1.
        slow, fast: one number each, the time constant in samples at 0 and at 1, above 0.
        state: the y before the block, [B, C], float64.

    Returns:
        y [B, C, T], and the state for the block after. Differentiable in all four.

    Raises:
        ShapeError: when the shapes are others.

    >>> x = torch.tensor([[[1.0, 1.0, 0.0]]])
    >>> zero = torch.zeros(1, 1, dtype=torch.float64)
    >>> lag(x, torch.tensor(3.0), torch.tensor(1.0), zero)[0]
    tensor([[[0.2500, 0.4787, 0.3061]]])
    """
    return _LAG(x, slow, fast, state)


def _plain(slow: Tensor, fast: Tensor):
    dark, swing = torch.log(slow), torch.log(fast) - torch.log(slow)

    def step(x: Tensor, y: Tensor) -> Tensor:
        tau = torch.exp(dark + y.clamp(0.0, 1.0) * swing)
        return y + (x - y) / (1.0 + tau)

    return step


_LAG = OnePole("lag", ("slow", "fast"), _plain)
