"""Second-order filters as exact recursions: values, memory and gradients, by the native core where it is built.

A filter is a row of sections, each five numbers: y = direct x + band b + low l, of the band-pass b and the low-pass l
of a state-variable filter with g = tan(pi cutoff / rate) and k = 1 / Q, by the trapezoidal rule.

Source: Simper, "Linear trapezoidal integrated state variable filter", 2013; Zavalishin, The Art of VA Filter Design,
chapter 4.
"""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError


def filters(x: Tensor, sections: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """x through all sections, one after another.

    Args:
        x: signal [B, C, T].
        sections: [S, 5]: g, k, direct, band, low of each; g and k above 0.
        state: memory [B, C, S, 2] left by the block before, float64; zeros after silence.

    Returns:
        y [B, C, T], and the memory for the block after. Differentiable in all three.

    Raises:
        ShapeError: when the shapes are others.

    >>> x = torch.randn(1, 1, 64)
    >>> sections = torch.tensor([[0.1, 1.4, 0.0, 0.0, 1.0]])
    >>> silence = torch.zeros(1, 1, 1, 2, dtype=torch.float64)
    >>> whole, _ = filters(x, sections, silence)
    >>> a, state = filters(x[..., :10], sections, silence)
    >>> b, _ = filters(x[..., 10:], sections, state)
    >>> torch.allclose(whole, torch.cat([a, b], dim=-1))
    True
    """
    wanted = (*x.shape[:2], sections.shape[0], 2)
    if x.ndim != 3 or sections.ndim != 2 or sections.shape[1] != 5 or state.shape != wanted:
        raise ShapeError(
            f"filters want x [B, C, T], sections [S, 5] and state [B, C, S, 2], and got {list(x.shape)}, "
            f"{list(sections.shape)} and {list(state.shape)}"
        )
    play = _native if native is not None and x.device.type == "cpu" else _plain
    y, state = play(x.double(), sections.double(), state)
    return y.to(x.dtype), state


def _native(x: Tensor, sections: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    return _Native.apply(x, sections, state)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, sections, state):
        rows, count = x.flatten(0, 1).contiguous(), sections.shape[0]
        learning = any(ctx.needs_input_grad)
        kept = x.new_empty(*rows.shape, count, 3) if learning else x.new_empty(0)
        y, sections = torch.empty_like(rows), sections.detach().contiguous()
        after = state.clone(memory_format=torch.contiguous_format)
        native.filters_forward(rows.numpy(), sections.numpy(), after.numpy(), y.numpy(), kept.numpy())
        ctx.save_for_backward(sections, kept)
        return y.view_as(x), after

    @staticmethod
    def backward(ctx, dy, d_state):
        sections, kept = ctx.saved_tensors
        rows, d_sections = dy.flatten(0, 1).contiguous(), torch.zeros_like(sections)
        dx, d_state = torch.empty_like(rows), d_state.clone(memory_format=torch.contiguous_format)
        native.filters_backward(
            rows.numpy(), sections.numpy(), kept.numpy(), d_state.numpy(), dx.numpy(), d_sections.numpy()
        )
        return dx.view_as(dy), d_sections, d_state


def _plain(x: Tensor, sections: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """The same in torch, sample by sample: for machines without the core, and to compare with."""
    left = []
    for (g, k, direct, band, low), memory in zip(sections, state.unbind(2), strict=True):
        a1 = 1.0 / (1.0 + g * (g + k))
        (s1, s2), ys = memory.unbind(-1), []
        for v0 in x.unbind(-1):
            v3 = v0 - s2
            v1 = a1 * (s1 + g * v3)
            v2 = s2 + g * v1
            ys.append(direct * v0 + band * v1 + low * v2)
            s1, s2 = 2.0 * v1 - s1, 2.0 * v2 - s2
        x = torch.stack(ys, dim=-1) if ys else x
        left.append(torch.stack([s1, s2], dim=-1))
    return x, torch.stack(left, dim=2)
