"""What follow and lag share: two numbers and a memory, by the native core where it is built, and else by torch."""

from collections.abc import Callable

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError


class OnePole:
    """y[t] = y[t - 1] + rate (x[t] - y[t - 1]); two numbers say how the rate depends on x[t] and y[t - 1].

    Args:
        name: of its kernels in the core.
        numbers: what the two are called.
        plain: the same in torch, for machines without the core and to compare with: from both numbers to the step
            that makes y[t] of x[t] and y[t - 1].
    """

    def __init__(self, name: str, numbers: tuple[str, str], plain: Callable[[Tensor, Tensor], Callable]):
        self.name, self.numbers, self.plain = name, numbers, plain

    def __call__(self, x: Tensor, first: Tensor, second: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, C, T] with two numbers and the state [B, C] before it: y [B, C, T], and the state after.

        Raises:
            ShapeError: when the shapes are others.
        """
        if x.ndim != 3 or first.numel() != 1 or second.numel() != 1 or state.shape != x.shape[:2]:
            one, two = self.numbers
            raise ShapeError(
                f"{self.name} wants x [B, C, T], one {one}, one {two} and state [B, C], and got {list(x.shape)}, "
                f"{list(first.shape)}, {list(second.shape)} and {list(state.shape)}"
            )
        given = x.double(), first.double().reshape(()), second.double().reshape(()), state
        if native is not None and x.device.type == "cpu":
            y, state = _Native.apply(self.name, *given)
        else:
            y, state = self._loop(*given)
        return y.to(x.dtype), state

    def _loop(self, x: Tensor, first: Tensor, second: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        step, ys = self.plain(first, second), []
        for sample in x.unbind(-1):
            y = step(sample, y)
            ys.append(y)
        return torch.stack(ys, dim=-1) if ys else x, y


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, name, x, first, second, state):
        rows, after = x.flatten(0, 1).contiguous(), state.clone(memory_format=torch.contiguous_format)
        y = torch.empty_like(rows)
        play = getattr(native, f"{name}_forward")
        play(rows.numpy(), float(first), float(second), after.numpy(), y.numpy())
        ctx.name = name
        ctx.save_for_backward(rows, first, second, state, y)
        return y.view(x.shape), after

    @staticmethod
    def backward(ctx, dy, d_state):
        x, first, second, state, y = ctx.saved_tensors
        rows, d_numbers = dy.flatten(0, 1).contiguous(), x.new_zeros(2)
        dx, d_state = torch.empty_like(rows), d_state.clone(memory_format=torch.contiguous_format)
        found = (state.contiguous(), x, y)
        made = (d_state, dx, d_numbers)
        getattr(native, f"{ctx.name}_backward")(
            rows.numpy(), float(first), float(second), *(array.numpy() for array in (*found, *made))
        )
        return None, dx.view(dy.shape), d_numbers[0], d_numbers[1], d_state
