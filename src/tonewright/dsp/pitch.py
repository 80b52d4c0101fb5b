"""The pitch of one voice as it is heard: each frame from the 40 ms around it and from the frame before.

Of a window x under a taper v, the likeness to itself at a lag is 1 less the normalised square difference,

    n(lag) = sum of v[t] v[t + lag] 2 x[t] x[t + lag] / sum of v[t] v[t + lag] (x[t]^2 + x[t + lag]^2)

in which the pairs of every lag lie around the middle of the window, so that what is found is the pitch there.
Rumble and hiss are taken out of the products before they are compared.

Source: McLeod and Wyvill, "A smarter way to find pitch", ICMC 2005; the costs of low pitches and of jumps are after
Boersma, "Accurate short-term analysis of the fundamental frequency", IFA Proceedings 17, 1993. The numbers were tuned
on sounds of known pitch and on recordings (benchmarks/pitch_tracking.py).
"""

import math
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ConfigError, ShapeError

LOWEST_HZ, HIGHEST_HZ = 60.0, 2000.0
WINDOW = 4  # hops of a window, of which two come after the frame
NUMBERS = 3  # of a track: the last pitch, how much it is trusted, and whether the frame before had one
# The same numbers as in core/src/pitch.cpp.
SLACK = 1.03  # by how much a lag, and what is read off it, may lie beyond the range
FINEST = 32000.0  # lags are at least so fine, in Hz: a parabola then is right to a cent at 2 kHz
LOW_CUT, HIGH_CUT = (
    (0.4, 0.8),
    (2000.0, 4000.0),
)  # where rumble ends, in lowest pitches; where hiss begins, in Hz
FAINT = 0.15  # a peak of the likeness that is lower is none
LOW_COST = 0.08  # of an octave: every multiple of a period is one too, so among equals the shortest is meant
JUMP_COST = (
    0.06  # of an octave, or more; less than LOW_COST, so that no octave is kept against a clear answer
)
FADE = 0.9  # of the trust in the last pitch, with every frame that has none
BEGINS, ENDS = 0.6, 0.5  # of the likeness: a note begins above the one, and ends below the other
QUIET = 3e-4  # RMS below which nothing has a pitch: -70 dB
TOGETHER = 1024  # windows that are transformed in one call, without the core


def pitch(
    x: Tensor, sample_rate: int, hop: int, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ
) -> tuple[Tensor, Tensor]:
    """The pitch of a whole sound, causally but for the two hops after each frame.

    Frame n is of the sound around sample n hop; beyond its ends, the sound is silence. Has no gradient.

    Args:
        x: sound [B, 1, T].
        sample_rate: in Hz.
        hop: samples from frame to frame, 10 ms as a rule.
        lowest_hz, highest_hz: where to look. An instrument's own range makes fewer mistakes than the widest.

    Returns:
        f0_hz [B, 1, T // hop], where there is no pitch the last one, and at first the middle of the range; and
        clarity of the same shape, 0 to 1: how periodic the sound is, and 0 where there is no pitch.

    Raises:
        ShapeError: x is not [B, 1, T].
        ConfigError: the range does not fit the hop.

    >>> x = 0.5 * torch.sin(2 * torch.pi * 440 / 16000 * torch.arange(16000))[None, None]
    >>> f0_hz, clarity = pitch(x, 16000, 160)
    >>> f0_hz[0, 0, [10, 50]].round(decimals=1), clarity[0, 0, 50].round(decimals=2)
    (tensor([440., 440.]), tensor(1.))
    """
    if x.ndim != 3 or x.shape[1] != 1:
        raise ShapeError(f"pitch wants x as [B, 1, T], and got {list(x.shape)}")
    check_range(sample_rate, hop, lowest_hz, highest_hz)
    frames = x.shape[-1] // hop
    # One frame more than is asked for: a stream hears the beginning of a sound before its first frame is complete.
    heard = F.pad(x, ((WINDOW - 1) * hop, 2 * hop))[..., : (frames + WINDOW) * hop]
    tracks = first_track(x.shape[0], lowest_hz, highest_hz).to(x.device)
    y, _ = framed_pitch(heard, tracks, sample_rate, hop, lowest_hz, highest_hz)
    return y[:, :1, 1:], y[:, 1:, 1:]


