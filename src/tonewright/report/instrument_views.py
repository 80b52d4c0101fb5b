"""What the figures of an instrument's page show, as arrays. Nothing here draws."""

import itertools

import numpy as np

from tonewright.measure.metrics import BAND_EDGES_HZ

QUIET_DB = 50.0  # below a band's loudest moment a band is no longer heard
OFF_SEMITONES = 0.5
MOST_FRAMES = 2000


def voiced(f0_hz: np.ndarray) -> np.ndarray:
    """Where there is a pitch, [F] of bool: zeros, negative numbers and NaN are none.

    >>> voiced(np.array([440.0, 0.0, np.nan]))
    array([ True, False, False])
    """
    return np.isfinite(f0_hz) & (np.nan_to_num(f0_hz, nan=0.0, posinf=0.0, neginf=0.0) > 0)


def pitch_errors(target_hz: np.ndarray, estimate_hz: np.ndarray) -> np.ndarray:
    """How far off the pitch is, in semitones, in the frames where both have one; any number of them.

    >>> pitch_errors(np.array([440.0, 440.0, 0.0]), np.array([440.0, 880.0, 440.0]))
    array([ 0., 12.])
    """
    both = voiced(target_hz) & voiced(estimate_hz)
    return np.abs(12.0 * np.log2(estimate_hz[both] / target_hz[both]))


def busiest(f0_hz: np.ndarray, frames: int) -> int:
    """The first of `frames` frames in which the pitch is heard most and moves most; 0 for a short f0 [F].

    >>> busiest(np.array([0.0, 0.0, 440.0, 460.0, 480.0, 0.0]), 3)
    2
    """
    if len(f0_hz) <= frames:
        return 0
    there = voiced(f0_hz)
    pitch = 12.0 * np.log2(np.where(there, f0_hz, 1.0))
    moved = np.minimum(np.abs(np.diff(pitch, prepend=pitch[:1])), 2.0) * there * np.append(False, there[:-1])
    worth = np.cumsum(np.append(0.0, there + moved))
    return int(np.argmax(worth[frames:] - worth[:-frames]))


def band_levels(x: np.ndarray, sample_rate: int) -> tuple[list[tuple[float, float]], np.ndarray]:
    """The level of each part of the tone over time.

    Args:
        x: finite samples [T], at least one.
        sample_rate: in Hz.

    Returns:
        (low_hz, high_hz) of each band, and dB [bands, N], in at most 2000 windows of 64 ms.
    """
    size = max(2, round(0.064 * sample_rate))
    hop = max(size // 2, len(x) // MOST_FRAMES + 1)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x, (0, size)), size)[::hop][: len(x) // hop + 1]
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2
    hz = np.fft.rfftfreq(size, 1.0 / sample_rate)
    bands, levels = [], []
    for low, high in itertools.pairwise(BAND_EDGES_HZ):
        if low < sample_rate / 2:
            bands.append((float(low), float(min(high, sample_rate / 2))))
            levels.append(power[:, (hz >= low) & (hz < high)].sum(axis=1))
    return bands, 10.0 * np.log10(np.array(levels) + 1e-12)


def tone_errors(
    target: np.ndarray, estimate: np.ndarray, sample_rate: int
) -> list[tuple[float, float, float, float]]:
    """How far off the level of each part of the tone is while it is heard.

    Args:
        target, estimate: recording and model, finite, [T] each.
        sample_rate: in Hz.

    Returns:
        (low_hz, high_hz, off_db, louder_db) of each band: the mean distance, and by how much of it the model is
        louder on the whole. A moment counts when the recording's band is within 50 dB of the loudest band's
        loudest moment; NaN where none is.

    >>> x = np.sin(np.arange(16000) * 2 * np.pi * 1000 / 16000)
    >>> [(round(off, 1), round(up, 1)) for low, high, off, up in tone_errors(x, x / 2, 16000) if low < 1000 < high]
    [(6.0, -6.0)]
    """
    bands, heard = band_levels(target, sample_rate)
    _, made = band_levels(estimate, sample_rate)
    floor_db = max(float(heard.max()) - QUIET_DB, -100.0)
    rows = []
    for (low, high), truth, model in zip(bands, heard, made, strict=True):
        counts = truth > floor_db
        apart = np.maximum(model[counts], floor_db - 20.0) - truth[counts]
        off, louder = (float(np.abs(apart).mean()), float(apart.mean())) if counts.any() else (np.nan, np.nan)
        rows.append((low, high, off, louder))
    return rows


def decay_db(response: np.ndarray) -> np.ndarray:
    """How much of a room's energy is still to come, in dB of all of it, [T]; silence never has any.

    Source: M. R. Schroeder, New Method of Measuring Reverberation Time, JASA 37, 1965.

    >>> decay_db(np.array([1.0, 0.0, 0.0]))
    array([   0., -120., -120.])
    """
    energy = np.cumsum(np.square(response[::-1], dtype=np.float64))[::-1]
    return 10.0 * np.log10(np.maximum(energy / (energy[0] or 1.0), 1e-12))
