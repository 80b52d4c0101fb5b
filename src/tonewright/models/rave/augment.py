"""More sound than was recorded: what ears do not mind is made different every time a crop is heard.

Source: Caillon and Esling, "RAVE", 2021 (random phase, dequantisation); the all-pass of second order: Zoelzer, DAFX,
second edition, section 2.2.3.
"""

import math
from dataclasses import dataclass

import numpy as np
import soxr
from scipy.signal import lfilter

from tonewright.errors import ConfigError, ShapeError
from tonewright.units import db_to_gain

PHASE_HZ = (20.0, 2000.0)  # where an all-pass turns
RADIUS = 0.99  # of its poles
EDGE = 256  # samples at either end in which a resampler still hears the silence beyond


@dataclass(frozen=True)
class Augmentation:
    """What is done to crops; the defaults are what is always right."""

    phase_chance: float = 0.8  # that a crop goes through an all-pass
    quietest_db: float = -12.0  # crops are played at a random level from here to 0 dB; 0 leaves levels alone
    bits: int = 16  # noise as large as the rounding of so many bits; 0 adds none
    mute_chance: float = 0.0  # that a crop is silence, from which a model learns to be silent
    pitch_semitones: float = (
        0.0  # crops are played up to so much faster or slower, and higher or lower; up to 24
    )

    def __post_init__(self):
        for name in ("phase_chance", "mute_chance"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be from 0 to 1, and is {getattr(self, name)}")
        if not -60 <= self.quietest_db <= 0:
            raise ConfigError(f"quietest_db must be from -60 to 0, and is {self.quietest_db}")
        if not (self.bits == 0 or 8 <= self.bits <= 24):
            raise ConfigError(f"bits must be 0 or from 8 to 24, and is {self.bits}")
        if not 0 <= self.pitch_semitones <= 24:
            raise ConfigError(f"pitch_semitones must be from 0 to 24, and is {self.pitch_semitones}")

    def wants(self, samples: int) -> int:
        """How long a crop must be for `samples` to be left: longer where it may be played faster.

        >>> Augmentation().wants(65536), Augmentation(pitch_semitones=12).wants(65536)
        (65536, 131584)
        """
        if not self.pitch_semitones:
            return samples
        return math.ceil(samples * _ratio(self.pitch_semitones)) + 2 * EDGE


def augment(
    crops: np.ndarray, samples: int, settings: Augmentation, sample_rate: float, rng: np.random.Generator
) -> np.ndarray:
    """Crops as they were never recorded; row by row, so that one generator gives the same rows to any batch size.

    Args:
        crops: sound [B, settings.wants(samples)] or longer, float32.
        samples: of each crop, after all.
        settings: what is done. In this order: pitch, phase, level or silence, noise.
        sample_rate: in Hz.
        rng: decides all; the same crops and a generator of the same seed give the same sound.

    Returns:
        [B, samples], float32. The crops are not changed.

    Raises:
        ShapeError: when crops are not [B, T], or too short.

    >>> crops = np.zeros((2, 1000), dtype=np.float32)
    >>> noise = augment(crops, 1000, Augmentation(), 48000, np.random.default_rng(0))
    >>> bool(0 < np.abs(noise).max() <= 0.5 / 32768)
    True
    """
    wanted = settings.wants(samples)
    if crops.ndim != 2 or crops.shape[1] < wanted:
        raise ShapeError(f"augment wants crops as [B, T], T at least {wanted}, and got {list(crops.shape)}")
    rows = [_augmented(crop[:wanted], samples, settings, sample_rate, rng) for crop in crops]
    return np.stack(rows) if rows else np.empty((0, samples), dtype=np.float32)


def _augmented(
    x: np.ndarray, samples: int, settings: Augmentation, sample_rate: float, rng: np.random.Generator
) -> np.ndarray:
    if settings.pitch_semitones:
        span = settings.pitch_semitones
        x = _faster(x, samples, _ratio(rng.uniform(-span, span)))
    if rng.random() < settings.phase_chance:
        low, high = np.log(PHASE_HZ)
        x = all_pass(x, min(math.exp(rng.uniform(low, high)), 0.45 * sample_rate), sample_rate)
    gain = db_to_gain(rng.uniform(settings.quietest_db, 0.0))
    x = x * np.float32(0.0 if rng.random() < settings.mute_chance else gain)
    if settings.bits:
        step = np.float32(2.0 ** (1 - settings.bits))
        x = x + step * (rng.random(samples, dtype=np.float32) - np.float32(0.5))
    return x


def all_pass(x: np.ndarray, turn_hz: float, sample_rate: float) -> np.ndarray:
    """x [..., T] with the phase turned by a full circle around turn_hz, and magnitudes as they were; float32.

    Waves look different, and sound the same. It begins in silence, and rings for about 5 ms.

    >>> click = np.zeros(4096, dtype=np.float32)
    >>> click[0] = 1
    >>> spectrum = np.abs(np.fft.rfft(all_pass(click, 440.0, 48000.0)))
    >>> bool(np.allclose(spectrum, 1, atol=1e-5))
    True
    """
    middle = -2 * RADIUS * math.cos(2 * math.pi * turn_hz / sample_rate)
    poles = (1.0, middle, RADIUS**2)
    return lfilter(poles[::-1], poles, x.astype(np.float64)).astype(np.float32)


def _faster(x: np.ndarray, samples: int, ratio: float) -> np.ndarray:
    """`samples` of x played so many times as fast, away from its ends."""
    used = x[: math.ceil(samples * ratio) + 2 * EDGE]
    skipped = round(EDGE / ratio)
    return soxr.resample(used, ratio, 1.0)[skipped : skipped + samples].astype(np.float32, copy=False)


def _ratio(semitones: float) -> float:
    return 2.0 ** (semitones / 12)
