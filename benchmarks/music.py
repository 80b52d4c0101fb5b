"""Music and four effects in software for the feedback model: what is taught, and excerpts that never are.

The sounds are the music, the trumpet and the spoken sentence that librosa hands out with its examples. The effects
are those that Will Yager's "audiofx" learned in 2025; how far off it ended stands in HIS.
"""

from pathlib import Path

import numpy as np
from scipy import signal

from tonewright.audio import files
from tonewright.audio.pairs import Pair
from tonewright.audio.rates import resample

RATE = 44100
# name of a file begins with this: the seconds that are kept back. In the first two no 3 ms are below -40 dB.
KEPT_BACK = {
    "Kevin_MacLeod_-_P_I": (70.0, 82.0),
    "Kevin_MacLeod_-_Vibe": (29.0, 42.0),
    "Hungarian": (38.0, 45.0),
}
LEFT_OUT = ("glacier",)  # a whale, with an offset: it is for other tests
# mean |error| / mean |reference|; of the modulation how far its frequency was off, after 690 samples
HIS = {"pass-through": 0.035, "tanh(5x)": 0.072, "low-pass": 0.037, "modulation": 0.014}
MODULATION_HZ, CUTOFF_HZ = 1000.0, 1000.0


def music(folder: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What is taught and what is kept back: mono, at 44.1 kHz, each recording with its loudest sample at 0.9."""
    taught, kept = [], []
    for path in sorted(folder.glob("*.ogg")):
        if path.name.startswith(LEFT_OUT):
            continue
        samples, rate = files.read(path)
        x = resample(samples.mean(axis=0, keepdims=True), rate, RATE)[0]
        x = (x * (0.9 / np.abs(x).max())).astype(np.float32)
        found = [seconds for start, seconds in KEPT_BACK.items() if path.name.startswith(start)]
        begin, end = (int(RATE * second) for second in (found or [(1e6, 1e6)])[0])
        kept += [x[begin:end]] if found else []
        taught += [part for part in (x[:begin], x[end:]) if len(part) > RATE]
    return taught, kept


def modulation(x: np.ndarray) -> np.ndarray:
    """All the way from 1 to 0 and back, a thousand times a second."""
    swing = np.sin(2 * np.pi * MODULATION_HZ * np.arange(len(x)) / RATE)
    return (x * (0.5 + 0.5 * swing)).astype(np.float32)


def low_pass(x: np.ndarray) -> np.ndarray:
    """Butterworth, fourth order."""
    sections = signal.butter(4, CUTOFF_HZ, fs=RATE, output="sos")
    return signal.sosfilt(sections, x).astype(np.float32)


EFFECTS = {
    "pass-through": lambda x: x.copy(),
    "tanh(5x)": lambda x: np.tanh(5 * x),
    "low-pass": low_pass,
    "modulation": modulation,
}


def pairs(folder: Path, effect: str) -> tuple[list[Pair], list[Pair]]:
    """What is taught, and what is kept back."""
    return tuple([Pair(x, EFFECTS[effect](x), RATE, name=effect) for x in sounds] for sounds in music(folder))
