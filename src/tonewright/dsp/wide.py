"""Convolutions of many channels, by the native core where it is built: for networks that are taught on one thread.

A core of a processor with wide vectors does them, and their gradients, at most of its peak; what torch does them with
reaches a part of that. With more threads than one, torch divides the work, and ours would not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright.dsp.native import native

MANY = 1 << 15  # products in one item, from which on the core is faster
FEW = 8  # channels of the finer sound: with fewer, most of a vector would be empty


def conv1d(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, dilation: int = 1) -> Tensor:
    """torch.nn.functional.conv1d without padding and groups, with its gradients.

    Args:
        x: [B, inputs, T].
        weight: [outputs, inputs, kernel].
        bias: [outputs], or None.

    Returns:
        y [B, outputs, (T - (kernel - 1) * dilation - 1) // stride + 1].

    >>> x, weight = torch.randn(1, 64, 200), torch.randn(96, 64, 3)
    >>> torch.allclose(conv1d(x, weight, dilation=9), F.conv1d(x, weight, dilation=9), atol=1e-3)
    True
    """
    samples = (x.shape[-1] - (weight.shape[-1] - 1) * dilation - 1) // stride + 1
    if worth_it(x, weight, bias, weight.shape[1], samples):
        return _Conv.apply(x, weight, bias, stride, dilation, samples)
    return F.conv1d(x, weight, bias, stride, dilation=dilation)


def conv_transpose1d(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1) -> Tensor:
    """torch.nn.functional.conv_transpose1d without padding and groups, with its gradients.

    Args:
        x: [B, inputs, T].
        weight: [inputs, outputs, kernel].
        bias: [outputs], or None.

    Returns:
        y [B, outputs, (T - 1) * stride + kernel].

    >>> x, weight = torch.randn(1, 96, 50), torch.randn(96, 64, 8)
    >>> torch.allclose(conv_transpose1d(x, weight, stride=4), F.conv_transpose1d(x, weight, stride=4), atol=1e-3)
    True
    """
    if worth_it(x, weight, bias, weight.shape[0], x.shape[-1]):
        return _Transposed.apply(x, weight, bias, stride)
    return F.conv_transpose1d(x, weight, bias, stride)


def worth_it(x: Tensor, weight: Tensor, bias: Tensor | None, inputs: int, samples: int) -> bool:
    """Whether the core does a convolution of so many samples of the coarser sound. What does not fit is torch's to refuse."""
    if native is None or torch.get_num_threads() != 1 or x.ndim != 3 or weight.ndim != 3 or x.shape[1] != inputs:
        return False
    ours = samples > 0 and weight.shape[1] >= FEW and weight.numel() * samples >= MANY
    given = [t for t in (x, weight, bias) if t is not None]
    return ours and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in given)


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride, dilation, samples):
        x, weight = _rows(x), weight.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.steps = (stride, dilation)
        return _gather(weight, bias, x, samples, *ctx.steps)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        (x, weight), dy = ctx.saved_tensors, _rows(dy)
        wanted = ctx.needs_input_grad
        dx = _spread(weight, None, dy, x.shape[-1], *ctx.steps) if wanted[0] else None
        dw = _slopes(weight, x, dy, *ctx.steps) if wanted[1] else None
        return dx, dw, dy.sum((0, 2)) if wanted[2] else None, None, None, None


class _Transposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride):
        x, weight = _rows(x), weight.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        samples = (x.shape[-1] - 1) * stride + weight.shape[-1]
        return _spread(weight, bias, x, samples, stride, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        (x, weight), dy = ctx.saved_tensors, _rows(dy)
        wanted = ctx.needs_input_grad
        dx = _gather(weight, None, dy, x.shape[-1], ctx.stride, 1) if wanted[0] else None
        dw = _slopes(weight, dy, x, ctx.stride, 1) if wanted[1] else None
        return dx, dw, dy.sum((0, 2)) if wanted[2] else None, None


def _gather(weight: Tensor, bias: Tensor | None, fine: Tensor, samples: int, stride: int, dilation: int) -> Tensor:
    """The coarse sound of the fine one; the weights are [coarse channels, fine channels, kernel] in all three."""
    made = fine.new_empty(fine.shape[0], weight.shape[0], samples)
    native.wide_gather(*_arrays(weight, bias, fine, made), stride, dilation)
    return made


def _spread(weight: Tensor, bias: Tensor | None, coarse: Tensor, samples: int, stride: int, dilation: int) -> Tensor:
    """The fine sound of the coarse one."""
    made = coarse.new_empty(coarse.shape[0], weight.shape[1], samples)
    native.wide_spread(*_arrays(weight, bias, coarse, made), stride, dilation)
    return made


def _slopes(weight: Tensor, fine: Tensor, coarse: Tensor, stride: int, dilation: int) -> Tensor:
    """The gradient of weights that are heard between the two."""
    made = torch.empty_like(weight)
    native.wide_slopes(*_arrays(fine, coarse, made), stride, dilation)
    return made


def _arrays(*tensors: Tensor | None) -> list:
    return [None if t is None else t.detach().numpy() for t in tensors]


def _rows(x: Tensor) -> Tensor:
    """With the samples of a channel side by side, as the core reads them."""
    return x if x.stride(-1) == 1 else x.contiguous()
