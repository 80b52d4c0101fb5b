"""Small instruments that were never taught, and melodies to play them by."""

import numpy as np
import torch

from tonewright import models, storage
from tonewright.runtime.player import Player

RATE, HOP = 16000, 160
LEVELS = {"f0_low_hz": 196.0, "f0_high_hz": 1320.0, "loudness_low_db": -45.0, "loudness_high_db": -20.0}


def tone(levels: dict | None = None, **settings) -> storage.Tone:
    """An instrument with a short room."""
    room = models.find("ddsp")
    torch.manual_seed(0)
    config = {"sample_rate": RATE, "units": 8, "harmonics": 12, "bands": 9, "reverb_s": 0.02} | settings
    model = room.Model(room.Config(**config))
    if model.room is not None:
        torch.nn.init.uniform_(model.room.taps, -0.1, 0.1)
    return storage.Tone("ddsp", model, config["sample_rate"], LEVELS if levels is None else levels)


def instrument(levels: dict | None = None, **settings) -> Player:
    return Player(tone(levels, **settings))


def melody(notes_hz, seconds: float = 0.5, rate: int = RATE, level: float = 0.3) -> np.ndarray:
    """Notes of a few harmonics, one after another, [T]."""
    t = np.arange(round(seconds * rate)) / rate
    fade = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.02)
    sung = [sum(np.sin(2 * np.pi * k * hz * t) / k for k in (1, 2, 3, 4)) * fade for hz in notes_hz]
    return (level * np.concatenate(sung)).astype(np.float32)
