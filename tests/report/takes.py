"""Small takes for the tests of the report, and how to read a page back."""

import io
import json
import re
from base64 import b64decode

import numpy as np
import soundfile

from tonewright.report.page import Listening

HISTORY = [
    {"seconds": 30.0 * i, "step": 100 * i, "loss": 1.0 / i, "error": 0.5 / i if i % 2 else None}
    for i in range(1, 9)
]


def take(seconds: float = 0.5, sample_rate: int = 44100, **changes) -> Listening:
    """A plucked chord, driven by the device, and a model that is a little off."""
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    dry = sum(np.sin(2 * np.pi * hz * t) for hz in (110.0, 165.0, 220.0)) * 0.2 * np.exp(-3 * (t % 0.5))
    dry = dry.astype(np.float32)
    target, estimate = np.tanh(4 * dry), np.tanh(3.8 * dry)
    values = dict(title="amp.tone", dry=dry, target=target, estimate=estimate, sample_rate=sample_rate)
    return Listening(**(values | changes))


def sounds_of(page: str) -> dict:
    """What the page tells its player."""
    return json.loads(re.search(r'<script type="application/json" id="sounds">(.*?)</script>', page).group(1))


def decode(track: dict) -> tuple[np.ndarray, int]:
    """The samples of a track as the page restores them, and their rate."""
    x, rate = soundfile.read(io.BytesIO(b64decode(track["uri"].partition(",")[2])), dtype="float64")
    return x * track["gain"], rate
