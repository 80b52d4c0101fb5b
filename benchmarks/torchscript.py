"""What a model costs as a TorchScript module, as nn~ and Neutone play it: each operation, and whole models.

python -m benchmarks.torchscript
"""

import time
from functools import partial

import numpy as np
import torch

from benchmarks.results import table, write_section
from tonewright import models
from tonewright.export.torchscript.build import of_model, scripted
from tonewright.layers.all_passes import AllPasses
from tonewright.layers.base import Layer
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.delay_network import DelayNetwork
from tonewright.layers.delays import DelayLine
from tonewright.layers.dense import Every, LayerNorm, Linear
from tonewright.layers.dynamics import Follow, Lag
from tonewright.layers.filters import Filters
from tonewright.layers.fir import LongFir
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.layers.modulation import Phasor
from tonewright.layers.pqmf import Alternate
from tonewright.layers.recurrent import GRU, LSTM
from tonewright.layers.synth import FilteredNoise, HarmonicBank
from tonewright.models.base import Model, channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream
from tonewright.storage import Tone

RATE, BLOCK, TIMES = 44100, 512, 9
PRESETS = [
    *(("wavenet", name) for name in ("standard", "nano", "a2", "gated")),
    *(("lstm", name) for name in ("1x16", "1x40", "gru-1x16")),
    *(("feedback", name) for name in ("tiny", "small", "standard")),
    *(("chain", name) for name in ("standard", "channel", "drive", "movement", "space")),
    *(("ddsp", name) for name in ("tiny", "standard", "paper")),
    *(("rave", name) for name in ("live", "v2_small", "v2", "default")),
]
SECTION = torch.tensor([[0.1, 1.4, 0.0, 0.0, 1.0]])
LINES = torch.full((8,), 0.6)
DELAYS = (1117, 1187, 1279, 1361, 1453, 1543, 1627, 1709)
# name: layer, and what it is handed beside the sound
OPERATIONS = {
    "conv1d, 16 to 16, 3 taps": (Conv1d(16, 16, 3, dilation=8), ()),
    "conv_transpose1d, 64 to 32, stride 4, of 128": (ConvTranspose1d(64, 32, 8, 4), ()),
    "delay": (Delay(16, 100), ()),
    "linear, 64 to 64": (Linear(64, 64), ()),
    "layer_norm, 64": (LayerNorm(64), ()),
    "every": (Every(512), ()),
    "alternate, 16": (Alternate(16), ()),
    "lstm, 16": (LSTM(1, 16), ()),
    "gru, 16": (GRU(1, 16), ()),
    "filters, 6 sections": (Filters(1, 6), (SECTION.repeat(6, 1),)),
    "follow": (Follow(1), (0.02, 0.001)),
    "lag": (Lag(1), (3000.0, 200.0)),
    "all_passes, 4": (AllPasses(1, 4), (0.5, 0.5)),
    "all_passes, 24": (AllPasses(1, 24), (0.5, 0.5)),
    "delay_line, 300 ms, an echo": (DelayLine(1, 44100), (13230.0, 0.5, 0.2)),
    "delay_line, 2 ms, a flanger": (DelayLine(1, 1000), (88.2, 0.5, 0.0)),
    "delay_line, 0.1 ms with feedback": (DelayLine(1, 1000), (4.41, 0.5, 0.0)),
    "delay_network, 8 lines": (DelayNetwork(1, DELAYS), (LINES, LINES * 0.5, LINES, LINES)),
    "phasor": (Phasor(RATE), (2.0, 0.0)),
    "long_fir, 1024 taps": (LongFir(1, 1024), (torch.randn(1024) * 0.03,)),
    "long_fir, 44100 taps": (LongFir(1, 44100), (torch.randn(44100) * 0.01,)),
    "pitch, frames of 10 ms": (Pitch(RATE, 441), ()),
    "loudness, frames of 10 ms": (Loudness(RATE, 441), ()),
    "harmonic_bank, 100, frames of 10 ms": (HarmonicBank(100, 441, RATE), None),
    "filtered_noise, 65 bands, frames of 10 ms": (FilteredNoise(65, 441), ()),
}
WORDS = f"""As nn~ and Neutone play them, on one thread; medians of processor time. How many times faster than it has
to be a model plays in blocks of {BLOCK} (of a frame, where that is longer), beside torch's own layers in the same
blocks and the native core. What is below 1 cannot be played live there: a loop has dozens of steps of TorchScript for
each sample. The error is that of TorchScript, relative to the loudest sample of torch.
"""
PARTS = f"""What each operation takes of a core at {RATE} Hz, in blocks of {BLOCK} samples or a frame (convolutions of
a timbre run at a fraction of the rate). Followers, lags, all-passes and very short delays that feed themselves go
sample by sample.
"""


