"""What the spectral distance of timbres costs, value and gradient, beside torch, and how far both are from double.

python -m benchmarks.spectral_distance
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.results import table, write_section
from benchmarks.spectral_loss import click, off, sounds
from tonewright.measure import spectral_distance as ours
from tonewright.units import db_to_gain

RATE = 48000
SHAPES = {
    "full band, 1 x 65536": (1, 1, 65536),
    "16 bands, 1 x 16 x 4096": (1, 16, 4096),
    "8 x 16 x 8192": (8, 16, 8192),
}
ROUNDS = 15


def main() -> None:
    torch.set_num_threads(1)
    rows = [row for name, shape in SHAPES.items() for row in compared(name, shape)]
    text = (
        "Windows of 2048 to 128 samples. Tones with harmonics and a little noise, each a little beside its target; "
        "also as rows of bands. Milliseconds of the processor for the value and its gradient, one thread, the median "
        f"of {ROUNDS} rounds in turn; errors against torch in float64, of the value in parts of it, of the gradient "
        "the norm of the difference in parts of the norm. Of bins near silence, and noise has some, float32 does not "
        "know where the gradient points; the spectrum of a click is flat."
    )
    columns = ["", "CPU ms", "value off", "gradient off", "value off, click", "gradient off, click"]
    write_section(
        "The spectral distance of timbres",
        "benchmarks.spectral_distance",
        f"{text}\n\n{table(columns, rows)}",
    )


def compared(name: str, shape: tuple[int, int, int]) -> list[list[str]]:
    """A row for each side."""
    items, channels, samples = shape
    batch, flat = (
        [x.view(shape) for x in make((RATE, items * channels, samples))[1:]] for make in (sounds, click)
    )
    truths = [step(plain, *(x.double() for x in given)) for given in (batch, flat)]
    sides = {"ours, native": ours.spectral_distance, "torch": plain}
    times = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, distance in sides.items():
            before = time.process_time()
            step(distance, *batch)
            times[side].append(time.process_time() - before)
    return [
        [
            f"{name}: {side}",
            f"{1e3 * np.median(times[side]):.1f}",
            *(
                cell
                for given, truth in zip((batch, flat), truths, strict=True)
                for cell in off(step(distance, *given), truth)
            ),
        ]
        for side, distance in sides.items()
    ]


def plain(target: torch.Tensor, estimate: torch.Tensor) -> torch.Tensor:
    return ours._plain(target, estimate, ours.WINDOWS, ours.EPSILON, db_to_gain(ours.FLOOR_DB) ** 2)


def step(distance: Callable, target: torch.Tensor, estimate: torch.Tensor) -> tuple[float, torch.Tensor]:
    estimate = estimate.clone().requires_grad_()
    value = distance(target, estimate)
    value.backward()
    return float(value.detach()), estimate.grad


if __name__ == "__main__":
    main()
