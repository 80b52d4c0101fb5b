"""A feedback delay network, as a reverb's: values, memory and gradients, by the native core where it is built.

Source: Jot and Chaigne, "Digital delay networks for designing artificial reverberators", AES 90, 1991; Smith,
Physical Audio Signal Processing, "Householder Feedback Matrix".
"""

from collections import deque

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError


def delay_network(
    x: Tensor,
    gains: Tensor,
    damping: Tensor,
    inputs: Tensor,
    outputs: Tensor,
    delays: tuple[int, ...],
    history: Tensor,
    low: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """x through N delay lines, each through a low-pass and a gain, that are mixed and fed back to each other.

    Of line i, r is the w of delays[i] samples ago, p = r + damping[i] (p[t - 1] - r), and f = gains[i] p. y is the
    sum of all outputs[i] f, and w = inputs[i] x + f - 2 / N (the sum of all f). Householder's mixing keeps the
    energy, so that gains of 10^(-3 delays[i] / (T60 rate)) let it decay by 60 dB in T60 seconds.

    Args:
        x: signal [B, C, T]; each channel has a network of its own.
        gains: [N], each between -1 and 1 if it is to end.
        damping: [N], each at least 0 and below 1; at 0 nothing is damped.
        inputs, outputs: [N], how much of x goes into each line, and of each into y.
        delays: N whole numbers of samples, 1 or more.
        history: the last delays[i] of w in [B, C, sum of delays], oldest first, line after line, float64; zeros after
            silence.
        low: the p of each line before the block, [B, C, N], float64; zeros after silence.

    Returns:
        y [B, C, T], and the history and the low of the block after. Differentiable in all but the delays.

    Raises:
        ShapeError: when the shapes are others.

    >>> x = torch.tensor([[[1.0, 0.0, 0.0, 0.0, 0.0]]])
    >>> one, none = torch.ones(1), torch.zeros(1)
    >>> memory, low = torch.zeros(1, 1, 2, dtype=torch.float64), torch.zeros(1, 1, 1, dtype=torch.float64)
    >>> delay_network(x, 0.5 * one, none, one, one, (2,), memory, low)[0]
    tensor([[[ 0.0000,  0.0000,  0.5000,  0.0000, -0.2500]]])
    """
    numbers = (gains, damping, inputs, outputs)
    fits = (
        x.ndim == 3
        and len(delays) > 0
        and min(delays) > 0
        and all(n.shape == (len(delays),) for n in numbers)
    )
    if not fits or history.shape != (*x.shape[:2], sum(delays)) or low.shape != (*x.shape[:2], len(delays)):
        raise ShapeError(
            f"delay_network wants x [B, C, T], four times [N], N delays, history [B, C, sum of delays] and low "
            f"[B, C, N], and got {list(x.shape)}, {[list(n.shape) for n in numbers]}, {list(delays)}, "
            f"{list(history.shape)} and {list(low.shape)}"
        )
    play = _native if native is not None and x.device.type == "cpu" else _plain
    y, *after = play(x.double(), torch.stack([n.double() for n in numbers]), tuple(delays), history, low)
    return y.to(x.dtype), *after


def _native(
    x: Tensor, numbers: Tensor, delays: tuple[int, ...], history: Tensor, low: Tensor
) -> tuple[Tensor, ...]:
    return _Native.apply(x, numbers, torch.tensor(delays, dtype=torch.int32), history, low)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, numbers, delays, history, low):
        rows, learning = x.flatten(0, 1).contiguous(), any(ctx.needs_input_grad)
        history_after = history.clone(memory_format=torch.contiguous_format)
        low_after = low.clone(memory_format=torch.contiguous_format)
        y, kept = (
            torch.empty_like(rows),
            x.new_empty(*rows.shape, len(delays), 2) if learning else x.new_empty(0),
        )
        native.delay_network_forward(
            rows.numpy(),
            delays.numpy(),
            numbers.numpy(),
            history_after.numpy(),
            low_after.numpy(),
            y.numpy(),
            kept.numpy(),
        )
        ctx.save_for_backward(rows, numbers, delays, low, kept)
        return y.view(x.shape), history_after, low_after

    @staticmethod
    def backward(ctx, dy, d_history, d_low):
        x, numbers, delays, low, kept = ctx.saved_tensors
        rows, d_numbers = dy.flatten(0, 1).contiguous(), torch.zeros_like(numbers)
        dx, d_low = torch.empty_like(rows), d_low.clone(memory_format=torch.contiguous_format)
        d_history = d_history.clone(memory_format=torch.contiguous_format)
        native.delay_network_backward(
            rows.numpy(),
            delays.numpy(),
            numbers.numpy(),
            low.contiguous().numpy(),
            x.numpy(),
            kept.numpy(),
            d_history.numpy(),
            d_low.numpy(),
            dx.numpy(),
            d_numbers.numpy(),
        )
        return dx.view(dy.shape), d_numbers, None, d_history, d_low


def _plain(
    x: Tensor, numbers: Tensor, delays: tuple[int, ...], history: Tensor, low: Tensor
) -> tuple[Tensor, ...]:
    """The same in torch, sample by sample: for machines without the core, and to compare with."""
    gains, damping, inputs, outputs = numbers
    lines, ys = [deque(line.unbind(-1)) for line in history.split(delays, dim=-1)], []
    for sample in x[..., None].unbind(-2):
        r = torch.stack([line.popleft() for line in lines], dim=-1)
        low = r + damping * (low - r)
        f = gains * low
        ys.append((outputs * f).sum(-1))
        w = inputs * sample + f - 2.0 / len(delays) * f.sum(-1, keepdim=True)
        for line, last in zip(lines, w.unbind(-1), strict=True):
            line.append(last)
    left = torch.stack([last for line in lines for last in line], dim=-1)
    return torch.stack(ys, dim=-1) if ys else x, left, low
