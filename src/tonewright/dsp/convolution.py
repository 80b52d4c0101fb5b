"""Long convolutions: values, memory and gradients, by transforms where those are cheaper than sums."""

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright.errors import ShapeError

SUMMED = (32, 64)  # blocks, and responses, of so many samples are cheaper to sum up than to transform
WIDTH = 4  # a transform is as long as so many responses: three parts of four come out useful
SHORTEST = 1 << 14  # samples of a transform when the sound is longer than that
TOGETHER = 8  # pieces that are transformed in one call, several times faster than in as many


def long_fir(x: Tensor, response: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """y[t] = sum over k of response[k] x[t - k], for responses of up to several seconds.

    A long x is cut into pieces of a few times the response, so that no transform grows with the length of the sound.

    Args:
        x: signal [B, C, T].
        response: [N], the same for all channels; N at least 1.
        memory: the last N - 1 samples [B, C, N - 1] before the block; zeros after silence.

    Returns:
        y [B, C, T], and the memory for the block after. Differentiable once in all three.

    Raises:
        ShapeError: when the shapes are others.

    Source: overlap-save; Stockham, "High-speed convolution and correlation", 1966.

    >>> x, response = torch.randn(1, 1, 300), torch.randn(100)
    >>> silence = torch.zeros(1, 1, 99)
    >>> whole, _ = long_fir(x, response, silence)
    >>> a, memory = long_fir(x[..., :10], response, silence)
    >>> b, _ = long_fir(x[..., 10:], response, memory)
    >>> torch.allclose(whole, torch.cat([a, b], dim=-1), atol=1e-5)
    True
    """
    if x.ndim != 3 or response.ndim != 1 or not len(response) or memory.ndim != 3:
        raise ShapeError(
            f"long_fir wants x [B, C, T], a response [N] and a memory [B, C, N - 1], and got {list(x.shape)}, "
            f"{list(response.shape)} and {list(memory.shape)}"
        )
    if memory.shape != (*x.shape[:2], len(response) - 1):
        raise ShapeError(
            f"the memory of {len(response)} taps is {[*x.shape[:2], len(response) - 1]} for x {list(x.shape)}, "
            f"and got {list(memory.shape)}"
        )
    heard = torch.cat([memory, x], dim=-1)
    summed = x.shape[-1] <= SUMMED[0] or len(response) <= SUMMED[1]
    y = _summed(heard, response) if summed else _transformed(heard, response)
    return y, heard[..., x.shape[-1] :]


def _summed(heard: Tensor, response: Tensor) -> Tensor:
    """As the definition says; heard [B, C, N - 1 + T] to [B, C, T]."""
    frames = heard.shape[-1] - len(response) + 1
    if not heard.numel() or not frames:
        return heard[..., :frames]
    rows = heard.reshape(-1, 1, heard.shape[-1])
    return F.conv1d(rows, response.flip(0)[None, None]).reshape(*heard.shape[:2], frames)


def _transformed(heard: Tensor, response: Tensor) -> Tensor:
    """Piece by piece: of a transform, the first N - 1 samples wrap around and are thrown away."""
    before = len(response) - 1
    frames = heard.shape[-1] - before
    size = _size(frames, len(response))
    step, made = size - before, []
    for start in range(0, frames, TOGETHER * step):
        part = heard[..., start : start + before + TOGETHER * step]
        part = F.pad(part, (0, (before - part.shape[-1]) % step))
        made.append(_Pieces.apply(part, response, size))
    return torch.cat(made, dim=-1)[..., :frames]


class _Pieces(torch.autograd.Function):
    """Some pieces of a sound, part [B, C, N - 1 + P * step] to [B, C, P * step], with the gradients by hand.

    They are correlations, of which autograd would make full complex transforms, one for each piece.
    """

    @staticmethod
    def forward(ctx, part, response, size):
        before = len(response) - 1
        ctx.size, ctx.before = size, before
        heard, spectrum = torch.fft.rfft(part.unfold(-1, size, size - before)), torch.fft.rfft(response, size)
        ctx.save_for_backward(heard, spectrum)
        return torch.fft.irfft(heard * spectrum, size)[..., before:].flatten(-2)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        (heard, spectrum), size, before = ctx.saved_tensors, ctx.size, ctx.before
        step, pieces = size - before, heard.shape[-2]
        slopes = torch.fft.rfft(F.pad(dy.unflatten(-1, (pieces, step)), (before, 0)))
        d_part = d_response = None
        if ctx.needs_input_grad[1]:
            sums = (slopes * heard.conj()).flatten(0, -2).sum(0)
            d_response = torch.fft.irfft(sums, size)[: before + 1]
        if ctx.needs_input_grad[0]:
            each = torch.fft.irfft(slopes * spectrum.conj(), size)
            d_part = dy.new_zeros(*dy.shape[:2], before + pieces * step)
            for piece in range(pieces):
                d_part[..., piece * step : piece * step + size] += each[..., piece, :]
        return d_part, d_response, None


def _size(frames: int, taps: int) -> int:
    """Samples of a transform that makes so many, or an equal part of them."""
    most = max(WIDTH * taps, SHORTEST) - taps + 1
    pieces = -(-frames // most)
    return next_fast_len(-(-frames // pieces) + taps - 1, real=True)
