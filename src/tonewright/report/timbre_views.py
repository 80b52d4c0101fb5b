"""What the figures of a timbre's page show, as arrays. Nothing here draws."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from tonewright.dsp.loudness import FLOOR_DB, loudness_of
from tonewright.measure.brightness import brightness
from tonewright.measure.correlation import rank_correlation
from tonewright.measure.metrics import loudness_l1_db
from tonewright.report.instrument_views import QUIET_DB, tone_errors

NAMED = 0.5  # a correlation from here on is worth a word
STRIP = 0.36  # by which a trace goes up and down, so that there is room for its name
HEARD_DB = FLOOR_DB + 10.0  # below it a frame counts as silence


@dataclass(frozen=True)
class Beside:
    """What a latent goes with: the name of what was measured in the sound, and the correlation of ranks, -1 to 1."""

    name: str
    r: float

    def __str__(self) -> str:
        return f"{self.name} (r = {self.r:.2f})"


def goes_with(latents: np.ndarray, recording: np.ndarray, sample_rate: int, hop: int) -> list[Beside | None]:
    """What each latent moves with while there is something to hear; None where that is nothing that has a name.

    Args:
        latents: [K, F], frame n of the sound around sample n hop.
        recording: finite, [T].
        sample_rate: in Hz.
        hop: samples of a frame.

    >>> x = np.random.RandomState(0).standard_normal(16000) * np.linspace(0.01, 0.5, 16000)
    >>> rising = 20 * np.log10(np.linspace(0.01, 0.5, 31))
    >>> [str(beside) for beside in goes_with(np.stack([rising, 0 * rising]), x, 16000, 512)]
    ['loudness (r = 0.99)', 'None']
    """
    level = loudness_of(recording, sample_rate, hop)
    bright = brightness(torch.from_numpy(recording.astype(np.float32))[None, None], sample_rate, hop)[
        0, 0
    ].numpy()
    frames = min(latents.shape[1], len(level))
    heard = (level[:frames] > HEARD_DB) & np.isfinite(bright[:frames])
    rows = latents[:, :frames][:, heard]
    measured = {"loudness": level[:frames][heard], "brightness": bright[:frames][heard]}
    told = {name: rank_correlation(rows, values) for name, values in measured.items()}
    return [_plainest([Beside(name, float(r[k])) for name, r in told.items()]) for k in range(len(rows))]


def cumulative(variance: np.ndarray) -> np.ndarray:
    """The share of all that varies that the first 1, 2, ... dimensions hold, [K]; 1 for a latent that stands still.

    >>> cumulative(np.array([3.0, 1.0]))
    array([0.75, 1.  ])
    """
    whole = np.cumsum(np.maximum(variance.astype(np.float64), 0.0))
    return whole / whole[-1] if whole[-1] > 0 else np.ones(len(whole))


def strips(latents: np.ndarray) -> np.ndarray:
    """Latents [K, F] so that each fits a strip of height 1 around 0, apart from its wildest hundredth.

    >>> strips(np.array([[0.0, 5.0, 10.0], [3.0, 3.0, 3.0]])).round(2)
    array([[-0.36,  0.  ,  0.36],
           [ 0.  ,  0.  ,  0.  ]])
    """
    low, high = np.quantile(latents, (0.005, 0.995), axis=1, keepdims=True)
    reach = np.where(high > low, high - low, 1.0)
    return np.clip(2 * STRIP * (latents - (low + high) / 2) / reach, -STRIP, STRIP).round(4) + 0.0


def minute_of(step: int, history: list[dict]) -> float | None:
    """When a step was taught, in minutes, by a history of rows {"seconds", "step"}; None without one.

    >>> minute_of(150, [{"seconds": 60.0, "step": 100}, {"seconds": 180.0, "step": 200}])
    2.0
    """
    if not history:
        return None
    steps, seconds = ([0.0, *(float(row[name]) for row in history)] for name in ("step", "seconds"))
    return float(np.interp(step, steps, seconds)) / 60


def loudness_off_db(target_db: np.ndarray, estimate_db: np.ndarray) -> float:
    """How far off the loudness is, a mean; more than 50 dB below the loudest moment all is as quiet.

    >>> loudness_off_db(np.array([0.0, -80.0]), np.array([2.0, -60.0]))
    1.0
    """
    floor_db = float(target_db.max()) - QUIET_DB
    return loudness_l1_db(*(np.maximum(db, floor_db) for db in (target_db, estimate_db)))


def tone_off_db(target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """How far off the level of the parts of the tone is, a mean over those that are heard; NaN for silence."""
    off = [db for *_, db, _ in tone_errors(target, estimate, sample_rate) if not math.isnan(db)]
    return float(np.mean(off)) if off else math.nan


def _plainest(told: list[Beside]) -> Beside | None:
    best = max(told, key=lambda beside: abs(beside.r))
    return best if abs(best.r) >= NAMED else None
