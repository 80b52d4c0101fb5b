"""What a step of teaching a timbre costs in both of its phases: with the core, and the same in torch alone.

    python -m benchmarks.timbre_step [--rounds 7]

Each way is timed in a process of its own, by the time of its one thread.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.results import table, write_section

PRESETS = ("v2_small", "live")
CROP, SECONDS, ROUNDS = 65536, 20, 7
WAYS = ("torch", "ours")
# what only the losses of each have
PHASES = {"first": "divergence", "second, decoder": "matching", "second, discriminators": "judges"}
REFERENCE = (
    "the reference implementation of RAVE (2.3.1, on torch) was measured at 0.37 and 0.86 s for v2_small"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs=3, metavar=("WAY", "PRESET", "FILE"))
    options = parser.parse_args()
    if options.only:
        way, preset, path = options.only
        if way == "torch":
            sys.modules["tonewright._native"] = None  # as on a machine without the core
        print(json.dumps(measured(preset, options.rounds, Path(path))))
        return
    columns = ["preset", "phase", "torch, s", "ours, s", "faster by", "gradient off by"]
    rows = [row for preset in PRESETS for row in costs(preset, options.rounds)]
    text = (
        f"One crop of {CROP} samples, causal: losses, gradients and a step of Adam, on one thread. Seconds of the "
        f"processor, medians of {options.rounds} steps. Torch is the same recipe without the core, and so already "
        f"has our bank and our order of things; {REFERENCE}, in another run. The "
        "gradient of the first step differs by so much, in parts of its norm.\n\n" + table(columns, rows)
    )
    write_section("Teaching a timbre: a step", "benchmarks.timbre_step", text)


def costs(preset: str, rounds: int) -> list[list[str]]:
    """The rows of a preset."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {way: Path(folder) / f"{way}.npy" for way in WAYS}
        seconds = {way: alone(way, preset, rounds, paths[way]) for way in WAYS}
        a, b = (np.load(paths[way]) for way in WAYS)
    error = float(np.linalg.norm(a - b) / np.linalg.norm(a))
    return [
        [
            preset,
            phase,
            *(f"{seconds[way][phase]:.3f}" for way in WAYS),
            f"{seconds['torch'][phase] / seconds['ours'][phase]:.1f}x",
            f"{error:.0e}" if phase == "first" else "",
        ]
        for phase in PHASES
    ]


def alone(way: str, preset: str, rounds: int, path: Path) -> dict[str, float]:
    """What a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.timbre_step", "--rounds", str(rounds)]
    told = subprocess.run(
        [*command, "--only", way, preset, str(path)], check=True, capture_output=True, text=True
    )
    return json.loads(told.stdout.splitlines()[-1])


def measured(preset: str, rounds: int, path: Path) -> dict[str, float]:
    """Seconds of a step of each kind; the gradient of the first step is written to the path."""
    import torch

    from tonewright import models
    from tonewright.audio import files
    from tonewright.audio.corpus import open_corpus

    torch.set_num_threads(1)
    steps, turn = 4 * rounds + 8, 1 / 2
    changes = {
        "batch": 1,
        "crop": CROP,
        "lead": 0,
        "latest": turn,
        "earliest": 0.0,
        "worth": 0.0,
        "judges_every": 2,
    }
    config, course = models.changed("rave", preset, changes)
    config = replace(config.without_latency())
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, SECONDS * config.sample_rate))
    with tempfile.TemporaryDirectory() as folder:
        files.write(Path(folder) / "noise.wav", noise.astype(np.float32), config.sample_rate)
        taught, held_out = open_corpus(folder, config.sample_rate).split()
    torch.manual_seed(0)
    room = models.find("rave")
    recipe = room.Recipe(room.Model(config), taught, held_out, course, threads=1)
    found: dict[str, list[float]] = {name: [] for name in PHASES}
    for step in range(steps):
        before = time.process_time()
        losses = recipe.step(step, steps)
        taken = time.process_time() - before
        if step == 0:
            np.save(path, torch.cat([p.grad.reshape(-1) for p in recipe.maker.parameters]).numpy())
        found[next(name for name, part in PHASES.items() if part in losses)].append(taken)
    return {kind: statistics.median(times[2:]) for kind, times in found.items()}


if __name__ == "__main__":
    main()
