"""Little to learn a timbre from, and a timbre that is learned from it at once."""

from pathlib import Path

from tonewright.audio import files
from tonewright.builtin.plucked import plucked_notes
from tonewright.training.loop import Budget
from tonewright.training.timbre import Plan

RATE = 16000
MODEL = {
    "capacity": 4,
    "ratios": [2, 2],
    "dilations": [[1], [1]],
    "noise": [2, 2],
    "noise_bands": 5,
    "latent": 8,
}
COURSE = {
    "batch": 2,
    "crop": 4096,
    "lead": 512,
    "judges": 2,
    "periods": False,
    "latest": 0.5,
    "earliest": 0.5,
}
SMALL = MODEL | COURSE
STEPS = 6
PLAN = Plan("live", True, RATE, Budget(steps=STEPS), threads=1, device="cpu", changes=SMALL)
OPTIONS = tuple(
    word for name, value in SMALL.items() for word in ("--setting", f"{name}={str(value).lower()}")
)


def put_sounds(folder: Path, seed: int = 0, notes: int = 12) -> Path:
    """A folder with a recording of so many notes, about a second each."""
    folder.mkdir(parents=True, exist_ok=True)
    sound, *_ = plucked_notes(notes, RATE, 160, seed, seconds=0.9)
    files.write(folder / "notes.wav", 0.3 * sound, RATE)
    return folder
