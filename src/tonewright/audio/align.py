"""How late a wet recording is against its dry one, and how sure we are of it.

The peak of a cross-correlation is a poor answer: the phase response of a distortion moves it by tens of
samples. What a causal model needs is the moment the device begins to answer. So both sides are whitened with
minimum-phase predictors (`innovations.py`): what is left of a device is still causal, its answer to a new
sample starts at once, and before that moment the correlation of the two is noise. The first sample that
stands out is the latency (Box and Jenkins' prewhitening, used for its onset rather than its peak).

A latency that moves (tape, two clocks) is followed frame by frame against the average answer; what is
returned is its early edge, because a model can wait for a late answer but not for one that came too soon.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import fft, ndimage

from tonewright.audio import track
from tonewright.audio.innovations import Innovations, coherence
from tonewright.errors import PairError
from tonewright.measure.metrics import rms_db

PIECE = 65536  # samples of one piece; the search for the latency correlates piece by piece
MAX_PIECES = 40  # of a long file, the loudest piece of each of so many equal parts is looked at
FRAME = 16384  # samples of one step of the track of a moving latency
NEAR = 1024  # lags looked at on both sides of the coarse latency
ANSWER = 192  # lags around its peak that are taken for the device's answer
SURELY, BEYOND = 0.5, 5.0  # an answer beyond doubt: this part of the peak, so many deviations of the noise
BARELY, ABOVE = 0.1, 2.5  # the same for its beginning
GAP = 4  # samples that may be quieter within the beginning of an answer
STEADY, MOVING = 33, 257  # lags over which the search gathers an answer: one place, or a moving one
BETTER = 0.02  # of what the confidence lacks: so much must a moving latency explain to be believed
AT_ONCE = 8  # samples late that are left alone: a causal model learns so short a delay with the device
EARLY, LATE = 5.0, 95.0  # percentiles of a moving latency that count as its edges


@dataclass(frozen=True)
class Alignment:
    """What `estimate` found.

    Attributes:
        latency_samples: how late the wet side is; negative when it is early. The early edge if it moves.
        polarity: +1, or -1 when the wet side is upside down.
        gain_db: level of the wet side over that of the dry side (RMS).
        confidence: 0..1, how much of the wet sound is linearly related to the dry one, frame by frame. Below
            about 0.1 the files do not belong together.
        drift_ppm: slope of the latency over time, in samples per million (positive: the wet runs slower).
        wander_samples: how far the latency moves within the file, early edge to late edge, drift included.
    """

    latency_samples: int
    polarity: int
    gain_db: float
    confidence: float
    drift_ppm: float
    wander_samples: float


def estimate(
    dry: np.ndarray,
    wet: np.ndarray,
    sample_rate: int,
    max_latency_ms: float = 500.0,
    mask: np.ndarray | None = None,
) -> Alignment:
    """Latency, polarity and level of a wet recording against its dry one.

    Takes a second or two whatever the length: of a long file only the loudest pieces are looked at, spread
    over its length.

    Args:
        dry, wet: one channel each, [T]; the lengths may differ.
        sample_rate: of both, in Hz.
        max_latency_ms: how far to look, in both directions.
        mask: [T] of the dry side, True where it is not to be used.

    Raises:
        PairError: an argument is not as above.

    Source: Box, Jenkins, Reinsel, Time Series Analysis, chapter 12 (prewhitening).

    >>> dry = np.random.default_rng(0).standard_normal(48000)
    >>> found = estimate(dry, -0.5 * np.roll(dry, 100), 48000)
    >>> found.latency_samples, found.polarity, round(found.gain_db)
    (100, -1, -6)
    """
    dry, wet, mask = _checked(dry, wet, mask)
    reach = round(max_latency_ms / 1000.0 * sample_rate)
    starts = pieces(dry, ~mask)
    x, y = Innovations(dry, ~mask), Innovations(wet)
    if x.power == 0.0 or y.power == 0.0:
        return Alignment(0, 1, rms_db(wet) - rms_db(dry), 0.0, 0.0, 0.0)
    found = [_near(x, y, starts, coarse) for coarse in _candidates(x, y, starts, reach)]
    best = max(found, key=lambda candidate: candidate.confidence)
    kept, answered = apply(~mask, wet, best.latency_samples)
    used = apply(dry, wet, best.latency_samples)[0]
    return replace(best, gain_db=rms_db(answered[kept]) - rms_db(used[kept]))


def shift_for(latency_samples: int) -> int:
    """By how much to move a wet side of this latency; 0 for one that is late by so little that it may stay.

    To cut too much would ask a model to answer before it hears; to cut too little costs nothing.

    >>> shift_for(5), shift_for(500), shift_for(-5)
    (0, 500, -5)
    """
    return 0 if 0 <= latency_samples <= AT_ONCE else latency_samples


def apply(dry: np.ndarray, wet: np.ndarray, latency_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Both sides cut so that they line up: same length, wet[..., t] the answer to dry[..., t].

    Args:
        dry, wet: [..., T]; the lengths may differ.
        latency_samples: how late the wet side is; negative when it is early.

    >>> apply(np.arange(5), np.arange(5), 2)
    (array([0, 1, 2]), array([2, 3, 4]))
    """
    dry = dry[..., max(0, -latency_samples) :]
    wet = wet[..., max(0, latency_samples) :]
    frames = min(dry.shape[-1], wet.shape[-1])
    return dry[..., :frames], wet[..., :frames]


