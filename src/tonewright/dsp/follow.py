"""Ballistics, an attack and a release.

Source: Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design - A Tutorial and Analysis", JAES 60,
2012: the smooth, branching detector.
"""

import torch
from torch import Tensor

from tonewright.dsp.one_pole import OnePole


def follow(x: Tensor, attack: Tensor, release: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """x, followed at one rate when it falls and at another when it rises, as a compressor's gain in dB is.

    y[t] = y[t - 1] + rate (x[t] - y[t - 1]), where rate is `attack` if x[t] < y[t - 1], and else `release`. A time
    constant of n samples is a rate of 1 - exp(-1 / n). It is the rate that is handed over, and not what is kept,
    because a float32 next to 1 would spoil a slow one.

    Args:
        x: signal [B, C, T].
        attack, release: one number each, the part of the way that is gone in a sample, in (0, 1].
        state: the y before the block, [B, C], float64.

    Returns:
        y [B, C, T], and the state for the block after. Differentiable in all four; which of the two rates is taken
        counts as given.

    Raises:
        ShapeError: when the shapes are others.

    >>> x = torch.tensor([[[-8.0, -8.0, 0.0]]])
    >>> zero = torch.zeros(1, 1, dtype=torch.float64)
    >>> follow(x, torch.tensor(0.5), torch.tensor(0.25), zero)[0]
    tensor([[[-4.0000, -6.0000, -4.5000]]])
    """
    return _FOLLOW(x, attack, release, state)


def _plain(attack: Tensor, release: Tensor):
    def step(x: Tensor, y: Tensor) -> Tensor:
        way = x - y
        return y + torch.where(way < 0, attack, release) * way

    return step


_FOLLOW = OnePole("follow", ("attack", "release"), _plain)