def check_range(sample_rate: int, hop: int, lowest_hz: float, highest_hz: float) -> None:
    """Raise ConfigError for what cannot be tracked.

    >>> check_range(16000, 160, 30, 2000)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: the lowest pitch to track is 30 Hz, and with a hop of 160 samples at 16000 Hz the
    lowest that can be tracked is 50 Hz
    """
    if not 1 <= sample_rate <= 384000:
        raise ConfigError(f"a pitch is tracked at rates of 1 Hz to 384 kHz, and not at {sample_rate} Hz")
    if not 16 <= hop <= sample_rate / 50:
        raise ConfigError(
            f"a pitch is tracked with a hop of 16 to {sample_rate // 50} samples, and not {hop}"
        )
    if not lowest_hz * 2 * hop >= sample_rate:
        raise ConfigError(
            f"the lowest pitch to track is {lowest_hz:g} Hz, and with a hop of {hop} samples at {sample_rate} Hz the "
            f"lowest that can be tracked is {sample_rate / (2 * hop):g} Hz"
        )
    most_hz = min(2400.0, sample_rate / 8)
    if not lowest_hz * 1.05 <= highest_hz <= most_hz:
        raise ConfigError(
            f"a pitch is tracked up to {most_hz:g} Hz and above the lowest, {lowest_hz:g} Hz, and the highest is "
            f"to be {highest_hz:g} Hz"
        )


def first_track(batch: int, lowest_hz: float, highest_hz: float) -> Tensor:
    """What is remembered before the first frame, [B, 3]: the middle of the range, which is not trusted."""
    track = torch.zeros(batch, NUMBERS, dtype=torch.float64)
    track[:, 0] = math.sqrt(lowest_hz * highest_hz)
    return track


def framed_pitch(
    heard: Tensor, tracks: Tensor, sample_rate: int, hop: int, lowest_hz: float, highest_hz: float
) -> tuple[Tensor, Tensor]:
    """f0_hz and clarity [B, 2, F] of heard [B, 1, (F + 3) hop], a window a hop; and the tracks [B, 3] after them."""
    rows = heard.detach()[:, 0].double().cpu().contiguous()
    after = tracks.detach().double().cpu().clone(memory_format=torch.contiguous_format)
    frames = rows.shape[-1] // hop - (WINDOW - 1)
    y = rows.new_empty(len(rows), 2, frames)
    if native is not None:
        native.pitch_track(rows.numpy(), sample_rate, hop, lowest_hz, highest_hz, after.numpy(), y.numpy())
    else:
        finder = finder_of(sample_rate, hop, lowest_hz, highest_hz)
        for row, track, made in zip(rows, after, y, strict=True):
            finder.follow(row, track.numpy(), made.numpy())
    return y.to(heard.device, heard.dtype), after.to(tracks.device)


@lru_cache(maxsize=8)
def finder_of(sample_rate: int, hop: int, lowest_hz: float, highest_hz: float) -> "Finder":
    """Tables and sizes of one range, for whoever finds pitches without the core."""
    return Finder(sample_rate, hop, lowest_hz, highest_hz)


