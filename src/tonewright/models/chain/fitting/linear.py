"""Equalisers, found from the tone alone: the chain as its filters, against the response that the two sounds show.

A response is a hundred numbers where a recording is a hundred thousand, so many places to begin can be gone on from.
What a distortion or a compressor beside the filters does to the tone is close to a gain, which is left free.
"""

import math

import numpy as np
import torch
from scipy import signal

from tonewright.models.chain.curves import equaliser_db
from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.processors.filters import Equaliser

POINTS = 96  # frequencies, evenly over the octaves
LOWEST_HZ = 30.0
SEGMENT_S = 0.1
STEPS, NUDGE = 25, 1e-4
SLOW = 3e-3  # a step that takes less than this part of the error off is the last
PULL_DB = 1.3  # what a band a whole range away from doing nothing weighs, as an error of so many dB


def tone(dry: np.ndarray, wet: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the tone was looked at (Hz), how many dB the wet side is above the dry one there, and how sure that is.

    The part of the wet side that goes with the dry one, by averaged cross-spectra; sure is its coherence, 0 to 1.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(44100)
    >>> hz, db, sure = tone(x, 0.5 * x, 44100)
    >>> round(float(db[40]), 2), round(float(sure[40]), 2)
    (-6.02, 1.0)
    """
    size = 2 ** math.ceil(math.log2(SEGMENT_S * rate))
    size = min(size, len(dry))
    how = {"fs": rate, "nperseg": size, "window": "hann"}
    bins, cross = signal.csd(dry, wet, **how)
    own, other = signal.welch(dry, **how)[1], signal.welch(wet, **how)[1]
    hz = np.geomspace(max(LOWEST_HZ, bins[1]), 0.45 * rate, POINTS)
    loud = own / (own.max() or 1.0) > 1e-9
    gain = np.abs(cross) / np.maximum(own, 1e-30)
    sure = np.where(loud, np.abs(cross) ** 2 / np.maximum(own * other, 1e-30), 0.0)
    db = 20.0 * np.log10(np.maximum(gain, 1e-6))
    return hz, np.interp(hz, bins, db), np.interp(hz, bins, sure)


def equalised(knobs: Knobs, dry: np.ndarray, wet: np.ndarray, begun: list[np.ndarray]) -> list[np.ndarray]:
    """Each of the positions with those of its equalisers moved to where the tone fits, the best first.

    Args:
        knobs: of the chain.
        dry, wet: one channel each.
        begun: positions to begin from, [K] each.
    """
    fit = _ToneFit(knobs, *tone(dry, wet, knobs.chain.config.sample_rate))
    if not fit.ours:
        return begun
    ends = []
    for number, positions in enumerate(begun):
        ends.append((*_downhill(fit, knobs.within(positions)), number))
    ends.sort(key=lambda row: (row[0], row[2]))
    return [positions for _, positions, _ in ends]


class _ToneFit:
    """How far the equalisers of a chain are from a tone; only what is turned is computed anew."""

    def __init__(self, knobs: Knobs, hz: np.ndarray, wanted: np.ndarray, sure: np.ndarray):
        self.knobs, self.hz, self.wanted, self.weight = knobs, hz, wanted, np.sqrt(sure)
        processors = knobs.chain.processors
        self.equalisers = {name: p for name, p in processors.items() if isinstance(p, Equaliser)}
        self.ours = [n for n, place in enumerate(knobs.places) if place.processor in self.equalisers]
        self.rest = knobs.neutral[self.ours]
        self.pulled = ~np.isnan(self.rest)

    def errors(self, positions: np.ndarray) -> np.ndarray:
        """Weighted dB, the level left out, and how far from doing nothing."""
        for index in self.ours:
            self.knobs.write_one(index, positions[index])
        self.each = {name: equaliser_db(p, self.hz) for name, p in self.equalisers.items()}
        return self._errors(sum(self.each.values()), positions)

    def nudged(self, index: int, positions: np.ndarray) -> np.ndarray:
        """The same at positions that differ in one from those of the last call of `errors`."""
        name, before = self.knobs.places[index].processor, self.knobs.read_one(index)
        self.knobs.write_one(index, positions[index])
        db = sum(self.each.values()) - self.each[name] + equaliser_db(self.equalisers[name], self.hz)
        self.knobs.write_one(index, before)
        return self._errors(db, positions)

    def _errors(self, db: np.ndarray, positions: np.ndarray) -> np.ndarray:
        weight = self.weight
        off = (db - self.wanted) * weight
        off -= weight * (weight @ off) / max(weight @ weight, 1e-30)  # the level is left to the gains
        return np.concatenate([off, PULL_DB * (positions[self.ours] - self.rest)[self.pulled]])


@torch.no_grad()
def _downhill(fit: _ToneFit, positions: np.ndarray) -> tuple[float, np.ndarray]:
    """Damped Gauss-Newton over the positions of the equalisers."""
    ours, damping = fit.ours, 1e-2
    now = fit.errors(positions)
    for _ in range(STEPS):
        slopes = np.empty((len(ours), len(now)))
        for row, index in enumerate(ours):
            nudged = positions.copy()
            nudge = -NUDGE if positions[index] > 0.5 else NUDGE
            nudged[index] += nudge
            slopes[row] = (fit.nudged(index, nudged) - now) / nudge
        curve, slope, before = slopes @ slopes.T, slopes @ now, now @ now
        for _ in range(5):
            tried = positions.copy()
            damped = curve + damping * np.diag(np.diag(curve) + 1e-9)
            step = -np.linalg.lstsq(damped, slope, rcond=1e-12)[0]
            tried[ours] = np.clip(tried[ours] + np.clip(step, -0.2, 0.2), 0.0, 1.0)
            after = fit.errors(tried)
            if after @ after < before:
                positions, now, damping = tried, after, damping / 4
                break
            damping *= 4
        else:
            break
        if before - now @ now < SLOW * before:
            break
    return float(now @ now), positions
