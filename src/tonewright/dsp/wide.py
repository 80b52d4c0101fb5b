"""Convolutions of many channels, by the native core where it is built: for networks that are taught on one thread.

A core of a processor with wide vectors does them, and their gradients, near the most it can; what torch does them
with stays further below. What stands before a convolution in a network is done on the way: a leaky ReLU, and the past
that is laid before a block. With more threads than one, torch divides the work, and ours would not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright.dsp.native import native

MANY = 1 << 16  # products in all, from which on the core is faster
FEW = 4  # channels of the finer sound, times the stride: with fewer, most of a vector is empty


def conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    dilation: int = 1,
    padding: int = 0,
    past: Tensor | None = None,
    slope: float = 1.0,
) -> Tensor:
    """torch.nn.functional.conv1d of leaky_relu(x, slope), without groups, with its gradients.

    Args:
        x: [B, inputs, T].
        weight: [outputs, inputs, kernel].
        bias: [outputs], or None.
        stride, dilation: as in torch.
        padding: samples of silence on both sides; not beside a past.
        past: samples [B, inputs, P] to lay before those of x, bent already; none when None.
        slope: of the leaky ReLU; 1 is none.

    Returns:
        y [B, outputs, (P + T + 2 * padding - (kernel - 1) * dilation - 1) // stride + 1].

    >>> x, weight = torch.randn(1, 64, 200), torch.randn(96, 64, 3)
    >>> y = F.conv1d(F.leaky_relu(x, 0.2), weight, dilation=9)
    >>> torch.allclose(conv1d(x, weight, dilation=9, slope=0.2), y, atol=1e-3)
    True
    """
    before = padding if past is None else past.shape[-1]
    total = before + x.shape[-1] + padding
    samples = (total - (weight.shape[-1] - 1) * dilation - 1) // stride + 1
    if worth_it(x, weight, bias, past, weight.shape[1], samples, stride):
        if weight.shape[1] < FEW and dilation == 1:
            x = F.pad(joined(x, past, slope), (padding, -total % stride + padding))
            return _Conv.apply(_dealt(x, stride), None, _dealt(weight, stride), bias, (1, 1), 0, 1.0, samples)
        return _Conv.apply(x, past, weight, bias, (stride, dilation), before, slope, samples)
    return F.conv1d(joined(x, past, slope), weight, bias, stride, padding, dilation)


def conv_transpose1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    past: Tensor | None = None,
    slope: float = 1.0,
) -> Tensor:
    """torch.nn.functional.conv_transpose1d of leaky_relu(x, slope), without groups, with its gradients.

    Args:
        x: [B, inputs, T].
        weight: [inputs, outputs, kernel].
        bias: [outputs], or None.
        stride: as in torch.
        past: samples [B, inputs, P] to lay before those of x, bent already; none when None.
        slope: of the leaky ReLU; 1 is none.

    Returns:
        Of y, what lies between the first sample of x and the first after it, [B, outputs, T * stride].

    >>> x, weight = torch.randn(1, 96, 50), torch.randn(96, 64, 8)
    >>> y = F.conv_transpose1d(x, weight, stride=4)[..., :200]
    >>> torch.allclose(conv_transpose1d(x, weight, stride=4), y, atol=1e-3)
    True
    """
    if worth_it(x, weight, bias, past, weight.shape[0], x.shape[-1], stride):
        if weight.shape[1] < FEW:
            bias = None if bias is None else bias.repeat_interleave(stride)
            y = _Transposed.apply(x, past, _dealt(weight, stride), bias, 1, slope)
            return y.unflatten(1, (-1, stride)).transpose(2, 3).flatten(2)
        return _Transposed.apply(x, past, weight, bias, stride, slope)
    y = F.conv_transpose1d(joined(x, past, slope), weight, bias, stride)
    skip = 0 if past is None else past.shape[-1] * stride
    return F.pad(y[..., skip:], (0, max(0, x.shape[-1] * stride - y.shape[-1] + skip)))[
        ..., : x.shape[-1] * stride
    ]


def worth_it(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    past: Tensor | None,
    inputs: int,
    samples: int,
    stride: int,
) -> bool:
    """Whether the core does a convolution of so many coarse samples. What does not fit is torch's to refuse."""
    if (
        native is None
        or torch.get_num_threads() != 1
        or x.ndim != 3
        or weight.ndim != 3
        or x.shape[1] != inputs
    ):
        return False
    if past is not None and past.shape[:2] != x.shape[:2]:
        return False
    ours = samples > 0 and weight.shape[1] * stride >= FEW and weight.numel() * samples * len(x) >= MANY
    given = [t for t in (x, weight, bias, past) if t is not None]
    return ours and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in given)


def _dealt(x: Tensor, count: int) -> Tensor:
    """x [A, C, T] with every sample of `count` in a channel of its own, [A, C * count, T / count] rounded up.

    With few channels most of a vector would be empty; a convolution of one channel with a stride is one of as many
    channels without.
    """
    x = F.pad(x, (0, -x.shape[-1] % count))
    return x.unflatten(2, (-1, count)).transpose(2, 3).flatten(1, 2)


