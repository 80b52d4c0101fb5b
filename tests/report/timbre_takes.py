"""A few beats, and a made-up model of them, for the tests of the timbre's page."""

import numpy as np

from tonewright.report.takes import Take
from tonewright.report.timbre import TimbreListening

RATE, HOP = 16000, 256
HISTORY = [
    {"seconds": 60.0 * i, "step": 100 * i, "loss": 6.0 + 4.0 / i, "error": 2.0 + 4.0 / i if i % 2 else None}
    for i in range(1, 9)
]


def beats(seconds: float, hz: float = 300.0, dulls: float = 0.5) -> np.ndarray:
    """Four a second, ever softer, each a tone with a few harmonics."""
    t = np.arange(round(seconds * RATE)) / RATE
    y = sum(np.sin(2 * np.pi * hz * k * t) / k**dulls for k in range(1, 9))
    return (0.2 * y * np.exp(-12 * (t % 0.25) - 0.5 * t)).astype(np.float32)


def listened(seconds: float = 1.0, **changes) -> TimbreListening:
    """What a good model makes of beats, and six latents of which the first is their loudness."""
    frames = round(seconds * RATE) // HOP
    noise = np.random.RandomState(0).standard_normal((6, frames))
    latents = noise * 0.5 ** np.arange(6)[:, None]
    latents[0] = -12 * (np.arange(frames) * HOP / RATE % 0.25) + 0.1 * noise[0]
    values = dict(
        title="drums.tone",
        recording=beats(seconds),
        reconstruction=beats(seconds, dulls=0.6),
        sample_rate=RATE,
        latents=latents,
        hop=HOP,
        variance=4.0 ** -np.arange(16.0),
        played=3,
    )
    return TimbreListening(**(values | changes))


def spoken() -> Take:
    """Another sound, and how it sounds in the timbre."""
    return Take("A <talking> voice", beats(0.3, 150.0), beats(0.3), ("Before", "In this timbre"))
