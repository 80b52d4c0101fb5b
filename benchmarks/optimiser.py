"""SOAP against Adam, and small batches against large ones, at equal time: why a capture is taught as it is.

    python -m benchmarks.optimiser --seconds 60

The pair is the demo's: the built-in guitar through the built-in pedal. One thread.
"""

import argparse
import time

import torch

from benchmarks.results import table, write_section
from tonewright import storage
from tonewright.audio.pairs import Pair, split
from tonewright.builtin import overdrive, phrase
from tonewright.models import find
from tonewright.models.supervised import Teaching
from tonewright.runtime.player import Player
from tonewright.training import native
from tonewright.training.capture import measure
from tonewright.training.loop import Budget, teach

RATE = 48000
# (optimiser, largest step size, batch, crop)
TRIED = (
    ("SOAP", 1e-2, 2, 4096),
    ("SOAP", 3e-3, 2, 4096),
    ("SOAP", 3e-2, 2, 4096),
    ("SOAP", 1e-2, 4, 2048),
    ("SOAP", 1e-2, 1, 8192),
    ("SOAP", 1e-2, 2, 8192),
    ("SOAP", 1e-2, 8, 8192),
    ("Adam", 4e-3, 2, 4096),
    ("Adam", 8e-3, 2, 4096),
    ("Adam", 4e-3, 16, 8192),
)


class Adam:
    """torch's Adam behind the face of our Soap."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.adam = torch.optim.Adam(parameters, lr=1e-3)
        self.state, self.steps = [], 0

    def step(self, gradient, rate: float) -> None:
        gradients = gradient.split([parameter.numel() for parameter in self.parameters])
        for parameter, part in zip(self.parameters, gradients, strict=True):
            parameter.grad = part.view(parameter.shape)
        self.adam.param_groups[0]["lr"] = rate
        self.adam.step()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    guitar, unheard = phrase(90.0, RATE), phrase(30.0, RATE, seed=1)
    taught, held_out = split(Pair(guitar, overdrive(guitar, RATE), RATE))
    test = Pair(unheard, overdrive(unheard, RATE), RATE)
    rows = [one(row, seconds, taught, held_out, test) for row in TRIED]
    text = (
        f"Preset standard, {seconds:.0f} s of teaching on one thread, the same crops, loss and half-cosine; ESR on "
        "30 s of playing that was not taught.\n\n"
    )
    columns = ["optimiser", "step size", "batch x crop", "steps", "ESR"]
    write_section("Optimiser", "benchmarks.optimiser", text + table(columns, rows))


def one(tried, seconds: float, taught: Pair, held_out: Pair, test: Pair) -> list:
    name, rate, batch, crop = tried
    torch.manual_seed(0)
    room = find("wavenet")
    model = room.Model()
    teaching = Teaching(batch=batch, crop=crop, rate=rate)
    answer = native.fused(model)
    recipe = room.Recipe(model, [taught], [held_out], teaching, seed=0, threads=1, answer=answer)
    if name == "Adam":
        recipe.soap = Adam(recipe.parameters)
    began = time.monotonic()
    end = teach(recipe, Budget(minutes=seconds / 60))
    error = measure(Player(storage.Tone("wavenet", model, RATE)), [test])
    print(tried, f"{time.monotonic() - began:.0f} s", error, flush=True)
    return [name, f"{rate:g}", f"{batch} x {crop}", end.progress.step, f"{error:.5f}"]


if __name__ == "__main__":
    main()
