"""Tones whose pitch is known, and performances made of them."""

import numpy as np

from tonewright.audio.performance import Performance

RATE, HOP = 16000, 160


def tone(f0_hz, seconds: float = 1.0, level: float = 0.2, rate: int = RATE, partials: int = 12) -> np.ndarray:
    """A note of falling harmonics that fades in and out; f0_hz may be a row of a value per sample."""
    samples = round(seconds * rate)
    f0_hz = np.broadcast_to(f0_hz, samples)
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate
    numbers = [k for k in range(1, partials + 1) if k * f0_hz.max() < 0.45 * rate]
    sound = sum(np.sin(k * phase) / k for k in numbers)
    t = np.arange(samples) / rate
    return level * sound * np.clip(np.minimum(t, t[::-1]) / 0.03, 0, 1)


def melody(notes_hz, seconds: float = 0.25, **more) -> np.ndarray:
    """Note after note."""
    return np.concatenate([tone(f0_hz, seconds, **more) for f0_hz in notes_hz])


def scale(low_hz: float = 220.0, semitones: int = 24) -> list[float]:
    """All notes from one on."""
    return [low_hz * 2 ** (k / 12) for k in range(semitones + 1)]


def performance(sound, f0_hz, voiced=True, loudness_db=0.0, name="tones", rate=RATE, hop=HOP, clipped=0):
    """A performance of which all is known beforehand; single values are those of every frame."""
    frames = len(sound) // hop
    rows = [np.array(np.broadcast_to(row, frames), np.float32) for row in (f0_hz, loudness_db)]
    voiced = np.array(np.broadcast_to(voiced, frames), bool)
    sound = np.asarray(sound[: frames * hop], np.float32)
    return Performance(sound, rate, hop, rows[0], rows[0], voiced, rows[1], name, clipped)
