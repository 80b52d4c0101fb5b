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
from tonewright.models.chain.model import Chain
from tonewright.models.chain.processors.filters import Equaliser

POINTS = 96  # frequencies, evenly over the octaves
LOWEST_HZ = 30.0
SEGMENT_S = 0.1
STEPS, NUDGE = 25, 1e-4
PULL = 3e-3  # towards bands that do nothing, against a dB of error


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


def response_db(chain: Chain, hz: np.ndarray) -> np.ndarray:
    """How many dB all equalisers of a chain together add at these frequencies.

    >>> from tonewright.models.chain import Config, Link
    >>> chain = Chain(Config((Link("lowpass"),)))
    >>> response_db(chain, np.array([100.0, 8000.0])).round(1) + 0.0
    array([ 0., -3.])
    """
    ours = (processor for processor in chain.processors.values() if isinstance(processor, Equaliser))
    return sum((equaliser_db(equaliser, hz) for equaliser in ours), np.zeros(len(hz)))


def equalised(knobs: Knobs, dry: np.ndarray, wet: np.ndarray, begun: list[np.ndarray]) -> list[np.ndarray]:
    """Each of the positions with those of its equalisers moved to where the tone fits, the best first.

    Args:
        knobs: of the chain.
        dry, wet: one channel each.
        begun: positions to begin from, [K] each.
    """
    chain = knobs.chain
    ours = [n for n, p in enumerate(knobs.places) if isinstance(chain.processors[p.processor], Equaliser)]
    if not ours:
        return begun
    hz, wanted, sure = tone(dry, wet, chain.config.sample_rate)
    weight = np.sqrt(sure)
    rest = knobs.neutral[ours]
    pulled = ~np.isnan(rest)

    def errors(positions: np.ndarray) -> np.ndarray:
        knobs.write(positions)
        off = (response_db(chain, hz) - wanted) * weight
        off -= weight * (weight @ off) / max(weight @ weight, 1e-30)  # the level is left to the gains
        return np.concatenate([off, math.sqrt(PULL) * 24.0 * (positions[ours] - rest)[pulled]])

    ends = []
    for number, positions in enumerate(begun):
        ends.append((*_downhill(errors, knobs.within(positions), ours), number))
    ends.sort(key=lambda row: (row[0], row[2]))
    return [positions for _, positions, _ in ends]


@torch.no_grad()
def _downhill(errors, positions: np.ndarray, ours: list[int]) -> tuple[float, np.ndarray]:
    """Damped Gauss-Newton over the positions that are ours."""
    now, damping = errors(positions), 1e-2
    for _ in range(STEPS):
        slopes = np.empty((len(ours), len(now)))
        for row, index in enumerate(ours):
            nudged = positions.copy()
            nudge = -NUDGE if positions[index] > 0.5 else NUDGE
            nudged[index] += nudge
            slopes[row] = (errors(nudged) - now) / nudge
        curve = slopes @ slopes.T
        before = now @ now
        for _ in range(5):
            tried = positions.copy()
            step = -np.linalg.lstsq(
                curve + damping * np.diag(np.diag(curve) + 1e-9), slopes @ now, rcond=1e-12
            )[0]
            tried[ours] = np.clip(tried[ours] + np.clip(step, -0.2, 0.2), 0.0, 1.0)
            after = errors(tried)
            if after @ after < before:
                positions, now, damping = tried, after, damping / 4
                break
            damping *= 4
        if before - now @ now < 1e-3 * before:
            break
    return float(now @ now), positions
