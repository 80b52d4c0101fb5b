"""A delay line that feeds itself: values, memory and gradients, by the native core where it is built.

Source: Laakso, Valimaki, Karjalainen and Laine, "Splitting the Unit Delay", IEEE Signal Processing Magazine 13, 1996:
the interpolator of Lagrange.
"""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError

LEAST = 2  # samples; a fractional delay also reads the sample after it, which must be in the line already
REACH = 2  # samples before the delay that it reads as well


def delay_line(
    x: Tensor, delay: Tensor, feedback: Tensor, damping: Tensor, history: Tensor, last: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What x was so many samples ago, what that was as many before, and so on: the wet sound of an echo or a chorus.

    y[t] = r[t] + damping (y[t - 1] - r[t]), where r[t] is w(t - delay[t]) by a polynomial of third order through four
    samples of the line, and w[t] = x[t] + feedback y[t]. A whole delay is exactly that.

    Args:
        x: signal [B, C, T].
        delay: in samples, one number or [B, 1, T]. What is below 2, or above what the line holds, counts as that.
        feedback: one number, of any sign; from -1 or 1 on the sound never ends.
        damping: one number, how much of the treble each round loses, from 0 (none) to below 1.
        history: what went into the line before the block, oldest first, [B, C, longest delay + 2], float64.
        last: the y before the block, [B, C], float64.

    Returns:
        y [B, C, T], and the history and the last y for the block after. Differentiable in all six; where a delay is
        outside of its limits, nothing changes with it.

    Raises:
        ShapeError: when the shapes are others.

    >>> x, silence = torch.tensor([[[1.0, 0.0, 0.0, 0.0, 0.0]]]), torch.zeros(1, 1, 10, dtype=torch.float64)
    >>> delay, feedback, damping = torch.tensor(2.0), torch.tensor(0.5), torch.tensor(0.0)
    >>> delay_line(x, delay, feedback, damping, silence, silence[..., 0])[0]
    tensor([[[0.0000, 0.0000, 1.0000, 0.0000, 0.5000]]])
    """
    _check(x, delay, feedback, damping, history, last)
    if delay.numel() == 1:
        delay = delay.reshape(())
    loop = feedback.double().reshape(()), damping.double().reshape(())
    play = _native if native is not None and x.device.type == "cpu" else _plain
    y, history, last = play(x.double(), delay.double(), *loop, history, last)
    return y.to(x.dtype), history, last


def _check(x, delay, feedback, damping, history, last) -> None:
    fits = x.ndim == 3 and last.shape == x.shape[:2] and history.ndim == 3 and history.shape[:2] == last.shape
    fits = fits and history.shape[-1] >= LEAST + REACH and feedback.numel() == damping.numel() == 1
    if not fits or (delay.numel() != 1 and delay.shape != (len(x), 1, x.shape[-1])):
        raise ShapeError(
            f"a delay line wants x [B, C, T], delay [B, 1, T] or one number, one feedback, one damping, history "
            f"[B, C, M] with M from {LEAST + REACH} on and last [B, C], and got {list(x.shape)}, "
            f"{list(delay.shape)}, {list(feedback.shape)}, {list(damping.shape)}, {list(history.shape)} and "
            f"{list(last.shape)}"
        )


def _native(*given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _Native.apply(*given)


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, delay, feedback, damping, history, last):
        line, y, delay = torch.cat([history, x], dim=-1), x.new_empty(x.shape), delay.contiguous()
        after = last.clone(memory_format=torch.contiguous_format)
        facts = float(feedback), float(damping), x.shape[1]
        native.delay_line_forward(line.flatten(0, 1).numpy(), delay.numpy(), *facts, after.numpy(), y.numpy())
        ctx.save_for_backward(line, delay, feedback, damping, last, y)
        return y, line[..., x.shape[-1] :].clone(), after

    @staticmethod
    def backward(ctx, dy, d_history, d_last):
        line, delay, feedback, damping, last, y = ctx.saved_tensors
        memory, samples = d_history.shape[-1], dy.shape[-1]
        d_line, d_delay, d_loop = torch.zeros_like(line), torch.zeros_like(delay), line.new_zeros(2)
        d_line[..., samples:] = d_history
        d_last = d_last.clone(memory_format=torch.contiguous_format)
        native.delay_line_backward(
            dy.contiguous().numpy(),
            line.numpy(),
            delay.numpy(),
            float(feedback),
            float(damping),
            line.shape[1],
            last.contiguous().numpy(),
            y.numpy(),
            d_line.flatten(0, 1).numpy(),
            d_delay.numpy(),
            d_last.numpy(),
            d_loop.numpy(),
        )
        return d_line[..., memory:], d_delay, d_loop[0], d_loop[1], d_line[..., :memory], d_last


def _plain(x, delay, feedback, damping, history, last) -> tuple[Tensor, Tensor, Tensor]:
    """The same in torch, sample by sample: for machines without the core, and to compare with."""
    delays = delay.expand(x.shape[0], 1, x.shape[-1])[:, 0]
    sounds = [_plain_sound(*own, feedback, damping) for own in zip(x, delays, history, last, strict=True)]
    y, history, last = (torch.stack(parts) for parts in zip(*sounds, strict=True))
    return y, history, last


def _plain_sound(x, delay, history, last, feedback, damping) -> tuple[Tensor, Tensor, Tensor]:
    """One sound [C, T] at its delays [T]."""
    memory, line, ys = history.shape[-1], list(history.unbind(-1)), []
    whole, taps = _taps(delay, memory - REACH)
    for sample, back, parts in zip(x.unbind(-1), whole.tolist(), taps, strict=True):
        at = len(line) - back - REACH
        read = torch.stack(line[at : at + 4], dim=-1) @ parts
        last = read + damping * (last - read)
        line.append(sample + feedback * last)
        ys.append(last)
    return torch.stack(ys, dim=-1) if ys else x, torch.stack(line[-memory:], dim=-1), last


def _taps(delay: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The whole part of each delay [T], and what it takes of four samples, the oldest first, [T, 4]."""
    delay = torch.where(delay >= LEAST, delay.clamp(max=most), float(LEAST))  # also what is no number
    whole = delay.detach().floor()
    f = delay - whole
    a, b, c = f + 1.0, f - 1.0, f - 2.0
    return whole.long(), torch.stack(
        [a * f * b / 6.0, -a * f * c / 2.0, a * b * c / 2.0, -f * b * c / 6.0], -1
    )
