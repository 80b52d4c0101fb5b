"""A ramp from 0 to 1, again and again, that does not drift: what a low-frequency oscillator is shaped from."""

import math

import torch
from torch import Tensor

from tonewright.errors import ConfigError, ShapeError

MAX_PHASE = 1e6  # turns
TURN = 1 << 64  # steps of a turn; an int64 wraps after as many


def phasor(
    samples: int,
    rate_hz: Tensor,
    phase: Tensor,
    sample_rate: int,
    count: Tensor,
    dtype: torch.dtype = torch.float32,
) -> tuple[Tensor, Tensor]:
    """The fraction of phase + n rate_hz / sample_rate, for each sample n from `count` on.

    It is counted in whole numbers, 2^64 to a turn, that wrap. So it is as exact after hours as at first, does not
    depend on where blocks were cut, and is the same in every player, to the bit.

    Args:
        samples: how many.
        rate_hz: turns per second, one number above 0 and below half the sample rate.
        phase: turns at n = 0, one number, of any sign.
        sample_rate: in Hz.
        count: [B] int64, the n of the first sample, which may be below 0.
        dtype: of the ramp.

    Returns:
        The ramp [B, 1, samples] in [0, 1), and the count for the block after. Differentiable in both numbers,
        straight through the leaps from 1 to 0.

    Raises:
        ShapeError: when rate or phase are more than one number, or the count is not [B] int64.
        ConfigError: an impossible rate, or a phase of more than a million turns.

    >>> ramp, count = phasor(5, torch.tensor(12000.0), torch.tensor(0.5), 48000, torch.tensor([0]))
    >>> ramp, count
    (tensor([[[0.5000, 0.7500, 0.0000, 0.2500, 0.5000]]]), tensor([5]))
    """
    if rate_hz.numel() != 1 or phase.numel() != 1 or count.ndim != 1 or count.dtype != torch.int64:
        raise ShapeError(
            f"a phasor wants one rate, one phase and a count [B] of int64, and got {list(rate_hz.shape)}, "
            f"{list(phase.shape)} and {list(count.shape)} of {count.dtype}"
        )
    rate_hz, phase = rate_hz.reshape(()), phase.reshape(())
    step, first = steps_of(float(rate_hz.detach()), float(phase.detach()), sample_rate)
    n = count[:, None, None] + torch.arange(samples, device=count.device)
    ramp = _upper_bits(first + step * n, dtype)
    if torch.is_grad_enabled() and (rate_hz.requires_grad or phase.requires_grad):
        turned = (phase - phase.detach()).to(dtype)  # nothing, but for what depends on it
        ramp = ramp + turned + (rate_hz - rate_hz.detach()).to(dtype) * (n.to(dtype) / sample_rate)
    return ramp, count + samples


def steps_of(rate_hz: float, phase: float, sample_rate: int) -> tuple[int, int]:
    """From sample to sample, and at n = 0, as an int64 holds them."""
    if not 0 < rate_hz < sample_rate / 2:
        raise ConfigError(
            f"a phasor turns at a rate above 0 and below {sample_rate / 2} Hz, and got {rate_hz} Hz"
        )
    if not abs(phase) <= MAX_PHASE:
        raise ConfigError(f"a phasor begins within a million turns, and got {phase}")
    return _wrapped(round(math.ldexp(rate_hz / sample_rate, 64))), _wrapped(round(math.ldexp(phase, 64)))


def _wrapped(steps: int) -> int:
    return (steps + TURN // 2) % TURN - TURN // 2


def _upper_bits(turns: Tensor, dtype: torch.dtype) -> Tensor:
    """int64 as parts of a turn in [0, 1), cut to the bits that a number of this kind has below 1."""
    bits = 1 - round(math.log2(torch.finfo(dtype).eps))
    return ((turns >> (64 - bits)) & ((1 << bits) - 1)).to(dtype) * 2.0**-bits
