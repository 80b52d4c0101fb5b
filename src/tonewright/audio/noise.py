"""The noise that a recording carries, and with it the best error that any model of it can reach."""

import numpy as np
from scipy import signal

STEP_S = 0.01  # length of the frames whose level is looked at
STILL_S = 0.2  # the shortest silence that is measured
RING_S = 0.1  # at the beginning of a silence, when the device still rings
WINDOW_S = 0.05  # over which noise is measured: a few periods of the mains
STILL_DB = -100.0  # the dry side is silent below this, relative to full scale: hum and hiss are input too


def noise_floor(
    dry: np.ndarray,
    wet: np.ndarray,
    sample_rate: int,
    repeats: list[tuple[int, int, int]] | None = None,
    mask: np.ndarray | None = None,
) -> float | None:
    """The ESR that a perfect model would still have, because noise cannot be foretold.

    Measured on the wet side of repeats (half the energy of the difference) where they are given, else in the
    quietest moment of the silences of the dry side: an echo may still sound in the others.

    Args:
        dry, wet: aligned, one channel each, [T].
        sample_rate: in Hz.
        repeats: (first, second, length) in samples: passages whose dry side is the same.
        mask: [T], True where the sound is not to be used.

    Returns:
        Energy of the noise over energy of the wet side, or None when nothing allows to measure it.

    >>> rng = np.random.default_rng(0)
    >>> dry = np.concatenate([np.zeros(8000), rng.standard_normal(8000)])
    >>> round(noise_floor(dry, dry + 0.1 * rng.standard_normal(16000), 8000), 2)
    0.02
    """
    keep = np.ones(len(dry), bool) if mask is None else ~mask
    power = float(np.mean(wet[keep] ** 2)) if keep.any() else 0.0
    if power == 0.0:
        return None
    if repeats:
        pairs = [(wet[a : a + n], wet[b : b + n]) for a, b, n in repeats]
        energy = sum(float(np.sum(first**2 + second**2)) / 2 for first, second in pairs)
        return sum(float(np.sum((first - second) ** 2)) / 2 for first, second in pairs) / energy
    windows = _windows(wet, silences(dry, keep, sample_rate), round(RING_S * sample_rate), sample_rate)
    return min(windows) / power if windows else None


def tail(dry: np.ndarray, wet: np.ndarray, sample_rate: int, after: int, keep: np.ndarray) -> float | None:
    """What still sounds `after` samples into a silence of the dry side, less the noise.

    Args:
        dry, wet: aligned, one channel each, [T].
        keep: [T], False where the sound is not to be used.

    Returns:
        Mean energy of that tail over mean energy of the wet side; None when there is no silence so long.

    >>> rng = np.random.default_rng(0)
    >>> dry = np.concatenate([np.zeros(8000), rng.standard_normal(8000), np.zeros(8000)])
    >>> room = rng.standard_normal(8000) * np.exp(-np.arange(8000) / 4000)
    >>> tail(dry, np.convolve(dry, room)[:24000], 8000, 1000, np.ones(24000, bool)) > 0.1
    True
    >>> tail(dry, np.tanh(dry), 8000, 1000, np.ones(24000, bool))
    0.0
    """
    power = float(np.mean(wet[keep] ** 2)) if keep.any() else 0.0
    gaps = silences(dry, keep, sample_rate)
    ends = _windows(wet, [(a, b) for a, b in gaps if a > 0], after, sample_rate)
    if not ends or power == 0.0:
        return None
    noise = min(_windows(wet, gaps, after, sample_rate))
    return max(0.0, float(np.median(ends)) - noise) / power


def silences(dry: np.ndarray, keep: np.ndarray, sample_rate: int) -> list[tuple[int, int]]:
    """(start, stop) in samples of each silence of the dry side that is long enough to measure in."""
    step = max(1, round(STEP_S * sample_rate))
    count = len(dry) // step
    level = np.sqrt(np.mean(dry[: count * step].reshape(count, step) ** 2, axis=1))
    quiet = (level < 10.0 ** (STILL_DB / 20.0)) & keep[: count * step].reshape(count, step).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(int), [0]])))
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(int(a) * step, int(b - 1) * step) for a, b in spans if (b - a) * STEP_S >= STILL_S]


def _windows(wet: np.ndarray, spans: list[tuple[int, int]], ring: int, sample_rate: int) -> list[float]:
    """Power of the wet side in each WINDOW_S of the silences, once they have lasted for `ring` samples.

    Each less its straight line: a converter's offset, or a capacitor that recovers, is no noise.
    """
    size = round(WINDOW_S * sample_rate)
    starts = [t for a, b in spans for t in range(a + (ring if a > 0 else 0), b - size + 1, size)]
    return [float(np.mean(signal.detrend(wet[t : t + size]) ** 2)) for t in starts]
