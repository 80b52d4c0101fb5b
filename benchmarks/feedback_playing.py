"""What it costs to play a feedback model, sample by sample, and what halving its weights costs in error.

python -m benchmarks.feedback_playing
"""

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks import core, rivals
from benchmarks.results import table, write_section
from tonewright import storage
from tonewright.audio.pairs import Pair, split
from tonewright.builtin import overdrive, phrase
from tonewright.layers.conv import Conv1d
from tonewright.models.base import Model
from tonewright.models.feedback import PRESETS, Recipe
from tonewright.models.feedback import Model as Feedback
from tonewright.runtime.player import Player
from tonewright.training.loop import Budget, teach

RATE = 44100
STEPS = 200
LOAD_SECONDS = 120
PERIOD_NS = 1e9 / RATE


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = core.build(Path(folder) / "build")
        costs = [
            cost(program, Path(folder), preset, halves)
            for preset in PRESETS
            for halves in ((False, True) if preset == "standard" else (True,))
        ]
    taught = teach_one()
    losses = [rounding(taught, name, kind) for name, kind in (("half", torch.half), ("bf16", torch.bfloat16))]
    columns = ["model", "weights", "MB read", "ns", "of a core", "median", "99.9 of 100", "worst"]
    text = (
        "Nanoseconds for a sample in blocks of 64, by the core alone, one thread: the median; and that part of the "
        f"time there is at 44.1 kHz, {PERIOD_NS:,.0f} ns. The last three: {LOAD_SECONDS} s of sound in blocks of 64, "
        "by the clock on the wall, as parts of the time that a block may take.\n\n"
        + table([*columns, "torch, ns", "torch/core"], costs)
        + "\n\nWhat rounded weights cost: the standard model, taught a built-in overdrive for "
        f"{STEPS} steps, plays ten seconds freely: mean size of the difference to what it plays with unrounded "
        "weights, beside that of the sound, and the error-to-signal ratio against the pedal.\n\n"
        + table(["weights", "relative difference", "ESR"], losses)
    )
    write_section("Feedback: playing", "benchmarks.feedback_playing", text)


def cost(program: Path, folder: Path, preset: str, halves: bool) -> list:
    torch.manual_seed(0)
    model = Feedback(PRESETS[preset]).eval()
    if halves:
        model.fold()
    path = folder / f"{preset}.tone"
    storage.save(storage.Tone("feedback", model, RATE), path)
    ns = core.playing(program, path, 64)[0]["ns"]
    load = core.playing(program, "--load", LOAD_SECONDS, path)[0]
    block_us = 64e6 / RATE
    shares = [f"{100 * load[key] / block_us:.3g} %" for key in ("median_us", "p99_9_us", "worst_us")]
    torch_ns = rivals.torch_eager(model, 64)
    weights = sum(p.numel() for p in model.parameters())
    read = sum(p.numel() for p in model.loop.parameters()) * (2 if halves else 4) / 1e6
    name = f"{preset}, {'halves' if halves else 'floats'}"
    cells = [f"{weights:,}", f"{read:.2g}", f"{ns:,.0f}", f"{100 * ns / PERIOD_NS:.2g} %", *shares]
    return [name, *cells, f"{torch_ns:,.0f}", f"{torch_ns / ns:.0f}x"]


def teach_one() -> Model:
    torch.manual_seed(0)
    dry = phrase(60.0, RATE)
    taught, held_out = split(Pair(dry, overdrive(dry, RATE), RATE))
    recipe = Recipe(Feedback(), [taught], [held_out])
    teach(recipe, Budget(steps=STEPS))
    return recipe.model


def rounding(model: Model, name: str, kind: torch.dtype) -> list:
    """What the model plays with its weights rounded, beside what it plays without."""
    rounded = copy.deepcopy(model)
    for module in rounded.loop.modules():
        if isinstance(module, Conv1d):
            module.weight.data.copy_(module.weight.data.to(kind))
    dry = phrase(10.0, RATE, seed=5)
    wet = overdrive(dry, RATE)
    exact, got = (Player(storage.Tone("feedback", m, RATE)).render(dry) for m in (model, rounded))
    difference = np.abs(got - exact).mean() / np.abs(exact).mean()
    esr = [float(np.square(y - wet).sum() / np.square(wet).sum()) for y in (exact, got)]
    return [name, f"{100 * difference:.2g} %", f"{esr[1]:.2g} (unrounded {esr[0]:.2g})"]


if __name__ == "__main__":
    main()
