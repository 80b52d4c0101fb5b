"""Learn a device that is a few lines of Python, by a model that hears its own output, and play something new.

    python examples/python_device.py [steps]

Writes music/guitar.wav (what it is taught with), filter.tone, and three sounds to compare: dry.wav, wet.wav (the
device) and loop.wav (the model).
"""

import sys
from pathlib import Path

import numpy as np
from scipy import signal

import tonewright as tw
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.measure.metrics import esr, verdict

RATE = 48000


def device(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """A drive into a resonant low-pass: every sample follows from the two before it."""
    b, a = signal.iirpeak(700.0, Q=4.0, fs=sample_rate)
    return 0.3 * np.tanh(4 * x) + signal.lfilter(b, a, np.tanh(4 * x))


def main(steps: int = 300) -> None:
    Path("music").mkdir(exist_ok=True)
    files.write("music/guitar.wav", phrase(60.0, RATE), RATE)

    loop = tw.capture("music", through=device, seconds=60, model="feedback", preset="small", steps=steps)
    loop.save("filter.tone")

    dry = phrase(8.0, RATE, seed=1)
    wet, played = device(dry, RATE), loop.render(dry)
    for name, sound in {"dry.wav": dry, "wet.wav": wet, "loop.wav": played}.items():
        files.write(name, 0.5 * sound, RATE)
    error = esr(wet, played)
    print(f"loop.wav: ESR {error:.2g} on new playing: {verdict(error)}")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
