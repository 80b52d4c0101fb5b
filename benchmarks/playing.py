"""What playing costs: time for a sample at several blocks, and memory for a long file.

    python -m benchmarks.playing

The rivals play the same weights: torch with the state of every layer kept (our own Python reference), and torch
recomputing the receptive field for every block (what a model without a memory must do).
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, write_section
from tonewright import storage
from tonewright.audio import files
from tonewright.models.wavenet import PRESETS, Model
from tonewright.runtime import native
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

# A small process in between: a child is charged with the memory of the one that it was split off from.
PEAK = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""
RATE, BLOCKS = 48000, (16, 64, 512)


def main() -> None:
    torch.set_num_threads(1)
    rows = [row(name) for name in PRESETS]
    text = (
        "Nanoseconds for a sample, median, one thread; real time at 48 kHz is 20,833. The core plays any graph: sums "
        "and activations behind a convolution are done in its registers, and no shape has a path of its own yet. "
        "Error: largest difference to torch, relative to the loudest sample.\n\n"
    )
    columns = [
        "preset",
        *(f"core, block {block}" for block in BLOCKS),
        "torch, state kept, 64",
        "core is faster by",
    ]
    text += table([*columns, "torch, recomputed, 64", "error"], rows)
    text += "\n\nPeak memory of a process that plays a file through `nano`, all imports included:\n\n"
    text += table(["length", "peak MB", "seconds"], [long_file(minutes) for minutes in (1, 60)])
    write_section("Playing", "benchmarks.playing", text)


def row(name: str) -> list:
    torch.manual_seed(0)
    player = Player(storage.Tone("wavenet", Model(PRESETS[name]), RATE))
    if player.engine != "native core":
        raise SystemExit(native.why_not())
    core = [timed(player.stream().process, block) for block in BLOCKS]
    kept = timed(Stream(player.model, RATE).process, 64)
    cells = [*(f"{ns:,.0f}" for ns in core), f"{kept:,.0f}", f"{kept / core[1]:.0f}x"]
    return [name, *cells, f"{recomputed(player.model, 64):,.0f}", f"{difference(player):.0e}"]


def difference(player: Player) -> float:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, RATE).astype(np.float32)
    expected = Stream(player.model, RATE).process(x)
    return float(np.abs(player.stream().process(x) - expected).max() / np.abs(expected).max())


@torch.inference_mode()
def recomputed(model, block: int) -> float:
    state, past = model.initial_state(1), np.zeros(model.settle, np.float32)

    def play(x):
        with torch.inference_mode():
            return model(torch.from_numpy(np.concatenate([past, x]))[None, None], state)[0][..., -block:]

    return timed(play, block)


def timed(play, block: int) -> float:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, block).astype(np.float32)
    for _ in range(3):
        play(x)
    times = []
    while sum(times) < 1.0 or len(times) < 10:
        before = time.perf_counter()
        play(x)
        times.append(time.perf_counter() - before)
    return 1e9 * statistics.median(times) / block


def long_file(minutes: int) -> list:
    with tempfile.TemporaryDirectory() as folder:
        path, tone = Path(folder) / "in.wav", Path(folder) / "nano.tone"
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 60 * RATE)).astype(np.float32)
        with files.Writer(path, RATE, 1) as writer:
            for _ in range(minutes):
                writer.write(noise)
        storage.save(storage.Tone("wavenet", Model(PRESETS["nano"]), RATE), tone)
        before = time.monotonic()
        command = [sys.executable, "-m", "tonewright", "run", tone, path, "-o", Path(folder) / "out.wav"]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *command], check=True, capture_output=True, text=True
        )
        seconds = time.monotonic() - before
    return [f"{minutes} min", f"{int(done.stdout.split()[-1]) / 1024:.0f}", f"{seconds:.0f}"]


if __name__ == "__main__":
    main()
