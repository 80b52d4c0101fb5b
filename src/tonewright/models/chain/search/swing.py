"""Slow swings: what moves between a dry and a wet sound, how fast, and where it was at the beginning."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

FRAME_S = 0.01  # of a level
SLICE_S = 0.064  # of a delay
STEEPEST = 0.15  # samples that a delay moves in one: two and a half semitones of vibrato
AGAIN = 12  # rounds in which a swing is found by those who agree
FINER = 8  # rates tried for one turn more over the whole sound


@dataclass(frozen=True)
class Swing:
    """A sine through a track: middle + width cos(2 pi (rate_hz t + phase)).

    Attributes:
        rate_hz, phase: phase in turns, at the first sample of the sound.
        middle, width: in the unit of the track; width is 0 or above.
        explained: share of the track's weighted variance.
    """

    rate_hz: float
    phase: float
    middle: float
    width: float
    explained: float


def swings(
    seconds: np.ndarray, track: np.ndarray, weight: np.ndarray, low_hz: float, high_hz: float, count: int = 3
) -> list[Swing]:
    """The sines that explain most of a track, the best first.

    Args:
        seconds, track, weight: [N] each: when, what, and how sure.
        low_hz, high_hz: rates to look at.
        count: how many, at rates that differ.

    >>> t = np.arange(0, 10, 0.01)
    >>> best = swings(t, 3 + 2 * np.cos(2 * np.pi * (0.8 * t + 0.25)), np.ones_like(t), 0.05, 20)[0]
    >>> round(best.rate_hz, 3), round(best.phase, 2), round(best.middle, 2), round(best.width, 2)
    (0.8, 0.25, 3.0, 2.0)
    """
    span = max(float(seconds[-1] - seconds[0]), 1e-3)
    low_hz = max(low_hz, 0.4 / span)
    rates = np.arange(low_hz, high_hz, 1.0 / (FINER * span))
    if len(rates) == 0 or weight.sum() <= 0:
        return []
    scores = np.array([_fitted(seconds, track, weight, rate).explained for rate in rates])
    found = []
    for _ in range(count):
        at = int(np.argmax(scores))
        if scores[at] <= 0:
            break
        found.append(_finer(seconds, track, weight, float(rates[at]), 1.0 / (FINER * span)))
        scores[np.abs(rates - rates[at]) < 1.5 / span] = 0.0
    return found


def level_track(dry: np.ndarray, wet: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How much louder the wet sound is, frame by frame: seconds, gain as a factor, and how sure, [N] each."""
    size = max(8, round(FRAME_S * rate))
    count = len(dry) // size
    x = np.sqrt(np.mean(dry[: count * size].reshape(count, size) ** 2, axis=1))
    y = np.sqrt(np.mean(wet[: count * size].reshape(count, size) ** 2, axis=1))
    sure = x / (x.max() or 1.0)
    return (np.arange(count) + 0.5) * size / rate, y / np.maximum(x, 1e-9), np.where(sure > 1e-3, sure, 0.0)


