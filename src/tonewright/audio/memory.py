"""Devices that a black-box capture cannot learn: those that move by themselves, those that remember long."""

import numpy as np
from scipy import fft

from tonewright.audio.align import PIECE, pieces
from tonewright.audio.innovations import Innovations

# Modulation
WINDOW, HOP = 4096, 1024  # samples of the spectra whose bands are followed
LOWEST_HZ, HIGHEST_HZ, PER_OCTAVE = 90.0, 9000.0, 3  # the bands
SLOWEST_HZ, FASTEST_HZ = 0.1, 12.0  # of a low-frequency oscillator
CYCLES = 4  # that must fit into the recording
BANDS = 3  # that must sway before we call it modulation
LINE = 0.35  # of a band's gain changes lie in one frequency; music alone reaches 0.16 in 25 s and more
SWAY_DB = 0.3  # the least size of these changes
AUDIBLE = 1e-4  # of a band's mean power; below it a frame says nothing about the gain
SHORTEST_S = 5.0  # a shorter recording sways by chance

# Echo
PARTS = 16  # pieces looked at
ECHO_S = 2.0  # the longest delay looked for
ECHO = 0.08  # of the direct answer, the least that counts
LOPSIDED = 2.0  # an echo comes after, never before; a riff that repeats looks the same in both directions


def modulation_hz(
    dry: np.ndarray, wet: np.ndarray, sample_rate: int, mask: np.ndarray | None = None
) -> float | None:
    """The rate at which a device's gain or response sways, or None when it does not.

    The gain of each third of an octave is followed over time, less what follows from the level (a distortion
    and a compressor change with that). What is left of a tremolo or a phaser is one line in its spectrum.

    Args:
        dry, wet: aligned, one channel each, [T].
        sample_rate: in Hz.
        mask: [T], True where the sound is not to be used.

    >>> rng, t = np.random.default_rng(0), np.arange(10 * 8000) / 8000
    >>> dry = rng.standard_normal(len(t))
    >>> round(modulation_hz(dry, dry * (1 + 0.5 * np.sin(2 * np.pi * 3 * t)), 8000), 1)
    3.0
    >>> modulation_hz(dry, np.tanh(dry), 8000) is None
    True
    """
    if len(dry) < SHORTEST_S * sample_rate:
        return None
    keep = np.ones(len(dry), bool) if mask is None else ~mask
    bands = zip(*_bands(dry, wet, keep, sample_rate), strict=True)
    lines = [_line(x, y, sample_rate / HOP) for x, y in bands]
    swaying = [(part, hz) for hz, part, size_db in lines if part > LINE and size_db > SWAY_DB]
    return max(swaying)[1] if len(swaying) >= BANDS else None


def echo_samples(
    dry: np.ndarray, wet: np.ndarray, sample_rate: int, receptive_field: int, keep: np.ndarray
) -> int | None:
    """The delay of an echo later than `receptive_field` samples, or None.

    The whitened sides are correlated over two seconds in both directions. Music repeats itself and shows up
    on both sides of zero alike; an echo only after it.

    Args:
        dry, wet: aligned, one channel each, [T].
        keep: [T], False where the sound is not to be used.

    >>> dry = np.random.default_rng(0).standard_normal(80000)
    >>> echo_samples(dry, dry + 0.3 * np.roll(dry, 3000), 8000, 1000, np.ones(80000, bool))
    3000
    """
    reach = int(min(ECHO_S * sample_rate, len(dry) // 2))
    if reach <= receptive_field:
        return None
    x, y = Innovations(dry, keep), Innovations(wet)
    starts = pieces(dry, keep, PARTS)
    size = fft.next_fast_len(PIECE + 2 * reach, real=True)
    total = np.zeros(2 * reach + 1)
    for start in starts:
        here = fft.rfft(x.between(start, start + PIECE), size)
        there = fft.rfft(y.between(start - reach, start + PIECE + reach), size)
        total += fft.irfft(np.conj(here) * there, size)[: 2 * reach + 1]
    after, before = np.abs(total[reach:]), np.abs(total[reach::-1])
    direct = after[:receptive_field].max()
    echo = receptive_field + int(np.argmax(after[receptive_field:]))
    if after[echo] > max(ECHO * direct, LOPSIDED * before[receptive_field:].max()):
        return echo
    return None


def _bands(
    dry: np.ndarray, wet: np.ndarray, keep: np.ndarray, sample_rate: int
) -> tuple[np.ndarray, np.ndarray]:
    """Power of both sides in thirds of an octave, [B, F] each; 0 where a frame is not to be used."""
    edges_hz = LOWEST_HZ * 2.0 ** (np.arange(64) / PER_OCTAVE)
    edges_hz = edges_hz[edges_hz < min(HIGHEST_HZ, 0.45 * sample_rate)]
    edges = np.searchsorted(np.fft.rfftfreq(WINDOW, 1.0 / sample_rate), edges_hz)
    shape = np.hanning(WINDOW)
    frames = np.arange(0, len(dry) - WINDOW + 1, HOP)
    power = np.zeros((2, len(edges) - 1, len(frames)))
    for i, t in enumerate(frames):
        if keep[t : t + WINDOW].all():
            for side, x in enumerate((dry, wet)):
                bins = np.abs(fft.rfft(x[t : t + WINDOW] * shape)) ** 2
                power[side, :, i] = np.add.reduceat(bins, edges)[:-1]
    return power[0], power[1]


def _line(dry: np.ndarray, wet: np.ndarray, frame_rate: float) -> tuple[float, float, float]:
    """Of one band's gain over time: the strongest frequency, its part of all changes, their size in dB."""
    heard = (dry > AUDIBLE * dry.mean()) & (wet > 0.0)
    if np.count_nonzero(heard) < 64:
        return 0.0, 0.0, 0.0
    level_db = 10.0 * np.log10(np.maximum(dry, 1e-30))
    gain_db = 10.0 * np.log10(np.maximum(wet, 1e-30)) - level_db
    curve = np.vander((level_db - level_db[heard].mean()) / 10.0, 4)  # what follows from the level
    change = gain_db - curve @ np.linalg.lstsq(curve[heard], gain_db[heard], rcond=None)[0]
    size_db = 1.4826 * float(np.median(np.abs(change[heard])))
    change = np.where(heard, np.clip(change, -3 * size_db, 3 * size_db), 0.0)
    length = fft.next_fast_len(2 * len(change), real=True)
    spectrum = np.abs(fft.rfft(change, length)) ** 2
    hz = np.fft.rfftfreq(length, 1.0 / frame_rate)
    slowest = max(SLOWEST_HZ, CYCLES * frame_rate / len(change))
    spectrum[(hz < slowest) | (hz > FASTEST_HZ)] = 0.0
    best = int(np.argmax(spectrum))
    whole = float(np.sum(change**2)) * np.count_nonzero(heard) / 2.0  # a pure line has all of this
    return float(hz[best]), float(spectrum[best]) / max(whole, 1e-30), size_db
