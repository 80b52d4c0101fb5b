"""What an exported .onnx file costs to play in ONNX Runtime, for models of every kind, beside the core.

python -m benchmarks.onnx_playing
"""

from dataclasses import replace

import numpy as np
import torch

from benchmarks import rivals
from benchmarks.results import table, write_section
from tonewright import models, storage
from tonewright.runtime.player import Player

RATE, BLOCKS, SECONDS = 48000, (64, 512), 0.3
ROOM = 48000  # samples of a response
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
too, and a long response is no convolution in parts.
"""


def main() -> None:
    torch.set_num_threads(1)
    rows = [row(architecture, preset) for architecture, presets in PLAYED.items() for preset in presets]
    rows.append(measured("chain", f"response, {ROOM:,} samples", room()))
    columns = ["model", *(f"core, {b}" for b in BLOCKS), *(f"ONNX Runtime, {b}" for b in BLOCKS)]
    text = WORDS + "\n" + table([*columns, f"ONNX Runtime/core, {BLOCKS[0]}"], rows)
    write_section("ONNX", "benchmarks.onnx_playing", text)


def row(architecture: str, preset: str) -> list:
    """The model of a preset with random weights."""
    torch.manual_seed(0)
    return measured(
        architecture, preset, models.find(architecture).Model(models.preset(architecture, preset))
    )


def room():
    """A chain that is one long response, of noise that dies away."""
    chain = models.find("chain")
    (link,) = chain.spoken("response")
    config = replace(models.preset("chain", "standard"), links=(replace(link, size=ROOM),))
    dying = np.random.default_rng(0).standard_normal(ROOM) * np.exp(np.linspace(-3.0, -10.0, ROOM))
    model = chain.Model(config)
    model.set({"response.taps": dying.tolist()})
    return model


def measured(architecture: str, name: str, model) -> list:
    """Nanoseconds of a model, at both blocks in both players."""
    model = model.eval()
    blocks = [-(-block // model.block) * model.block for block in BLOCKS]
    ours = [core(architecture, model, block) for block in blocks]
    theirs = [rivals.onnx_runtime(model, block, SECONDS) for block in blocks]
    times = f"{theirs[0] / ours[0]:.1f}x"
    return [f"{architecture} {name}", *(f"{ns:,.0f}" for ns in [*ours, *theirs]), times]


def core(architecture: str, model, block: int) -> float:
    stream = Player(storage.Tone(architecture, model, RATE)).stream()
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (stream.channels, block)).astype(np.float32)
    return rivals.timed(lambda: stream.process(x), block, SECONDS)


if __name__ == "__main__":
    main()
