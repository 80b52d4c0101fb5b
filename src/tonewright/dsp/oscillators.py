"""A tone of many harmonics of one gliding pitch: values and gradients, by the native core where it is built.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 3.1.
"""

import math

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError

FADE = (0.45, 0.5)  # of the sample rate: here a harmonic begins to fade, and is gone
PIECE = 1 << 22  # numbers that plain torch works on at a time


def harmonic_amplitudes(f0_hz: Tensor, distribution: Tensor, amplitude: Tensor, sample_rate: int) -> Tensor:
    """What each harmonic sounds with: its share of the amplitude, among those that can be heard.

    From 0.45 of the sample rate on, a harmonic fades, and at half of it and above it is silent, so that a glide
    neither folds back nor clicks. What remains is divided by its sum.

    Args:
        f0_hz: pitch [B, 1, F], at least 0.
        distribution: shares [B, K, F] of harmonics 1 to K, at least 0; their sum does not matter.
        amplitude: [B, 1, F], of the sum of all harmonics.
        sample_rate: of the sound, in Hz.

    Returns:
        amplitudes [B, K, F]. Differentiable in the distribution and the amplitude; no gradient flows to f0.

    Raises:
        ShapeError: when the shapes are others.

    >>> f0_hz, one = torch.full((1, 1, 1), 3000.0), torch.ones(1, 1, 1)
    >>> harmonic_amplitudes(f0_hz, torch.tensor([[[3.0], [1.0], [5.0]]]), one, 16000)[0, :, 0]
    tensor([0.7500, 0.2500, 0.0000])
    """
    rows, harmonics, frames = distribution.shape if distribution.ndim == 3 else (-1, -1, -1)
    if f0_hz.shape != (rows, 1, frames) or amplitude.shape != f0_hz.shape:
        raise ShapeError(
            f"harmonics want f0_hz and amplitude [B, 1, F] and a distribution [B, K, F], and got "
            f"{list(f0_hz.shape)}, {list(amplitude.shape)} and {list(distribution.shape)}"
        )
    start, end = FADE
    number = torch.arange(1, harmonics + 1, device=f0_hz.device, dtype=f0_hz.dtype)[:, None]
    heard = ((end - number * f0_hz.detach() / sample_rate) / (end - start)).clamp(0.0, 1.0)
    shares = distribution * heard.to(distribution.dtype)
    return shares * (amplitude / (shares.sum(1, keepdim=True) + 1e-8))


def harmonic_bank(
    f0_hz: Tensor,
    amplitudes: Tensor,
    hop: int,
    sample_rate: int,
    last_f0_hz: Tensor,
    last_amplitudes: Tensor,
    phase: Tensor,
) -> tuple[Tensor, Tensor]:
    """Harmonics that follow pitch and amplitudes from frame to frame.

    Inside a frame of `hop` samples the frequency goes straight from the f0 of the frame before to its own, and so
    does each amplitude; sample 0 is still that of the frame before. Then y = sum over k of a_k sin(2 pi k phase). A
    harmonic at or above half the sample rate at both ends of a frame is left out of it.

    The phase at the start of a frame is counted in whole numbers, 2^64 to a turn, that wrap. So a note is in tune
    after hours, and does not depend on where blocks were cut.

    Args:
        f0_hz: pitch [B, 1, F] of each frame, held within 0 and half the sample rate.
        amplitudes: [B, K, F] of harmonics 1 to K.
        hop: samples of a frame.
        sample_rate: in Hz.
        last_f0_hz: [B, 1] of the frame before; 0 when there is none, and the first frame's own is taken.
        last_amplitudes: [B, K] of the frame before.
        phase: [B] int64, in units of 2^-64 turns.

    Returns:
        y [B, 1, F * hop], and the phase for the block after. Differentiable in amplitudes and last_amplitudes; no
        gradient flows to f0.

    Raises:
        ShapeError: when the shapes are others, or the phase is not int64.

    >>> f0_hz, one = torch.full((1, 1, 1), 4000.0), torch.ones(1, 1, 1)
    >>> y, phase = harmonic_bank(f0_hz, one, 5, 16000, f0_hz[0], one[0], torch.zeros(1, dtype=torch.int64))
    >>> y.round(decimals=4), phase.item() / 2**64
    (tensor([[[ 0.,  1.,  0., -1.,  0.]]]), 0.25)
    """
    rows, harmonics, frames = amplitudes.shape if amplitudes.ndim == 3 else (-1, -1, -1)
    shapes = [list(t.shape) for t in (f0_hz, amplitudes, last_f0_hz, last_amplitudes, phase)]
    wanted = [[rows, 1, frames], [rows, harmonics, frames], [rows, 1], [rows, harmonics], [rows]]
    if shapes != wanted or harmonics < 1 or phase.dtype != torch.int64:
        raise ShapeError(
            f"a bank of harmonics wants f0_hz [B, 1, F], amplitudes [B, K, F], last f0 [B, 1], last amplitudes "
            f"[B, K] and a phase [B] of int64, and got {shapes} of {phase.dtype}"
        )
    ends = pitch_ends(f0_hz[:, 0], last_f0_hz[:, 0], sample_rate)
    y = _Bank.apply(amplitudes, last_amplitudes, ends, phase, hop, sample_rate)
    return y[:, None], phase + advances(ends, hop, sample_rate).sum(-1)


