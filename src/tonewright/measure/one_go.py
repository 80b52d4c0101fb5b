"""Spectral losses of which the native core makes value and gradient in one go."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright.dsp.native import native

# of target, estimate and slope to the value; writes how it changes with the estimate into slope, unless that is empty
Loss = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def can(target: Tensor, estimate: Tensor, sizes: tuple[int, ...]) -> bool:
    """Whether the core is built and takes these: float32 on the CPU, no gradient of the target, windows it knows."""
    if native is None or target.requires_grad or target.numel() == 0:
        return False
    ours = all(x.dtype == torch.float32 and x.device.type == "cpu" for x in (target, estimate))
    return ours and all(map(native.can_spectral_loss, sizes))


def value(loss: Loss, target: Tensor, estimate: Tensor) -> Tensor:
    """The loss as one number that knows its gradient by the estimate, where that wants one; no gradient of that."""
    if estimate.requires_grad and torch.is_grad_enabled():
        return _OneGo.apply(target, estimate, loss)
    return target.new_tensor(_call(loss, target, estimate, target.new_empty(0)))


def _call(loss: Loss, target: Tensor, estimate: Tensor, slope: Tensor) -> float:
    x, y = (signal.detach().contiguous().numpy() for signal in (target, estimate))
    return loss(x, y, slope.numpy())


class _OneGo(torch.autograd.Function):
    @staticmethod
    def forward(ctx, target, estimate, loss):
        slope = torch.empty(estimate.shape)
        value = _call(loss, target, estimate, slope)
        ctx.save_for_backward(slope)
        return target.new_tensor(value)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_value):
        (slope,) = ctx.saved_tensors
        return None, d_value * slope, None
