"""Long convolutions: values, memory and gradients, by transforms where those are cheaper than sums."""

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor

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
        y [B, C, T], and the memory for the block after. Differentiable in all three.

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
    step, spectrum, made = size - before, torch.fft.rfft(response, size), []
    for start in range(0, frames, TOGETHER * step):
        part = heard[..., start : start + before + TOGETHER * step]
        part = F.pad(part, (0, (before - part.shape[-1]) % step))
        pieces = part.unfold(-1, size, step)  # [B, C, pieces, size]
        whole = torch.fft.irfft(torch.fft.rfft(pieces) * spectrum, size)
        made.append(whole[..., before:].flatten(-2))
    return torch.cat(made, dim=-1)[..., :frames]


def _size(frames: int, taps: int) -> int:
    """Samples of a transform that makes so many, or an equal part of them."""
    most = max(WIDTH * taps, SHORTEST) - taps + 1
    pieces = -(-frames // most)
    return next_fast_len(-(-frames // pieces) + taps - 1, real=True)
