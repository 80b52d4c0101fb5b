"""A latency that moves: where each frame's correlation lies against the average of all of them."""

import numpy as np
from scipy import fft, ndimage, signal

ROUNDS = 3  # of aligning to the average and averaging again
SURE = 6.0  # a frame says where it is when its match stands out of its noise by so many deviations
JUMP = 16.0  # samples that a frame may lie away from its neighbours; a latency moves, it does not jump
FEWEST = 4  # frames that make a track


def follow(rows: np.ndarray, answer: int) -> tuple[np.ndarray, np.ndarray]:
    """How far each row lies to the right of the average row.

    Args:
        rows: [F, L], correlations of F frames at the same L lags, L odd.
        answer: lags around the average's peak that are matched.

    Returns:
        offsets [F] in samples (a row that says nothing takes its neighbours'), and which rows said it.

    >>> rows = np.zeros((5, 401))
    >>> rows[np.arange(5), [200, 201, 202, 203, 204]] = 1.0
    >>> follow(rows, 64)[0].round(2)
    array([-2., -1.,  0.,  1.,  2.])
    """
    place = np.arange(len(rows))
    template = _first(rows)
    offsets, sure = np.zeros(len(rows)), np.zeros(len(rows), bool)
    for _ in range(ROUNDS):
        match = _match(rows, template, answer)
        best = np.argmax(match, axis=1)
        noise = 1.4826 * np.median(np.abs(match), axis=1)
        sure = match[place, best] > SURE * noise
        if not sure.any():
            return np.zeros(len(rows)), sure
        found = _refine(match, best) - match.shape[1] // 2
        found -= np.median(found[sure])
        smooth = ndimage.median_filter(np.interp(place, place[sure], found[sure]), 5, mode="nearest")
        sure &= np.abs(found - smooth) <= JUMP
        if not sure.any():
            return np.zeros(len(rows)), sure
        offsets = np.interp(place, place[sure], found[sure])
        template = average(rows[sure], offsets[sure])
    return offsets, sure


def _first(rows: np.ndarray) -> np.ndarray:
    """What to begin with: the mean, or where that is smeared the clearest single row."""
    candidates = [rows.mean(axis=0), rows[np.argmax(np.max(np.abs(rows), axis=1))]]
    return max(candidates, key=lambda row: np.max(np.abs(row)) / max(float(np.sqrt(np.mean(row**2))), 1e-30))


def average(rows: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The mean row after each is moved back by its offset: [L]."""
    total = np.zeros(rows.shape[1])
    for row, offset in zip(rows, np.round(offsets).astype(int), strict=True):
        total += np.roll(row, -offset)
    return total / len(rows)


def slope(times: np.ndarray, offsets: np.ndarray) -> float:
    """Offset per unit of time, not moved by outliers (Theil and Sen); 0 for fewer than three."""
    if len(times) < 3:
        return 0.0
    i, j = np.triu_indices(len(times), 1)
    return float(np.median((offsets[j] - offsets[i]) / (times[j] - times[i])))


def _match(rows: np.ndarray, template: np.ndarray, answer: int) -> np.ndarray:
    """Correlation of each row with the template's answer, at every lag; the middle is no offset: [F, L]."""
    peak = int(np.argmax(np.abs(template)))
    window = np.zeros(len(template))
    low, high = max(0, peak - answer), min(len(template), peak + answer)
    window[low:high] = signal.windows.hann(high - low)
    part = template * window
    size = fft.next_fast_len(2 * len(template), real=True)
    c = fft.irfft(fft.rfft(rows, size) * np.conj(fft.rfft(part, size)), size)
    half = len(template) // 2
    return np.concatenate([c[:, -half:], c[:, : half + 1]], axis=1)


def _refine(match: np.ndarray, best: np.ndarray) -> np.ndarray:
    """The maximum between samples, by a parabola through three."""
    inner = np.clip(best, 1, match.shape[1] - 2)
    row = np.arange(len(match))
    a, b, c = match[row, inner - 1], match[row, inner], match[row, inner + 1]
    bend = a - 2 * b + c
    shift = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, -1), 0.0)
    return inner + np.clip(shift, -0.5, 0.5)