def delay_track(
    dry: np.ndarray, wet: np.ndarray, rate: int, least: int, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The delay of the second voice in the wet sound, slice by slice: seconds, samples, and how sure, [N] each.

    In each slice the wet sound is taken for a sum of the dry one and the dry one so many samples ago. How much each
    delay explains is added up along a track that bends no more than STEEPEST: alone, a slice of a steady tone may
    take its period, or twice that, for the delay.

    Args:
        dry, wet: one channel each.
        rate: in Hz.
        least, most: delays to look at, in samples.
    """
    length, hop = round(SLICE_S * rate), round(SLICE_S * rate / 4)
    starts = np.arange(0, max(1, len(dry) - length), hop)
    past = np.concatenate([np.zeros(most), dry])
    window, lags = np.hanning(length), np.arange(least, most + 1)
    size = fft.next_fast_len(length + most, real=True)
    explained = np.zeros((len(starts), len(lags)))
    for n, start in enumerate(starts):
        x = past[start : start + most + length]  # the slice and what came before it
        y, now = wet[start : start + length] * window, dry[start : start + length] * window
        spectrum = np.conj(fft.rfft(x, size))
        # against the dry sound of each lag: what the wet has of it, what the dry itself has of it, and its power
        with_wet, with_now = (
            fft.irfft(np.conj(spectrum * fft.rfft(side * window, size)), size)[most - lags]
            for side in (y, now)
        )
        power = fft.irfft(np.conj(np.conj(fft.rfft(x**2, size)) * fft.rfft(window**2, size)), size)[
            most - lags
        ]
        own, common = float(now @ now) + 1e-12, float(y @ now)
        left = power - with_now**2 / own  # of the delayed sound, beside the direct one
        rest = max(float(y @ y) - common**2 / own, 1e-12)
        explained[n] = (with_wet - with_now * common / own) ** 2 / np.maximum(left, 1e-3 * own) / rest
    best = _track(np.minimum(explained, 1.0), max(1, round(STEEPEST * hop)))
    return (starts + length / 2) / rate, lags[best].astype(float), explained[np.arange(len(starts)), best]


def _track(scores: np.ndarray, bend: int) -> np.ndarray:
    """The column of each row along which the scores [N, L] add up to most, moving at most `bend` from row to row."""
    total, rows = scores[0].copy(), [scores[0].copy()]
    for row in scores[1:]:
        total = row + ndimage.maximum_filter1d(total, 2 * bend + 1, mode="nearest")
        rows.append(total)
    at = int(np.argmax(total))
    path = [at]
    for row in reversed(rows[:-1]):
        low = max(0, at - bend)
        at = low + int(np.argmax(row[low : at + bend + 1]))
        path.append(at)
    return np.array(path[::-1])


def colour_swings(dry: np.ndarray, wet: np.ndarray, rate: int, low_hz: float, high_hz: float) -> list[Swing]:
    """The rates at which the tone swings: what a phaser or a filter does to bands of the sound, the likeliest first.

    Args:
        dry, wet: one channel each.
        rate: in Hz.
        low_hz, high_hz: rates to look at.
    """
    size, hop = round(0.03 * rate), round(0.015 * rate)
    starts = np.arange(0, max(1, len(dry) - size), hop)
    window = np.hanning(size)
    x, y = (
        np.abs(np.stack([fft.rfft(side[s : s + size] * window) for s in starts])) ** 2 for side in (dry, wet)
    )
    hz = fft.rfftfreq(size, 1.0 / rate)
    seconds, found = (starts + size / 2) / rate, []
    for low in 100.0 * 2.0 ** (np.arange(12) / 2.0):
        band = (hz >= low) & (hz < low * math.sqrt(2.0))
        if not band.any():
            continue
        a, b = x[:, band].sum(axis=1), y[:, band].sum(axis=1)
        loud = a / (a.max() or 1.0)
        track = 0.5 * np.log((b + 1e-12) / (a + 1e-12))
        sure = np.where(loud > 1e-4, np.sqrt(loud), 0.0)
        found += swings(seconds, np.clip(track, -5.0, 5.0), sure, low_hz, high_hz)
    found.sort(key=lambda s: -s.explained)
    return found[:6]


def _fitted(seconds, track, weight, rate_hz: float) -> Swing:
    turn = 2 * math.pi * rate_hz * seconds
    columns = np.stack([np.ones_like(turn), np.cos(turn), -np.sin(turn)])
    weighted = columns * weight
    normal = weighted @ columns.T + 1e-12 * np.eye(3) * weight.sum()
    middle, a, b = np.linalg.solve(normal, weighted @ track)
    mean = float(weight @ track / weight.sum())
    spread = float(weight @ (track - mean) ** 2) or 1e-30
    left = float(weight @ (track - middle - a * columns[1] - b * columns[2]) ** 2)
    return Swing(
        rate_hz, math.atan2(b, a) / (2 * math.pi) % 1.0, float(middle), math.hypot(a, b), 1 - left / spread
    )


def firm(seconds: np.ndarray, track: np.ndarray, weight: np.ndarray, swing: Swing) -> Swing:
    """The swing again, by those who agree: what is far from it is believed less and less.

    A track of delays that took the period of a tone for one is wrong for a while, and not by a little.

    Source: Holland and Welsch, "Robust regression using iteratively reweighted least-squares", 1977.

    >>> t = np.arange(0, 10, 0.01)
    >>> track = 3 + 2 * np.cos(2 * np.pi * 0.8 * t)
    >>> track[300:450] += 5.0
    >>> first = swings(t, track, np.ones_like(t), 0.05, 20)[0]
    >>> round(firm(t, track, np.ones_like(t), first).middle, 2)
    3.0
    """
    step = 1.0 / (FINER * max(float(seconds[-1] - seconds[0]), 1e-3))
    for _ in range(AGAIN):
        turn = 2 * math.pi * (swing.rate_hz * seconds + swing.phase)
        off = np.abs(track - swing.middle - swing.width * np.cos(turn))
        usual = float(np.median(off[weight > 0])) if (weight > 0).any() else 0.0
        swing = _finer(seconds, track, weight / (1.0 + (off / max(usual, 1e-6)) ** 2), swing.rate_hz, step)
    return swing


def _finer(seconds, track, weight, rate_hz: float, step: float) -> Swing:
    """The best rate near one of a grid."""
    best = _fitted(seconds, track, weight, rate_hz)
    while step > 1e-6 * rate_hz:
        step /= 2
        for near in (best.rate_hz - step, best.rate_hz + step):
            other = _fitted(seconds, track, weight, near) if near > 0 else best
            best = other if other.explained > best.explained else best
    return best
