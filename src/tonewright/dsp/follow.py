"""Ballistics, an attack and a release: values, memory and gradients, by the native core where it is built.

Source: Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design - A Tutorial and Analysis", JAES 60,
2012: the smooth, branching detector.
"""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError


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
    if x.ndim != 3 or attack.numel() != 1 or release.numel() != 1 or state.shape != x.shape[:2]:
        raise ShapeError(
            f"follow wants x [B, C, T], one attack, one release and state [B, C], and got {list(x.shape)}, "
            f"{list(attack.shape)}, {list(release.shape)} and {list(state.shape)}"
        )
    play = _native if native is not None and x.device.type == "cpu" else _plain
    y, state = play(x.double(), attack.double().reshape(()), release.double().reshape(()), state)
    return y.to(x.dtype), state


def _native(x: Tensor, attack: Tensor, release: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    return _Native.apply(x, attack, release, state)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, attack, release, state):
        rows, after = x.flatten(0, 1).contiguous(), state.clone(memory_format=torch.contiguous_format)
        y = torch.empty_like(rows)
        native.follow_forward(rows.numpy(), float(attack), float(release), after.numpy(), y.numpy())
        ctx.save_for_backward(rows, attack, release, state, y)
        return y.view(x.shape), after

    @staticmethod
    def backward(ctx, dy, d_state):
        x, attack, release, state, y = ctx.saved_tensors
        rows, d_rates = dy.flatten(0, 1).contiguous(), x.new_zeros(2)
        dx, d_state = torch.empty_like(rows), d_state.clone(memory_format=torch.contiguous_format)
        native.follow_backward(
            rows.numpy(),
            float(attack),
            float(release),
            state.contiguous().numpy(),
            x.numpy(),
            y.numpy(),
            d_state.numpy(),
            dx.numpy(),
            d_rates.numpy(),
        )
        return dx.view(dy.shape), d_rates[0], d_rates[1], d_state


def _plain(x: Tensor, attack: Tensor, release: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """The same in torch, sample by sample: for machines without the core, and to compare with."""
    y, ys = state, []
    for sample in x.unbind(-1):
        way = sample - y
        y = y + torch.where(way < 0, attack, release) * way
        ys.append(y)
    return torch.stack(ys, dim=-1) if ys else x, y