class Finder:
    """The same as PitchTracker in core/src/pitch.cpp, for machines without the core, and to compare with."""

    def __init__(self, sample_rate: int, hop: int, lowest_hz: float, highest_hz: float):
        self.hop, self.lowest_hz, self.highest_hz = hop, lowest_hz, highest_hz
        span = WINDOW * hop
        self.size = _power_of_two(span + math.ceil(sample_rate / lowest_hz * 1.05) + 2)
        finer = _power_of_two(FINEST / sample_rate)
        self.fine, self.rate = self.size * finer, sample_rate * finer
        self.taper = torch.sin(math.pi * (torch.arange(span, dtype=torch.float64) + 0.5) / span)
        self.spectrum = torch.fft.rfft(self.taper, self.size)
        f = torch.arange(self.size // 2 + 1, dtype=torch.float64) * (sample_rate / self.size)
        low, high = _between(f / lowest_hz, *LOW_CUT), 1 - _between(f, *HIGH_CUT)
        self.weight = low * high.square() * (3 - 2 * high)
        self.weight[-1] = 0.0
        self.first = max(2, math.floor(self.rate / highest_hz / SLACK))
        self.last = math.ceil(self.rate / lowest_hz * SLACK)

    def follow(self, x: Tensor, track: np.ndarray, y: np.ndarray) -> None:
        """Windows of x [(F + 3) hop], one after another, to y [2, F]; track [3] is what they begin and end with."""
        windows = x.unfold(0, WINDOW * self.hop, self.hop)
        for start in range(0, len(windows), TOGETHER):
            likeness, sounds = self._likeness(windows[start : start + TOGETHER])
            for n, (row, sounding) in enumerate(zip(likeness, sounds, strict=True), start):
                y[0, n], y[1, n] = self._step(row, sounding, track)

    def _likeness(self, windows: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Of each window, at the lags from the first less 1 to the last plus 1; and whether it is no silence."""
        tapered = windows * self.taper
        alike = torch.fft.rfft(tapered, self.size).abs().square() * self.weight
        energy = 2 * (self.spectrum.conj() * torch.fft.rfft(tapered * windows, self.size)).real
        energy[:, -1] = 0.0  # so that a finer transform and a plain one mean the same
        alike, energy = torch.fft.irfft(alike, self.fine), torch.fft.irfft(energy, self.fine)
        finer = self.fine / self.size
        level = torch.sqrt(alike[:, 0] * finer / self.taper.square().sum())
        lags = slice(self.first - 1, self.last + 2)
        scale = energy[:, :1] / alike[:, :1]
        likeness = scale * alike[:, lags] / torch.maximum(energy[:, lags], 1e-9 * energy[:, :1])
        return likeness.numpy(), ((level > QUIET) & (energy[:, 0] > 0)).numpy()

    def _step(self, likeness: np.ndarray, sounding: bool, track: np.ndarray) -> tuple[float, float]:
        f0_hz, height = self._choose(likeness, track) if sounding else (track[0], 0.0)
        voiced = height >= (ENDS if track[2] > 0 else BEGINS)
        if voiced:
            track[:] = f0_hz, height, 1.0
        else:
            track[1:] = FADE * track[1], 0.0
        return track[0], height if voiced else 0.0

    def _choose(self, likeness: np.ndarray, track: np.ndarray) -> tuple[float, float]:
        """The peak that is highest, less what low pitches and jumps cost: its pitch and height."""
        left, top, right = likeness[:-2], likeness[1:-1], likeness[2:]
        at = np.flatnonzero((top > left) & (top >= right) & (top > FAINT))
        left, top, right = left[at], top[at], right[at]
        shift = 0.5 * (left - right) / (left - 2 * top + right)
        height, f0_hz = top - 0.25 * (left - right) * shift, self.rate / (self.first + at + shift)
        fits = (f0_hz >= self.lowest_hz / SLACK) & (f0_hz <= self.highest_hz * SLACK)
        height, f0_hz = height[fits], f0_hz[fits]
        if not len(f0_hz):
            return track[0], 0.0
        jump = np.minimum(1.0, np.abs(np.log2(f0_hz / track[0])))
        score = height - LOW_COST * np.log2(self.highest_hz / f0_hz) - JUMP_COST * track[1] * jump
        best = int(np.argmax(score))
        return float(f0_hz[best]), min(1.0, float(height[best]))


def _power_of_two(atleast: float) -> int:
    return 1 << max(0, math.ceil(math.log2(atleast)))


def _between(x: Tensor, low: float, high: float) -> Tensor:
    return ((x - low) / (high - low)).clamp(0.0, 1.0)