class Alone(Model):
    """A layer with numbers that it is handed."""

    def __init__(self, layer: Layer, numbers: tuple):
        super().__init__()
        self.layer, self.inputs, self.outputs = layer, layer.inputs or 1, layer.outputs
        self.ratio, self.block, self.settle = layer.ratio, layer.block, layer.settle
        for i, number in enumerate(numbers):
            self.register_buffer(f"number_{i}", torch.as_tensor(number))
        self.numbers = [getattr(self, f"number_{i}") for i in range(len(numbers))]

    def initial_state(self, batch):
        return self.layer.initial_state(batch)

    def forward(self, x, state):
        return self.layer(x, state, *self.numbers)


class Harmonics(Alone):
    """A bank with shares and an amplitude."""

    def __init__(self, bank: HarmonicBank):
        super().__init__(bank, ())
        self.register_buffer("shares", torch.rand(bank.harmonics, 1))

    def forward(self, x, state):
        loud = torch.abs(x)
        return self.layer(loud * 300.0, state, torch.sigmoid(x) * self.shares, loud)


def main() -> None:
    torch.set_num_threads(1)
    whole = table(
        ["model", "TorchScript", "torch", "native core", "error"], [played(*key) for key in PRESETS]
    )
    parts = table(["operation", "of a core"], [operation(name) for name in OPERATIONS])
    write_section("TorchScript: playing", "benchmarks.torchscript", f"{WORDS}\n{whole}\n\n{PARTS}\n{parts}")


def played(architecture: str, preset: str) -> list:
    """The row of a model with random weights."""
    torch.manual_seed(0)
    config = models.preset(architecture, preset)
    player = Player(
        Tone(architecture, models.find(architecture).Model(config), getattr(config, "sample_rate", 48000))
    )
    model, rate = player.model, player.sample_rate
    block = -(-BLOCK // model.block) * model.block
    module, (inputs, _) = scripted(player), channels_of(model)
    x = 0.1 * torch.randn(1, inputs, block * 3)
    rows = [torch.full((1, 1, block), port.default) for port in model.ports]
    controls = torch.cat([torch.zeros(1, 0, block), *rows], dim=1)
    pieces, cuts = x.split(block, dim=2), x[0].numpy()
    stream, ours = Stream(model, rate), player.stream()
    with torch.inference_mode():
        got = torch.cat([module(piece, controls) for piece in pieces], dim=2)[0].numpy()
        seconds = [median(lambda: module(pieces[0], controls))]
    wanted = np.atleast_2d(stream.process(cuts))[:, int((model.block - 1) * model.ratio) :]
    error = np.abs(got[:, : wanted.shape[1]] - wanted).max() / np.abs(wanted).max()
    seconds += [median(partial(each.process, cuts[:, :block])) for each in (stream, ours)]
    return [f"{architecture} {preset}", *(figure(block / rate / s) for s in seconds), f"{error:.0e}"]


def operation(name: str) -> list:
    """The row of an operation."""
    torch.manual_seed(0)
    layer, numbers = OPERATIONS[name]
    model = (Harmonics(layer) if numbers is None else Alone(layer, numbers)).eval()
    # at the rate of the sound that comes out, for what makes sound of frames
    samples = -(-BLOCK // layer.block) * layer.block if layer.ratio <= 1 else 1
    if isinstance(layer, ConvTranspose1d):
        samples = BLOCK // 4
    module, none = of_model(model), torch.zeros(1, 0, samples)
    x = 0.1 * torch.randn(1, model.inputs, samples)
    with torch.inference_mode():
        taken = median(lambda: module(x, none))
    return [name, f"{100 * taken / (samples * max(1, float(layer.ratio)) / RATE):.1f} %"]


def median(call) -> float:
    """Seconds of processor time that a call takes."""
    for _ in range(3):  # TorchScript looks at the first calls, and then arranges itself
        call()
    start = time.process_time()
    call()
    count = max(1, int(0.1 / max(time.process_time() - start, 1e-6)))
    taken = []
    for _ in range(TIMES):
        start = time.process_time()
        for _ in range(count):
            call()
        taken.append((time.process_time() - start) / count)
    return float(np.median(taken))


def figure(times: float) -> str:
    return f"{times:,.0f}" if times >= 10 else f"{times:.1f}"


if __name__ == "__main__":
    main()
