"""A lag that depends on where it is: values, memory and gradients, by the native core where it is built.

Source: the vactrol model of Guitarix, after "transmogrifox": a photoresistor is slow in the dark, and fast in light.
"""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError


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
    if x.ndim != 3 or slow.numel() != 1 or fast.numel() != 1 or state.shape != x.shape[:2]:
        raise ShapeError(
            f"lag wants x [B, C, T], one slow, one fast and state [B, C], and got {list(x.shape)}, "
            f"{list(slow.shape)}, {list(fast.shape)} and {list(state.shape)}"
        )
    play = _native if native is not None and x.device.type == "cpu" else _plain
    y, state = play(x.double(), slow.double().reshape(()), fast.double().reshape(()), state)
    return y.to(x.dtype), state


def _native(x: Tensor, slow: Tensor, fast: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    return _Native.apply(x, slow, fast, state)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, slow, fast, state):
        rows, after = x.flatten(0, 1).contiguous(), state.clone(memory_format=torch.contiguous_format)
        y = torch.empty_like(rows)
        native.lag_forward(rows.numpy(), float(slow), float(fast), after.numpy(), y.numpy())
        ctx.save_for_backward(rows, slow, fast, state, y)
        return y.view(x.shape), after

    @staticmethod
    def backward(ctx, dy, d_state):
        x, slow, fast, state, y = ctx.saved_tensors
        rows, d_lags = dy.flatten(0, 1).contiguous(), x.new_zeros(2)
        dx, d_state = torch.empty_like(rows), d_state.clone(memory_format=torch.contiguous_format)
        native.lag_backward(
            rows.numpy(),
            float(slow),
            float(fast),
            state.contiguous().numpy(),
            x.numpy(),
            y.numpy(),
            d_state.numpy(),
            dx.numpy(),
            d_lags.numpy(),
        )
        return dx.view(dy.shape), d_lags[0], d_lags[1], d_state


def _plain(x: Tensor, slow: Tensor, fast: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """The same in torch, sample by sample: for machines without the core, and to compare with."""
    dark, swing = torch.log(slow), torch.log(fast) - torch.log(slow)
    y, ys = state, []
    for sample in x.unbind(-1):
        tau = torch.exp(dark + y.clamp(0.0, 1.0) * swing)
        y = y + (sample - y) / (1.0 + tau)
        ys.append(y)
    return torch.stack(ys, dim=-1) if ys else x, y
