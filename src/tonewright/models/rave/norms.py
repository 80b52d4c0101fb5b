"""Weights as a direction and a length while they are taught; one number each again before they are played.

Source: Salimans and Kingma, "Weight Normalization", NeurIPS 2016.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized, register_parametrization, remove_parametrizations

from tonewright.layers.conv import Conv1d, ConvTranspose1d


def norm_weights(module: nn.Module, levels: dict[nn.Module, Tensor] | None = None) -> None:
    """Give every convolution that is taught a length for each channel of its output.

    Args:
        module: with the convolutions.
        levels: that are in the weights of some of them, and stay as they are; see `Levels`.
    """
    for layer in list(module.modules()):
        if not isinstance(layer, (Conv1d, ConvTranspose1d)) or not layer.weight.requires_grad:
            continue
        level = (levels or {}).get(layer)
        if level is not None:  # a second parametrization takes the weight as it finds it
            with torch.no_grad():
                layer.weight.div_(level)
        if isinstance(layer, ConvTranspose1d):
            register_parametrization(layer, "weight", TransposedNorm(), unsafe=True)
        else:
            weight_norm(layer, "weight", dim=0)
        if level is not None:
            register_parametrization(layer, "weight", Levels(level))


def fold_norms(module: nn.Module) -> None:
    """Take the lengths back into the weights."""
    for layer in list(module.modules()):
        if is_parametrized(layer, "weight"):
            remove_parametrizations(layer, "weight")


class Levels(nn.Module):
    """Weights times levels of their inputs or outputs, which are not taught.

    >>> Levels(torch.tensor([[0.1], [10.0]]))(torch.ones(1, 2, 3))
    tensor([[[ 0.1000,  0.1000,  0.1000],
             [10.0000, 10.0000, 10.0000]]])
    """

    def __init__(self, level: Tensor):
        super().__init__()
        self.register_buffer("level", level)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.level


class TransposedNorm(nn.Module):
    """What torch's weight_norm does with dim=1, for weights [inputs, outputs, taps]: it takes 15 times as long.

    >>> norm = TransposedNorm()
    >>> length, direction = norm.right_inverse(torch.randn(6, 4, 2))
    >>> length.shape, torch.allclose(norm(length, direction), torch._weight_norm(direction, length, 1))
    (torch.Size([1, 4, 1]), True)
    """

    def forward(self, length: Tensor, direction: Tensor) -> Tensor:
        return _Scaled.apply(length, direction)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Length and direction of a weight."""
        return torch.linalg.vector_norm(weight, dim=(0, 2), keepdim=True), weight


class _Scaled(torch.autograd.Function):
    """direction * length / its norm. Outputs and taps are one row, summed over the inputs without any turning."""

    @staticmethod
    def forward(ctx, length, direction):
        rows = direction.flatten(1)
        norm = _by_output(rows.square(), direction).sqrt()
        ctx.save_for_backward(length, direction, norm)
        return (rows * _row(length / norm, direction)).view_as(direction)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        length, direction, norm = ctx.saved_tensors
        rows, slopes = direction.flatten(1), dy.flatten(1)
        along = _by_output(rows * slopes, direction) / norm
        made = slopes * _row(length / norm, direction)
        made.addcmul_(rows, _row(length * along / norm.square(), direction), value=-1)
        return along, made.view_as(direction)


def _by_output(rows: Tensor, weight: Tensor) -> Tensor:
    """Sums [1, outputs, 1] of what has the shape of the weight, in rows."""
    return rows.sum(0).view(1, weight.shape[1], -1).sum(2, keepdim=True)


def _row(of_outputs: Tensor, weight: Tensor) -> Tensor:
    return of_outputs.expand(1, *weight.shape[1:]).flatten()
