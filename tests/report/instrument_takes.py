"""A small instrument and its recording, for the tests of the instrument's page."""

import numpy as np

from tonewright.report.instrument import InstrumentListening, Take

RATE, FRAMES_PER_S = 16000, 100.0
HISTORY = [
    {"seconds": 30.0 * i, "step": 100 * i, "loss": 6.0 + 4.0 / i, "error": 6.5 + 4.0 / i if i % 2 else None}
    for i in range(1, 9)
]


def tone(hz: float, seconds: float, dulls: float = 1.0) -> np.ndarray:
    """A few harmonics, dying away."""
    t = np.arange(round(seconds * RATE)) / RATE
    y = sum(np.sin(2 * np.pi * hz * k * t) / k**dulls for k in range(1, 9)) * 0.2 * np.exp(-t)
    return y.astype(np.float32)


def playing(seconds: float = 0.5, **changes) -> InstrumentListening:
    """A note, and a model that plays it a little duller and out of tune."""
    frames = round(seconds * FRAMES_PER_S)
    f0_hz, loudness_db = np.full(frames, 440.0), -20.0 - 8.7 * np.arange(frames) / FRAMES_PER_S
    f0_hz[:5] = 0.0
    values = dict(
        title="violin.tone",
        recording=tone(440.0, seconds),
        resynthesis=tone(441.0, seconds, dulls=1.3),
        sample_rate=RATE,
        f0_hz=f0_hz,
        f0_made_hz=np.full(frames, 441.0),
        loudness_db=loudness_db,
        loudness_made_db=loudness_db - 1.0,
        frames_per_s=FRAMES_PER_S,
    )
    return InstrumentListening(**(values | changes))


def singing(seconds: float = 0.3) -> Take:
    """Another sound, and what the instrument makes of it."""
    return Take("A <singing> voice", tone(220.0, seconds), tone(440.0, seconds), ("The singer", "The violin"))
