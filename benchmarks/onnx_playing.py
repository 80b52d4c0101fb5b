"""What an exported .onnx file costs to play in ONNX Runtime, for models of every kind, beside the core.

python -m benchmarks.onnx_playing
"""

import numpy as np
import torch

from benchmarks import rivals
from benchmarks.results import table, write_section
from tonewright import models, storage
from tonewright.runtime.player import Player

RATE, BLOCKS, SECONDS = 48000, (64, 512), 0.3
PLAYED = {
    "wavenet": ("standard", "lite", "feather", "nano", "a2", "gated"),
    "lstm": ("1x16", "1x40", "2x8", "gru-1x16"),
    "chain": ("standard", "channel", "drive", "movement", "space"),
    "feedback": ("tiny", "small", "standard"),
    "ddsp": ("tiny", "standard"),
    "rave": ("live", "small"),
}
WORDS = """Nanoseconds for a sample, medians of processor time on one thread, both called from Python, each with its
memory handed on; real time at 48 kHz is 20,833. A model with a block of its own is played in the multiple of it that
is next to 64 or 512. What hears its own last answer, `feedback` and most of a `chain`, goes sample by sample there,
too.
"""


def main() -> None:
    torch.set_num_threads(1)
    rows = [row(architecture, preset) for architecture, presets in PLAYED.items() for preset in presets]
    columns = ["model", *(f"core, {b}" for b in BLOCKS), *(f"ONNX Runtime, {b}" for b in BLOCKS)]
    text = WORDS + "\n" + table([*columns, f"ONNX Runtime/core, {BLOCKS[0]}"], rows)
    write_section("ONNX", "benchmarks.onnx_playing", text)


def row(architecture: str, preset: str) -> list:
    """The model with random weights."""
    torch.manual_seed(0)
    model = models.find(architecture).Model(models.preset(architecture, preset)).eval()
    blocks = [-(-block // model.block) * model.block for block in BLOCKS]
    ours = [core(architecture, model, block) for block in blocks]
    theirs = [rivals.onnx_runtime(model, block, SECONDS) for block in blocks]
    times = f"{theirs[0] / ours[0]:.1f}x"
    return [f"{architecture} {preset}", *(f"{ns:,.0f}" for ns in [*ours, *theirs]), times]


def core(architecture: str, model, block: int) -> float:
    stream = Player(storage.Tone(architecture, model, RATE)).stream()
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (stream.channels, block)).astype(np.float32)
    return rivals.timed(lambda: stream.process(x), block, SECONDS)


if __name__ == "__main__":
    main()