def pitch_ends(f0_hz: Tensor, last_f0_hz: Tensor, sample_rate: int) -> Tensor:
    """The f0 at both ends of each frame, within 0 and half the sample rate, float64.

    Args:
        f0_hz: [B, F].
        last_f0_hz: [B], of the frame before.
        sample_rate: in Hz.

    Returns:
        [B, 2, F]: that of the frame before, or the frame's own where that was 0, and the frame's own.
    """
    row = torch.cat([last_f0_hz[:, None], f0_hz], dim=-1).detach().double().nan_to_num(0.0)
    row = row.clamp(0.0, sample_rate / 2)
    before, own = row[:, :-1], row[:, 1:]
    return torch.stack([torch.where(before > 0, before, own), own], dim=1)


def advances(ends: Tensor, hop: int, sample_rate: int) -> Tensor:
    """By how much each frame turns on, [B, F] int64 in units of 2^-64 turns, from the ends [B, 2, F] of its pitch."""
    turns = (ends[:, 0] + ends[:, 1]) * 0.5 * hop / sample_rate
    part = turns - turns.round()  # exact, within half a turn
    steps = torch.where(part < 0.5, part, -0.5) * 2.0**64
    return steps.round().to(torch.int64)


class _Bank(torch.autograd.Function):
    """Linear in the amplitudes, so that nothing but the pitch has to be kept for the way back."""

    @staticmethod
    def forward(ctx, amplitudes, last_amplitudes, ends, phase, hop, sample_rate):
        ctx.save_for_backward(ends, phase)
        ctx.facts, ctx.harmonics = (hop, sample_rate), amplitudes.shape[1]
        if not _is_native(amplitudes):
            rows = torch.cat([last_amplitudes[..., None], amplitudes], dim=-1)
            return _plain(rows, ends, phase, hop, sample_rate)
        y = amplitudes.new_empty(amplitudes.shape[0], amplitudes.shape[-1] * hop)
        native.harmonic_bank_forward(
            ends.numpy(),
            amplitudes.contiguous().numpy(),
            hop,
            sample_rate,
            last_amplitudes.contiguous().numpy(),
            phase.contiguous().numpy(),
            y.numpy(),
        )
        return y

    @staticmethod
    def backward(ctx, dy):
        (ends, phase), (hop, sample_rate) = ctx.saved_tensors, ctx.facts
        harmonics = ctx.harmonics
        if not _is_native(dy):
            d_rows = _plain_back(dy, harmonics, ends, phase, hop, sample_rate)
            return d_rows[..., 1:], d_rows[..., 0], None, None, None, None
        d_amplitudes = dy.new_empty(dy.shape[0], harmonics, ends.shape[-1])
        d_last = dy.new_zeros(dy.shape[0], harmonics)
        native.harmonic_bank_backward(
            dy.contiguous().numpy(),
            ends.numpy(),
            hop,
            sample_rate,
            phase.contiguous().numpy(),
            d_amplitudes.numpy(),
            d_last.numpy(),
        )
        return d_amplitudes, d_last, None, None, None, None


def _is_native(x: Tensor) -> bool:
    return native is not None and x.device.type == "cpu" and x.dtype == torch.float32


def _pieces(harmonics: int, ends: Tensor, phase: Tensor, hop: int, sample_rate: int, dtype: torch.dtype):
    """(frames, sines [B, K, frames, hop]) of some frames after another: all of them at once might not fit."""
    steps = advances(ends, hop, sample_rate)
    starts = (phase[:, None] + steps.cumsum(-1) - steps).double() * 2.0**-64
    j = torch.arange(hop, device=ends.device, dtype=torch.float64)
    number = torch.arange(1, harmonics + 1, device=ends.device, dtype=torch.float64)[:, None, None]
    some = max(1, PIECE // max(1, len(phase) * harmonics * hop))
    for first in range(0, ends.shape[-1], some):
        at = slice(first, first + some)
        start, before, own = starts[:, at, None], ends[:, 0, at, None], ends[:, 1, at, None]
        turns = start + j * (before + (own - before) / (2 * hop) * j) / sample_rate
        turns = number * turns[:, None]
        heard = number * torch.minimum(before, own)[:, None] < sample_rate / 2
        yield at, heard.to(dtype) * torch.sin(2 * math.pi * (turns - turns.round())).to(dtype)


def _rise(hop: int, like: Tensor) -> Tensor:
    return torch.arange(hop, device=like.device, dtype=like.dtype) / hop


def _plain(rows: Tensor, ends: Tensor, phase: Tensor, hop: int, sample_rate: int) -> Tensor:
    """In torch, for machines without the core, for other devices and kinds of numbers, and to compare with."""
    rise, y = _rise(hop, rows), [rows.new_zeros(len(rows), 0)]
    before, swing = rows[..., :-1], rows.diff(dim=-1)
    for at, sines in _pieces(rows.shape[1], ends, phase, hop, sample_rate, rows.dtype):
        heard = torch.einsum("bkf,bkfj->bfj", before[..., at], sines)
        heard = heard + rise * torch.einsum("bkf,bkfj->bfj", swing[..., at], sines)
        y.append(heard.flatten(1))
    return torch.cat(y, dim=-1)


def _plain_back(
    dy: Tensor, harmonics: int, ends: Tensor, phase: Tensor, hop: int, sample_rate: int
) -> Tensor:
    """How something changes with the amplitudes of the frame before and of all frames, [B, K, 1 + F]."""
    frames, rise = ends.shape[-1], _rise(hop, dy)
    dy = dy.reshape(len(dy), frames, hop)
    late = rise * dy
    d_rows = dy.new_zeros(len(dy), harmonics, frames + 1)
    for at, sines in _pieces(harmonics, ends, phase, hop, sample_rate, dy.dtype):
        d_rows[..., :-1][..., at] += torch.einsum("bfj,bkfj->bkf", dy[:, at] - late[:, at], sines)
        d_rows[..., 1:][..., at] += torch.einsum("bfj,bkfj->bkf", late[:, at], sines)
    return d_rows
