"""Small linear chains to write."""

import numpy as np

from tonewright.models.chain import Config, Model, spoken
from tonewright.runtime.player import Player
from tonewright.storage import Tone


def chain(text: str, rate: int = 48000, channels: int = 1, /, **settings) -> Player:
    """The chain of that name, with settings by processor: gain={"gain_db": -3.0}."""
    model = Model(Config(spoken(text), channels, rate))
    model.set({f"{name}.{key}": value for name, own in settings.items() for key, value in own.items()})
    return Player(Tone("chain", model.eval(), rate))


def ringing(length: int, seed: int = 0) -> np.ndarray:
    """Noise that dies away, float32 [length]."""
    noise = np.random.default_rng(seed).normal(size=length) * np.exp(-5.0 * np.arange(length) / length)
    return noise.astype(np.float32)
