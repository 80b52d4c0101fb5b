"""First-order all-passes in a row, as a phaser's: values, memory and gradients, by the native core where it is built.

Source: Zölzer (ed.), DAFX, 2nd edition, chapter 2 (phasing).
"""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError

PIECE = 64  # samples of which the core keeps one memory, to play them again when it goes back
MOST = 0.99999  # a coefficient beyond it counts as this: a stage would ring for ever


def all_passes(x: Tensor, coefficient: Tensor, feedback: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """x through S all-passes with the same, moving coefficient a, around which the last answer is fed back.

    Of u = x[t] + feedback y[t - 1] each stage makes v = a[t] u + s, leaves s = u - a[t] v for the sample after, and
    hands v on; the last v is y[t]. Without feedback a still a leaves every frequency as loud as it was; at 0 each
    stage is a delay of one sample.

    Args:
        x: signal [B, C, T].
        coefficient: a for each sample, [B, 1, T], or one number; held within +-0.99999.
        feedback: one number, between -1 and 1 if it is to end.
        state: memory [B, C, S + 1] left by the block before, float64: s of each stage, then y; zeros after silence.

    Returns:
        y [B, C, T], and the memory for the block after. Differentiable in all four.

    Raises:
        ShapeError: when the shapes are others.

    >>> x = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    >>> silence = torch.zeros(1, 1, 2, dtype=torch.float64)
    >>> all_passes(x, torch.tensor(0.5), torch.tensor(0.0), silence)[0]
    tensor([[[ 0.5000,  0.7500, -0.3750,  0.1875]]])
    """
    one = coefficient.numel() == 1
    fits = x.ndim == 3 and (one or coefficient.shape == (x.shape[0], 1, x.shape[2])) and feedback.numel() == 1
    if not fits or state.ndim != 3 or state.shape[:2] != x.shape[:2] or state.shape[2] < 2:
        raise ShapeError(
            f"all_passes want x [B, C, T], coefficient [B, 1, T] or one, one feedback and state [B, C, stages + 1], "
            f"and got {list(x.shape)}, {list(coefficient.shape)}, {list(feedback.shape)} and {list(state.shape)}"
        )
    moving = (coefficient.reshape(()) if one else coefficient.squeeze(1)).double().clamp(-MOST, MOST)
    play = _native if native is not None and x.device.type == "cpu" else _plain
    y, state = play(x.double(), moving.expand(x.shape[0], x.shape[2]), feedback.double().reshape(()), state)
    return y.to(x.dtype), state


def _native(x: Tensor, coefficient: Tensor, feedback: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    return _Native.apply(x, coefficient, feedback, state)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, coefficient, feedback, state):
        rows, coefficient = x.flatten(0, 1).contiguous(), coefficient.contiguous()
        after = state.clone(memory_format=torch.contiguous_format)
        y, stages, learning = torch.empty_like(rows), state.shape[2] - 1, any(ctx.needs_input_grad)
        kept = x.new_empty(len(rows), -(-x.shape[2] // PIECE), stages + 1) if learning else x.new_empty(0)
        native.all_passes_forward(
            rows.numpy(),
            coefficient.numpy(),
            stages,
            float(feedback),
            after.numpy(),
            y.numpy(),
            kept.numpy(),
        )
        ctx.save_for_backward(rows, coefficient, feedback, kept)
        return y.view(x.shape), after

    @staticmethod
    def backward(ctx, dy, d_state):
        x, coefficient, feedback, kept = ctx.saved_tensors
        rows, d_coefficient = dy.flatten(0, 1).contiguous(), torch.zeros_like(coefficient)
        d_feedback = dy.new_zeros(())
        dx, d_state = torch.empty_like(rows), d_state.clone(memory_format=torch.contiguous_format)
        native.all_passes_backward(
            rows.numpy(),
            coefficient.numpy(),
            d_state.shape[2] - 1,
            float(feedback),
            x.numpy(),
            kept.numpy(),
            d_state.numpy(),
            dx.numpy(),
            d_coefficient.numpy(),
            d_feedback.numpy(),
        )
        return dx.view(dy.shape), d_coefficient, d_feedback, d_state


def _plain(x: Tensor, coefficient: Tensor, feedback: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """The same in torch, sample by sample: for machines without the core, and to compare with."""
    (*memory, y), ys = state.unbind(-1), []
    for sample, a in zip(x.unbind(-1), coefficient[:, None].unbind(-1), strict=True):
        y = sample + feedback * y
        for i, s in enumerate(memory):
            u, y = y, a * y + s
            memory[i] = u - a * y
        ys.append(y)
    return torch.stack(ys, dim=-1) if ys else x, torch.stack([*memory, y], dim=-1)