def joined(x: Tensor, past: Tensor | None, slope: float) -> Tensor:
    """What a convolution hears, made by torch."""
    x = x if slope == 1.0 else F.leaky_relu(x, slope)
    return x if past is None else torch.cat([past, x], dim=-1)


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, past, weight, bias, steps, before, slope, samples):
        x, past, weight = _rows(x), _rows(past), weight.contiguous()
        ctx.save_for_backward(x, past, weight)
        ctx.steps, ctx.before, ctx.slope = steps, before, slope
        return _gather(weight, bias, (x, past, before, slope), samples, steps)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        (x, past, weight), dy = ctx.saved_tensors, _rows(dy)
        wanted, whole = ctx.needs_input_grad, (dy, None, 0, 1.0)
        dx = d_past = dw = None
        if wanted[1]:
            made = _spread(weight, None, whole, 0, None, 1.0, ctx.before + x.shape[-1], ctx.steps)
            d_past, dx = made[..., : ctx.before], _shaded(made[..., ctx.before :], x, ctx.slope)
        elif wanted[0]:
            bent = None if ctx.slope == 1.0 else x
            dx = _spread(weight, None, whole, ctx.before, bent, ctx.slope, x.shape[-1], ctx.steps)
        if wanted[2]:
            dw = _slopes(weight, (x, past, ctx.before, ctx.slope), whole, ctx.steps)
        return dx, d_past, dw, dy.sum((0, 2)) if wanted[3] else None, None, None, None, None


class _Transposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, past, weight, bias, stride, slope):
        x, past, weight = _rows(x), _rows(past), weight.contiguous()
        ctx.save_for_backward(x, past, weight)
        ctx.steps, ctx.before, ctx.slope = (stride, 1), 0 if past is None else past.shape[-1], slope
        heard = (x, past, ctx.before, slope)
        return _spread(weight, bias, heard, ctx.before * stride, None, 1.0, x.shape[-1] * stride, ctx.steps)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        (x, past, weight), dy = ctx.saved_tensors, _rows(dy)
        wanted, skip = ctx.needs_input_grad, ctx.before * ctx.steps[0]
        dx = d_past = dw = None
        if wanted[1]:
            made = _gather(weight, None, (dy, None, skip, 1.0), ctx.before + x.shape[-1], ctx.steps)
            d_past, dx = made[..., : ctx.before], _shaded(made[..., ctx.before :], x, ctx.slope)
        elif wanted[0]:
            bent = None if ctx.slope == 1.0 else x
            dx = _gather(weight, None, (dy, None, 0, 1.0), x.shape[-1], ctx.steps, bent, ctx.slope)
        if wanted[2]:
            dw = _slopes(weight, (dy, None, skip, 1.0), (x, past, ctx.before, ctx.slope), ctx.steps)
        return dx, d_past, dw, dy.sum((0, 2)) if wanted[3] else None, None, None


# A sound, its past or None, the samples of that (silence where it is None), and the slope of a leaky ReLU.
Heard = tuple[Tensor, Tensor | None, int, float]


def _gather(
    weight: Tensor,
    bias: Tensor | None,
    fine: Heard,
    samples: int,
    steps: tuple[int, int],
    bent: Tensor | None = None,
    slope: float = 1.0,
) -> Tensor:
    """The coarse sound of the fine one, times the slope of the leaky ReLU at `bent`.

    The weights are [coarse channels, fine channels, kernel] in all three.
    """
    made = fine[0].new_empty(len(fine[0]), weight.shape[0], samples)
    native.wide_gather(
        _array(weight), _array(bias), *_arrays(fine), _array(bent), slope, _array(made), *steps
    )
    return made


def _spread(
    weight: Tensor,
    bias: Tensor | None,
    coarse: Heard,
    skip: int,
    bent: Tensor | None,
    slope: float,
    samples: int,
    steps: tuple[int, int],
) -> Tensor:
    """The fine sound of the coarse one without its first `skip` samples, times the slope of the ReLU at `bent`."""
    made = coarse[0].new_empty(len(coarse[0]), weight.shape[1], samples)
    given = (_array(weight), _array(bias), *_arrays(coarse), skip, _array(bent), slope)
    native.wide_spread(*given, _array(made), *steps)
    return made


def _slopes(weight: Tensor, fine: Heard, coarse: Heard, steps: tuple[int, int]) -> Tensor:
    """The gradient of weights that are heard between the two."""
    made = torch.empty_like(weight)
    native.wide_slopes(*_arrays(fine), *_arrays(coarse), _array(made), *steps)
    return made


def _shaded(dy: Tensor, x: Tensor, slope: float) -> Tensor:
    return dy if slope == 1.0 else torch.where(x > 0, dy, slope * dy)


def _arrays(heard: Heard) -> tuple:
    x, past, before, slope = heard
    return _array(x), _array(past), before, slope


def _array(x: Tensor | None):
    return None if x is None else x.detach().numpy()


def _rows(x: Tensor | None) -> Tensor | None:
    """With the samples of a channel side by side, as the core reads them."""
    return x if x is None or x.stride(-1) == 1 else x.contiguous()
