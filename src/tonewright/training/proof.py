"""How far an instrument is from recordings that it never learned from."""

from dataclasses import dataclass

import numpy as np
import torch

from tonewright.audio.f0 import Track, f0_track
from tonewright.audio.performance import Performance
from tonewright.dsp.loudness import loudness_of
from tonewright.measure.metrics import f0_errors, loudness_l1_db
from tonewright.measure.multi_scale import multi_scale_spectral
from tonewright.runtime.instrument import play_again
from tonewright.runtime.player import Player

CROP_S = 4.0  # of which there is one at least in what is held out, and over which the loss is a mean


@dataclass(frozen=True)
class Proof:
    """How far an instrument is from recordings that it never learned from.

    Attributes:
        spectral: the multi-scale spectral loss, a mean over crops.
        loudness_db: mean distance of the loudness in dB.
        f0_semitones: median distance of the pitch, in frames that are voiced on both sides.
        f0_off: share of these that are more than half a semitone off.
    """

    spectral: float
    loudness_db: float
    f0_semitones: float
    f0_off: float


def prove(player: Player, held_out: list[Performance]) -> Proof:
    """Play again what was held out, and compare."""
    spectral, loudness_db, tracks = [], [], []
    for performance in held_out:
        y, again, level = played_again(player, performance)
        spectral += _losses(performance, y)
        loudness_db.append((performance.loudness_db, level))
        tracks.append((performance.f0_hz, again.f0_hz, performance.voiced & again.voiced))
    columns = [np.concatenate(column) for column in zip(*tracks, strict=True)]
    levels = [np.concatenate(column) for column in zip(*loudness_db, strict=True)]
    return Proof(float(np.mean(spectral)), loudness_l1_db(*levels), *f0_errors(*columns))


def played_again(player: Player, performance: Performance) -> tuple[np.ndarray, Track, np.ndarray]:
    """What the instrument makes of a recording's pitch and loudness, and the pitch and the loudness of that."""
    rate, hop = performance.sample_rate, performance.hop
    y = play_again(player, performance)
    return y, f0_track(y, rate, hop), loudness_of(y, rate, hop)


def _losses(performance: Performance, y: np.ndarray) -> list[float]:
    """The spectral loss of each crop."""
    rate, size = performance.sample_rate, min(len(y), round(CROP_S * performance.sample_rate))
    target = performance.sound[: len(y) // size * size].reshape(-1, size)
    estimate = y[: target.size].reshape(-1, size)
    rows = zip(torch.from_numpy(target), torch.from_numpy(estimate), strict=True)
    return [float(multi_scale_spectral(a[None].float(), b[None], rate)) for a, b in rows]
