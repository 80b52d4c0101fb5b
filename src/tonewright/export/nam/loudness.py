"""How loud a model is and how it bends, as .nam files tell it, so that a player can set many models to one level."""

import math

import numpy as np

from tonewright.errors import ConfigError
from tonewright.measure.metrics import rms_db
from tonewright.runtime.player import Player
from tonewright.units import db_to_gain

LEVEL_DB = -15.0  # of the noise
GAINS = np.linspace(0.0, 1.0, 11, dtype=np.float32)


def loudness_and_gain(player: Player) -> tuple[float, float]:
    """The loudness in dB and the gain of a model.

    The trainer of .nam files plays a second of pink noise of -15 dB through a model. The loudness is the level that
    comes out. For the gain the noise is played at 11 gains from 0 to 1: when the level follows them, as that of a
    linear device does, it is 0; when it is the same at all of them, it is 1. Ours is another second of such noise.

    Args:
        player: of a model that hears one channel and makes one.

    Raises:
        ConfigError: when the model gives no finite sound.

    >>> from tonewright.models.wavenet import PRESETS, Model
    >>> from tonewright.storage import Tone
    >>> loudness_db, gain = loudness_and_gain(Player(Tone("wavenet", Model(PRESETS["nano"]), 48000)))
    >>> 0 <= gain <= 1
    True
    """
    y = player.render(GAINS[:, None] * noise(player.sample_rate))
    if not np.isfinite(y).all():
        raise ConfigError("the model gives no finite sound; teach it again")
    levels = np.array([math.sqrt(float(np.mean(row.astype(np.float64) ** 2))) for row in y])
    # half of the largest is what the levels of a linear device are on average
    bent = 2.0 * levels.mean() / levels[-1] - 1.0 if levels[-1] > 0 else 0.0
    return round(rms_db(y[-1]), 3), round(min(max(float(bent), 0.0), 1.0), 4)


def noise(sample_rate: int) -> np.ndarray:
    """A second of pink noise of LEVEL_DB, always the same, float32 [sample_rate]."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(sample_rate))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    x = np.fft.irfft(spectrum, sample_rate)
    return (x * db_to_gain(LEVEL_DB - rms_db(x))).astype(np.float32)
