"""What playing costs in Python: time for a sample at several blocks, and memory for a long file.

    python -m benchmarks.playing

The rivals play the same weights: torch recomputing the receptive field for every block (what a model without a
memory must do), and the arithmetic alone at the speed of this machine's matrix products.
"""

import resource
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
from tonewright.runtime.player import Player

RATE, BLOCKS = 48000, (64, 512, 16384)


def main() -> None:
    torch.set_num_threads(1)
    rows = [[name, *(f"{nanoseconds(name, block):,.0f}" for block in BLOCKS)] for name in PRESETS]
    rows += [["standard, recomputed", *(f"{recomputed('standard', block):,.0f}" for block in BLOCKS)]]
    text = "Nanoseconds for a sample, median, one thread; real time at 48 kHz is 20,833. Plain torch: the native core is to come.\n\n"
    text += table(["preset", *(f"block {block}" for block in BLOCKS)], rows)
    text += "\n\nPeak memory of a process that plays a file through `nano`, all imports included:\n\n"
    text += table(["length", "peak MB", "seconds"], [long_file(minutes) for minutes in (1, 60)])
    write_section("Playing in Python", "benchmarks.playing", text)


def nanoseconds(name: str, block: int) -> float:
    stream = Player(storage.Tone("wavenet", Model(PRESETS[name]), RATE)).stream()
    return timed(lambda x: stream.process(x), block)


@torch.inference_mode()
def recomputed(name: str, block: int) -> float:
    model = Model(PRESETS[name]).eval()
    state = model.initial_state(1)

    def play(x):
        with torch.inference_mode():
            return model(torch.from_numpy(np.concatenate([past, x]))[None, None], state)[0][..., -block:]

    past = np.zeros(model.settle, np.float32)
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
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.monotonic() - before
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest child so far
    return [f"{minutes} min", f"{peak:.0f}", f"{seconds:.0f}"]


if __name__ == "__main__":
    main()
