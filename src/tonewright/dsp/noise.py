"""Noise that any player makes alike, through filters that change from frame to frame, and the gradients.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 3.2, but without a seam
between the frames; the numbers by Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
2014 (SplitMix64).
"""

from functools import cache

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.dsp.precision import precise
from tonewright.dsp.products import linear
from tonewright.errors import ShapeError

GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def white_noise(seed: Tensor, first: Tensor, count: int) -> Tensor:
    """Samples first, first + 1, ... of the noise of a seed: the same in blocks of any size and in every player.

    Args:
        seed: [B] int64, any.
        first: [B] int64, the number of the first sample.
        count: how many.

    Returns:
        [B, count] float32, even in [-1, 1).

    >>> seed, first = torch.tensor([0, 0]), torch.tensor([0, 2])
    >>> white_noise(seed, first, 3)
    tensor([[-0.2334,  0.8631,  0.0529],
            [ 0.0529, -0.0582,  0.2127]])
    """
    n = first[:, None] + torch.arange(count, device=first.device)
    mixed = _mix(_mix(seed)[:, None] + (n + 1) * signed(GOLDEN))
    return (mixed >> 40).to(torch.float32) * 2.0**-23


def noise_filters(magnitudes: Tensor) -> Tensor:
    """Filters that pass so much of each band: zero-phase, and short enough by a Hann window.

    Args:
        magnitudes: [B, bands, F], evenly from 0 to half the sample rate; 2 bands or more.

    Returns:
        [B, 2 * (bands - 1), F], with the middle at tap bands - 1. Where all magnitudes are 1, a unit impulse.

    Raises:
        ShapeError: when they are not [B, 2 or more, F].

    >>> noise_filters(torch.ones(1, 5, 1))[0, :, 0].abs().round(decimals=6)
    tensor([0., 0., 0., 0., 1., 0., 0., 0.])
    """
    halves = _halves(magnitudes).transpose(1, 2)
    return torch.cat([torch.zeros_like(halves[:, :1]), halves[:, 1:].flip(1), halves], dim=1)


def filtered_noise(
    magnitudes: Tensor, hop: int, last: Tensor, seed: Tensor, count: Tensor
) -> tuple[Tensor, Tensor]:
    """Noise through a filter for each frame, which come and go smoothly.

    Inside a frame of `hop` samples, what comes through the filter of the frame before fades out, and what comes
    through its own fades in, both straight; sample 0 is still that of the frame before. It is one noise, numbered by
    samples, that goes through both, so that nothing buzzes at the rate of the frames.

    Args:
        magnitudes: [B, bands, F] of each frame, as noise_filters takes them.
        hop: samples of a frame.
        last: [B, bands] of the frame before.
        seed: [B] int64, of the noise.
        count: [B] int64, the number of the first sample.

    Returns:
        y [B, 1, F * hop], and the count for the block after. Differentiable in magnitudes and last.

    Raises:
        ShapeError: when the shapes are others, or seed and count are not int64.

    >>> ones, zero = torch.ones(1, 5, 4), torch.zeros(1, dtype=torch.int64)
    >>> y, count = filtered_noise(ones, 10, ones[..., 0], zero, zero)
    >>> torch.allclose(y[0], white_noise(zero, zero, 40), atol=1e-6), count
    (True, tensor([40]))
    """
    numbers = (seed, count)
    good = magnitudes.ndim == 3 and last.shape == magnitudes.shape[:2]
    if not good or any(n.shape != last.shape[:1] or n.dtype != torch.int64 for n in numbers):
        raise ShapeError(
            f"filtered noise wants magnitudes [B, bands, F], the last [B, bands], and a seed and a count [B] of "
            f"int64, and got "
            f"{[list(t.shape) for t in (magnitudes, last, *numbers)]} of {seed.dtype} and {count.dtype}"
        )
    magnitudes = precise(magnitudes)
    with torch.autocast(magnitudes.device.type, enabled=False):  # no device transforms what is half precise
        filters = _halves(torch.cat([last[..., None].to(magnitudes.dtype), magnitudes], dim=-1))
        fast = native is not None and filters.device.type == "cpu" and filters.dtype == torch.float32
        y = (_Native.apply if fast else _plain)(filters, hop, seed, count)
    return y[:, None], count + y.shape[-1]


def signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def _mix(z: Tensor) -> Tensor:
    z = (z ^ _shifted(z, 30)) * signed(FIRST)
    z = (z ^ _shifted(z, 27)) * signed(SECOND)
    return z ^ _shifted(z, 31)


def _shifted(z: Tensor, by: int) -> Tensor:
    """To the right, with zeros from the left, as of numbers without a sign."""
    return (z >> by) & ((1 << (64 - by)) - 1)


@cache
def filter_map(bands: int, dtype: torch.dtype) -> Tensor:
    """What magnitudes are multiplied by to be the later half of a filter, [bands - 1, bands]: irfft, then Hann."""
    taps = 2 * (bands - 1)
    with torch.inference_mode(False):  # whoever comes first: others may want gradients
        d = torch.arange(bands - 1, dtype=torch.float64)
        responses = torch.fft.irfft(torch.eye(bands, dtype=torch.float64), n=taps)[:, : bands - 1]
        fading = responses * (0.5 + 0.5 * torch.cos(2 * torch.pi * d / taps))
        return fading.t().to(dtype).contiguous()


def _halves(magnitudes: Tensor) -> Tensor:
    """[B, bands, F] to the later half of each filter [B, F, bands - 1], from its middle on."""
    if magnitudes.ndim != 3 or magnitudes.shape[1] < 2:
        raise ShapeError(f"noise wants magnitudes [B, 2 bands or more, F], and got {list(magnitudes.shape)}")
    return linear(
        magnitudes.transpose(1, 2), filter_map(magnitudes.shape[1], magnitudes.dtype).to(magnitudes.device)
    )


class _Native(torch.autograd.Function):
    @staticmethod
    def forward(ctx, filters, hop, seed, count):
        filters, seed, count = filters.contiguous(), seed.contiguous(), count.contiguous()
        ctx.save_for_backward(seed, count)
        ctx.hop, ctx.shape = hop, filters.shape
        y = filters.new_empty(filters.shape[0], (filters.shape[1] - 1) * hop)
        native.filtered_noise_forward(filters.numpy(), hop, seed.numpy(), count.numpy(), y.numpy())
        return y

    @staticmethod
    def backward(ctx, dy):
        seed, count = ctx.saved_tensors
        d_filters = dy.new_empty(ctx.shape)
        native.filtered_noise_backward(
            dy.contiguous().numpy(), ctx.hop, seed.numpy(), count.numpy(), d_filters.numpy()
        )
        return d_filters, None, None, None


def _plain(filters: Tensor, hop: int, seed: Tensor, count: Tensor) -> Tensor:
    """In torch, by spectra of frames: for machines without the core, for other devices and kinds of numbers."""
    rows, frames, reach = filters.shape[0], filters.shape[1] - 1, filters.shape[2]
    if frames == 0:
        return filters.new_zeros(rows, 0)
    around = hop + 2 * (reach - 1)
    noise = white_noise(seed, count - (reach - 1), frames * hop + 2 * (reach - 1)).to(filters.dtype)
    spectra = torch.fft.rfft(noise.unfold(-1, around, hop), n=around)
    whole = torch.cat([filters[..., 1:].flip(-1), filters], dim=-1)
    responses = torch.fft.rfft(whole, n=around)
    before, own = (
        torch.fft.irfft(spectra * h, n=around)[..., 2 * (reach - 1) :]
        for h in (responses[:, :-1], responses[:, 1:])
    )
    rise = torch.arange(hop, device=filters.device, dtype=filters.dtype) / hop
    return (before + rise * (own - before)).flatten(1)
