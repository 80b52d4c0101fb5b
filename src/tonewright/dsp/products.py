"""Products of large matrices, by the native core where it is built: for networks that are taught on one thread.

What torch multiplies matrices with does not use the widest vectors of every processor; the core does. With more
threads than one, torch divides the work, and ours would not.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright.dsp.native import native
from tonewright.errors import ShapeError

MANY = 48  # rows and columns of both, from which on the core is faster


def product(a: Tensor, b: Tensor) -> Tensor:
    """a [m, k] times b [k, n]; either may be a turned or a strided view. No gradient comes back through it.

    Raises:
        ShapeError: when they do not fit.

    >>> a, b = torch.randn(70, 80), torch.randn(90, 80)
    >>> torch.allclose(product(a, b.t()), a @ b.t(), atol=1e-4)
    True
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ShapeError(f"product wants [m, k] and [k, n], and got {list(a.shape)} and {list(b.shape)}")
    if not worth_it(a, b):
        return a @ b
    made = a.new_empty(a.shape[0], b.shape[1])
    native.multiply(a.detach().numpy(), b.detach().numpy(), made.detach().numpy())
    return made


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """torch.nn.functional.linear, x [..., inputs] -> y [..., outputs], with its gradients.

    >>> x, weight, bias = torch.randn(3, 100, 50), torch.randn(60, 50), torch.randn(60)
    >>> torch.allclose(linear(x, weight, bias), F.linear(x, weight, bias), atol=1e-4)
    True
    """
    wanted = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, weight, bias))
    if wanted and worth_it(x.flatten(0, -2), weight):
        return _Linear.apply(x, weight, bias)
    return F.linear(x, weight, bias)


def worth_it(a: Tensor, b: Tensor) -> bool:
    """Whether the core multiplies these two matrices."""
    ours = native is not None and min(*a.shape, *b.shape) >= MANY and torch.get_num_threads() == 1
    return ours and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in (a, b))


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        rows = x.reshape(-1, x.shape[-1])
        ctx.save_for_backward(rows, weight)
        y = product(rows, weight.t()).view(*x.shape[:-1], len(weight))
        return y if bias is None else y.add_(bias)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        rows, weight = ctx.saved_tensors
        slopes = dy.reshape(-1, len(weight))
        wanted = ctx.needs_input_grad
        dx = product(slopes, weight).view(*dy.shape[:-1], -1) if wanted[0] else None
        return dx, product(slopes.t(), rows) if wanted[1] else None, slopes.sum(0) if wanted[2] else None
