"""What playing costs: time for a sample at several blocks, beside the rivals and the arithmetic limit.

    python -m benchmarks.playing

Needs `pip install onnx` for ONNX Runtime as a rival; without it that column stays empty.
"""

import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks import core, rivals
from benchmarks.results import table, write_section
from tonewright import models, storage
from tonewright.audio import files
from tonewright.layers.conv import Conv1d
from tonewright.layers.recurrent import LSTM
from tonewright.runtime.player import load as load_player
from tonewright.runtime.stream import Stream

RATE, BLOCKS = 48000, (16, 64, 512)
PRESETS = [("wavenet", name) for name in models.find("wavenet").PRESETS]
RECURRENT = [("lstm", "1x16"), ("lstm", "1x40"), ("lstm", "2x8")]
COMPARED = [key for key in PRESETS if key[1] in ("standard", "gated", "a2", "feather", "nano")] + RECURRENT[
    :1
]
# A small process in between: a child is charged with the memory of the one that it was split off from.
PEAK = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""
WORDS = """Nanoseconds for a sample, medians of processor time on one thread; real time at 48 kHz is 20,833. "of the
peak" is the part of this core's own multiply-and-add peak (measured in the same run) that the model's products
and sums alone make up; activations, memory and all else are the rest. Error: largest difference to torch,
relative to the loudest sample.
"""


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        program = core.build(Path(folder) / "build")
        tones = {key: save(*key, Path(folder)) for key in PRESETS + RECURRENT}
        text = (
            WORDS
            + "\n"
            + table(
                ["model", *(f"block {b}" for b in BLOCKS), "of the peak, 64", "of the peak, 16", "error"],
                [ours(program, tones[key], key, 16) for key in tones],
            )
        )
        text += "\n\nThe same where vectors have 8 floats (AVX2) and 4 (SSE2):\n\n" + table(
            ["model, floats", *(f"block {b}" for b in BLOCKS), "of the peak, 64", "of the peak, 16"],
            [ours(program, tones[key], key, width)[:-1] for width in (8, 4) for key in PRESETS[:6]],
        )
        text += "\n\nRivals with the same weights at blocks of 64, and how often ours is faster:\n\n" + table(
            [
                "model",
                "core",
                "ONNX Runtime",
                "torch.compile",
                "torch",
                "torch, no memory",
                "ONNX Runtime/core",
                "torch/core",
            ],
            [versus(program, tones[key], key) for key in COMPARED],
        )
        text += (
            "\n\nTen minutes of sound in blocks of 64 (1333 µs each), by the clock on the wall, in µs:\n\n"
            + table(
                ["model", "median", "99.9 of 100", "worst"],
                [load(program, tones[key], key) for key in (("wavenet", "standard"), ("wavenet", "feather"))],
            )
        )
    text += "\n\nPeak memory of a process that plays a file through `nano`, all imports included:\n\n"
    text += table(["length", "peak MB", "seconds"], [long_file(minutes) for minutes in (1, 60)])
    write_section("Playing", "benchmarks.playing", text)


def make(architecture: str, preset: str):
    """The model with random weights, its output at about full scale."""
    module = models.find(architecture)
    torch.manual_seed(0)
    model = module.Model(module.PRESETS[preset]).eval()
    model.head_scale.fill_(1.0)
    return model


def save(architecture: str, preset: str, folder: Path) -> Path:
    path = folder / f"{architecture}-{preset}.tone"
    storage.save(storage.Tone(architecture, make(architecture, preset), RATE), path)
    return path


def products(model) -> int:
    """Multiplications with weights for one sample."""
    count = 0
    for part in model.modules():
        if isinstance(part, Conv1d):
            count += part.weight.numel()
        if isinstance(part, LSTM):
            count += sum(p.numel() for name, p in part.named_parameters() if "weight" in name)
    return count


def ours(program: Path, tone: Path, key: tuple[str, str], width: int) -> list:
    model = make(*key)
    rows = {row["block"]: row for row in core.playing(program, tone, *BLOCKS, width=width)}
    part = {b: 2 * products(model) / rows[b]["ns"] / rows[b]["peak_gflops"] for b in (64, 16)}
    name = key[1] if width == 16 else f"{key[1]}, {width}"
    cells = [*(f"{rows[b]['ns']:,.0f}" for b in BLOCKS), f"{100 * part[64]:.0f} %", f"{100 * part[16]:.0f} %"]
    return [name if key[0] == "wavenet" else f"{key[0]} {name}", *cells, f"{difference(tone):.0e}"]


def difference(tone: Path) -> float:
    player = load_player(tone)
    x = np.random.default_rng(0).uniform(-0.5, 0.5, RATE).astype(np.float32)
    expected = Stream(player.model, RATE).process(x)
    return float(np.abs(player.stream().process(x) - expected).max() / np.abs(expected).max())


def versus(program: Path, tone: Path, key: tuple[str, str]) -> list:
    model = make(*key)
    core_ns = core.playing(program, tone, 64)[0]["ns"]
    onnx = rivals.onnx_runtime(model, 64) if importlib.util.find_spec("onnx") else None
    others = [
        onnx,
        rivals.torch_compiled(model, 64),
        rivals.torch_eager(model, 64),
        rivals.recomputed(model, 64),
    ]
    cells = ["" if ns is None else f"{ns:,.0f}" for ns in (core_ns, *others)]
    times = ["" if ns is None else f"{ns / core_ns:.1f}x" for ns in (onnx, others[2])]
    return [key[1] if key[0] == "wavenet" else " ".join(key), *cells, *times]


def load(program: Path, tone: Path, key: tuple[str, str]) -> list:
    row = core.playing(program, "--load", 600, tone)[0]
    return [key[1], *(f"{row[name]:.1f}" for name in ("median_us", "p99_9_us", "worst_us"))]


def long_file(minutes: int) -> list:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.wav"
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 60 * RATE)).astype(np.float32)
        with files.Writer(path, RATE, 1) as writer:
            for _ in range(minutes):
                writer.write(noise)
        tone = save("wavenet", "nano", Path(folder))
        before = time.monotonic()
        command = [sys.executable, "-m", "tonewright", "run", tone, path, "-o", Path(folder) / "out.wav"]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *command], check=True, capture_output=True, text=True
        )
        seconds = time.monotonic() - before
    return [f"{minutes} min", f"{int(done.stdout.split()[-1]) / 1024:.0f}", f"{seconds:.0f}"]


if __name__ == "__main__":
    main()