def _checked(dry, wet, mask):
    for name, x in (("dry", dry), ("wet", wet)):
        if np.ndim(x) != 1:
            raise PairError(f"the {name} side wants one channel as [T], and is {list(np.shape(x))}")
        if not np.isfinite(x).all():
            raise PairError(f"the {name} side holds samples that are not numbers; export it again")
    if mask is None:
        mask = np.zeros(len(dry), bool)
    if np.shape(mask) != np.shape(dry):
        wanted = f"one value for each of {len(dry)} dry samples"
        raise PairError(f"the mask wants {wanted}, and has {np.size(mask)}; make it anew from this dry file")
    return np.asarray(dry, np.float64), np.asarray(wet, np.float64), np.asarray(mask, bool)


def pieces(dry: np.ndarray, keep: np.ndarray, most: int = MAX_PIECES) -> list[int]:
    """Where the pieces begin: all of a short file, the loudest of each part of a long one."""
    starts = np.arange(0, max(1, len(dry) - PIECE // 2), PIECE)
    energy = np.array([float(np.sum((dry[s : s + PIECE] * keep[s : s + PIECE]) ** 2)) for s in starts])
    parts = np.array_split(np.arange(len(starts)), min(most, len(starts)))
    return [int(starts[part[np.argmax(energy[part])]]) for part in parts]


def _candidates(dry: Innovations, wet: Innovations, starts: list[int], reach: int) -> list[int]:
    """Lags near which the answer may lie: where the pieces add up, and where each has much of its own."""
    size = fft.next_fast_len(PIECE + 2 * reach, real=True)
    total, energy = np.zeros(2 * reach + 1), np.zeros(2 * reach + 1)
    for start in starts:
        x = fft.rfft(dry.between(start, start + PIECE), size)
        y = fft.rfft(wet.between(start - reach, start + PIECE + reach), size)
        c = fft.irfft(np.conj(x) * y, size)[: 2 * reach + 1]
        total += c
        energy += c * c
    steady = np.argmax(ndimage.uniform_filter1d(total * total, STEADY)) - reach
    moving = np.argmax(ndimage.uniform_filter1d(energy, MOVING)) - reach
    return [int(steady)] if abs(steady - moving) <= NEAR // 2 else [int(steady), int(moving)]


def _near(dry: Innovations, wet: Innovations, starts: list[int], coarse: int) -> Alignment:
    """The alignment given that the latency is within NEAR of `coarse`; the gain is left at 0.

    A distortion's phase moves with its level and can pass for a moving latency. A track is believed only if
    following it makes the two sides agree better, which it does for a tape and not for a distortion.
    """
    frames = np.array([t for s in starts for t in range(s, s + PIECE, FRAME) if t < len(dry.x)])
    rows = np.stack([_correlation(dry, wet, t, coarse) for t in frames])
    answer = rows.mean(axis=0)
    onset = coarse - NEAR + _onset(answer)
    confidence, sign = coherence(dry, wet, frames, np.full(len(frames), onset), FRAME)
    steady = Alignment(onset, _polarity(answer, sign), 0.0, confidence, 0.0, 0.0)
    offsets, sure = track.follow(rows, ANSWER)
    if np.count_nonzero(sure) < track.FEWEST:
        return steady
    answer = track.average(rows[sure], offsets[sure])
    onset = coarse - NEAR + _onset(answer)
    lags = np.round(onset + offsets).astype(int)
    confidence, sign = coherence(dry, wet, frames, lags, FRAME)
    if confidence - steady.confidence <= BETTER * (1.0 - steady.confidence):
        return steady
    early, late = np.percentile(offsets[sure], [EARLY, LATE])
    drift_ppm = 1e6 * track.slope(frames[sure], offsets[sure])
    latency = onset + math.floor(early)
    return Alignment(latency, _polarity(answer, sign), 0.0, confidence, drift_ppm, float(late - early))


def _correlation(dry: Innovations, wet: Innovations, start: int, coarse: int) -> np.ndarray:
    """One frame of the dry side against the wet one, at lags coarse - NEAR to coarse + NEAR: [2 NEAR + 1]."""
    size = FRAME + 2 * NEAR
    x = fft.rfft(dry.between(start, start + FRAME), size)
    y = fft.rfft(wet.between(start + coarse - NEAR, start + coarse + FRAME + NEAR), size)
    return fft.irfft(np.conj(x) * y, size)[: 2 * NEAR + 1]


def _onset(answer: np.ndarray) -> int:
    """The index at which the answer rises out of what comes before it.

    The first lag that is beyond doubt (which need not be the peak: a chorus has two), and from there back to
    where it began.
    """
    size = np.abs(answer)
    peak = int(np.argmax(size))
    noise = float(np.sqrt(np.mean(answer[: max(1, peak - ANSWER)] ** 2)))
    doubtless = min(max(SURELY * size[peak], BEYOND * noise), size[peak])
    onset = int(np.argmax(size >= doubtless))
    begun = np.flatnonzero(size[:onset] >= min(max(BARELY * size[peak], ABOVE * noise), size[peak]))
    for index in begun[::-1]:
        if onset - index > GAP:
            break
        onset = int(index)
    return onset


def _polarity(answer: np.ndarray, sign: int) -> int:
    """-1 when both the bulk of the sound and the first answer are upside down: a phaser inverts only one."""
    return -1 if sign < 0 and answer[_onset(answer)] < 0 else 1
