"""How far an estimate is from the truth, in the field's terms and in words."""

import itertools
import math

import numpy as np

from tonewright.errors import ShapeError
from tonewright.units import SILENCE_DB

# What ears make of an ESR: the scale that the literature on amplifier modelling settled on.
VERDICTS = (
    (0.02, "very close: hard to tell from the device"),
    (0.05, "good, but audibly different"),
    (0.1, "noticeably different"),
    (0.2, "only resembles the device"),
    (math.inf, "not a capture of this device"),
)
BAND_EDGES_HZ = (0, 80, 160, 320, 640, 1250, 2500, 5000, 10000, 20000)


def esr(target: np.ndarray, estimate: np.ndarray) -> float:
    """Error-to-signal ratio: energy of the difference over energy of the target; 0 is perfect, 1 is silence.

    Args:
        target, estimate: arrays of one shape.

    Returns:
        The ratio; infinite when the target is silent and the estimate is not.

    Raises:
        ShapeError: when the shapes differ.

    >>> round(esr(np.array([1.0, -1.0]), np.array([0.9, -0.9])), 6)
    0.01
    """
    if target.shape != estimate.shape:
        raise ShapeError(f"esr wants two arrays of one shape, and got {target.shape} and {estimate.shape}")
    target = target.astype(np.float64)
    error = float(np.sum((estimate - target) ** 2))
    energy = float(np.sum(target**2))
    if energy == 0.0:
        return 0.0 if error == 0.0 else math.inf
    return error / energy


def verdict(value: float) -> str:
    """An ESR in words.

    >>> verdict(0.004)
    'very close: hard to tell from the device'
    """
    return next(words for limit, words in VERDICTS if value < limit or math.isinf(limit))


def rms_db(x: np.ndarray) -> float:
    """Root mean square level in dB relative to full scale (a constant 1.0 is 0 dB).

    >>> round(rms_db(np.array([1.0, -1.0, 1.0, -1.0])), 3)
    0.0
    """
    power = float(np.mean(np.square(x, dtype=np.float64))) if x.size else 0.0
    return 10.0 * math.log10(power) if power > 0 else SILENCE_DB


def error_by_band(
    target: np.ndarray, estimate: np.ndarray, sample_rate: int
) -> list[tuple[float, float, float]]:
    """Where in the spectrum the error lies.

    Args:
        target, estimate: one channel each, [T].
        sample_rate: in Hz.

    Returns:
        For each octave-wide band below half the sample rate: (low_hz, high_hz, error_db), the error's energy
        relative to the target's energy in that band. NaN where the target has none.

    >>> x = np.sin(np.arange(4800) * 2 * np.pi * 1000 / 48000)
    >>> bands = error_by_band(x, 0.9 * x, 48000)
    >>> [round(db) for low, high, db in bands if low < 1000 < high]
    [-20]
    """
    if target.shape != estimate.shape or target.ndim != 1:
        raise ShapeError(f"error_by_band wants two [T], and got {target.shape} and {estimate.shape}")
    truth = np.abs(np.fft.rfft(target)) ** 2
    error = np.abs(np.fft.rfft(estimate - target)) ** 2
    hz = np.fft.rfftfreq(len(target), 1.0 / sample_rate)
    bands = []
    for low, high in itertools.pairwise(BAND_EDGES_HZ):
        if low >= sample_rate / 2:
            break
        here = (hz >= low) & (hz < high)
        energy, wrong = float(truth[here].sum()), float(error[here].sum())
        heard = energy > 1e-12 * float(truth.sum())
        db = 10.0 * math.log10(max(wrong / energy, 10.0 ** (SILENCE_DB / 10))) if heard else math.nan
        bands.append((float(low), float(min(high, sample_rate / 2)), db))
    return bands


def loudness_l1_db(target_db: np.ndarray, estimate_db: np.ndarray) -> float:
    """How far two curves of loudness are apart, in dB: the mean distance of their frames.

    Args:
        target_db, estimate_db: loudness of each frame in dB, arrays of one shape, not empty.

    Raises:
        ShapeError: when the shapes differ, or there are no frames.

    >>> loudness_l1_db(np.array([-20.0, -30.0]), np.array([-21.0, -27.0]))
    2.0
    """
    if target_db.shape != estimate_db.shape or target_db.size == 0:
        raise ShapeError(
            f"loudness_l1_db wants two arrays of one shape, and got {target_db.shape} and {estimate_db.shape}"
        )
    return float(np.mean(np.abs(estimate_db.astype(np.float64) - target_db)))


def f0_errors(target_hz: np.ndarray, estimate_hz: np.ndarray, voiced: np.ndarray) -> tuple[float, float]:
    """How far two curves of pitch are apart where there is a pitch.

    Args:
        target_hz, estimate_hz: fundamental of each frame in Hz, arrays of one shape. A frame that counts and has no
            pitch (0, or no number) in either is infinitely far off.
        voiced: bool, of the same shape: which frames count.

    Returns:
        The median distance in semitones, and the share of frames, 0 to 1, that are off by more than half a semitone.
        Both are NaN when no frame is voiced.

    Raises:
        ShapeError: when the shapes differ.

    >>> f0_errors(np.array([440.0, 440.0, 220.0, 0.0]), np.array([440.0, 440.0, 440.0, 99.0]), np.arange(4) < 3)
    (0.0, 0.3333333333333333)
    """
    if not target_hz.shape == estimate_hz.shape == voiced.shape:
        raise ShapeError(
            f"f0_errors wants three arrays of one shape, and got {target_hz.shape}, {estimate_hz.shape} and "
            f"{voiced.shape}"
        )
    a, b = (x[voiced.astype(bool)].astype(np.float64) for x in (target_hz, estimate_hz))
    if a.size == 0:
        return math.nan, math.nan
    heard = (a > 0) & (b > 0)
    semitones = np.full(a.shape, math.inf)
    semitones[heard] = 12.0 * np.abs(np.log2(b[heard] / a[heard]))
    return float(np.median(semitones)), float(np.mean(semitones > 0.5))
