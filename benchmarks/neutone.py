"""What a .nm file costs in the host of the neutone-sdk, and by how much it delays.

    python -m benchmarks.neutone

Needs `pip install neutone-sdk`, or what `make` installs.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.signal import butter, sosfilt

from benchmarks.results import table, write_section
from tonewright import models
from tonewright.export import formats
from tonewright.export.neutone.host import Host
from tonewright.export.playback import difference
from tonewright.layers.pqmf import Analysis, Synthesis
from tonewright.models.base import Model, channels_of
from tonewright.runtime.player import Player
from tonewright.storage import Tone

ROW = formats.named("neutone")
BLOCKS, SPEED_BLOCKS, RATES = (64, 480, 512, 2048), (128, 512, 2048), (44100, 48000)
WARM, ROUNDS = 5, 20
PIECE, CORE_BLOCK = 4096, 512  # whole blocks of every model, so that none waits for the next
WORDS = """Models with random weights, written as .nm files and played by the neutone-sdk on one thread, in a stereo
track. "block": seconds of sound made in a second of the processor, at the rate of the model and blocks of so many
samples: what its `benchmark-speed` calls 1/RTF and measures by the clock on the wall; what is below 1 cannot be
played live. "native core": ours, in blocks of 512 and without the track. Error: largest difference to our own
player, relative to the loudest sample.
"""
DELAYS = """Delays in samples of the track, of models at 48 kHz: what the file tells, which is what a host makes up
for, and what the correlation of what went in with what came out finds. "bands" gives its sound back through {bands}
bands in blocks of {bands} samples; a timbre of random weights makes nothing that was in its input, so it only tells.
"""
ANOTHER_RATE = """What is left of sines when a model at 48 kHz plays in a track at 44.1 kHz in blocks of 512: how much
louder they come out, and how loud all is that was not there before, both beside the sine that went in. The model, a
gain of 0 dB, changes nothing, so all of it is the way from rate to rate that the neutone-sdk has.
"""
FIRST = """The first moment after a file was loaded: milliseconds of the processor for each block of the host. Torch
makes the program quick while it plays the first two.
"""
BANDS, SINES_HZ = 64, (100, 1000, 5000, 10000, 15000, 20000)


@dataclass(frozen=True)
class NoSettings:
    """A model without any."""


class Bank(Model):
    """The sound as it was, through bands and back: late, and in blocks."""

    inputs = outputs = 1
    block = BANDS

    def __init__(self):
        super().__init__()
        self.config = NoSettings()
        self.down = Analysis(BANDS, 60)
        self.up = Synthesis(BANDS, 60, late=self.down.latency)
        self.latency = self.down.latency * BANDS + self.up.latency

    def initial_state(self, batch):
        return self.down.initial_state(batch) + self.up.initial_state(batch)

    def forward(self, x, state):
        bands, down = self.down(x, state[:2])
        y, up = self.up(bands, state[2:])
        return y, down + up


def made(architecture: str, preset: str, words: str = "", channels: int = 1, **changes) -> Player:
    """A model of that preset with random weights; of a chain, the processors by their names."""
    torch.manual_seed(0)
    room = models.find(architecture)
    if words:
        changes |= {"links": room.spoken(words), "channels": channels}
    config = replace(models.preset(architecture, preset), **changes)
    return Player(Tone(architecture, room.Model(config).eval(), getattr(config, "sample_rate", 48000)))


CASES = {
    "wavenet nano": lambda: made("wavenet", "nano"),
    "wavenet standard": lambda: made("wavenet", "standard"),
    "wavenet a2": lambda: made("wavenet", "a2"),
    "lstm 1x16": lambda: made("lstm", "1x16"),
    "lstm 1x40, two knobs": lambda: made("lstm", "1x40", knobs=("drive", "tone")),
    "feedback tiny": lambda: made("feedback", "tiny"),
    "chain gain,eq,tanh": lambda: made("chain", "standard", "gain,eq,tanh"),
    "chain gain,eq,compressor": lambda: made("chain", "standard", "gain,eq,compressor"),
    "chain gain,width, stereo": lambda: made("chain", "standard", "gain,width", 2),
    "ddsp standard": lambda: made("ddsp", "standard"),
    "rave live": lambda: made("rave", "live"),
    "rave v2": lambda: made("rave", "v2"),
}
BEGUN = ("wavenet nano", "wavenet standard", "lstm 1x16", "ddsp standard", "rave live", "rave v2")
DELAYED = {
    "wavenet nano": CASES["wavenet nano"],
    "bands": lambda: Player(Tone("wavenet", Bank().eval(), 48000)),
    "rave live": CASES["rave live"],
}


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.nm"
        text = f"{WORDS}\n" + table(
            ["model", "Hz", "MB", *(f"block {block}" for block in SPEED_BLOCKS), "native core", "error"],
            [speed(name, make(), path) for name, make in CASES.items()],
        )
        text += f"\n\n{FIRST}\n" + table(
            ["model", "Hz", "block", "first", "second", "later ones"],
            [first_blocks(name, CASES[name](), path) for name in BEGUN],
        )
        columns = ["model", *(f"{rate}, {block}" for rate in RATES for block in BLOCKS)]
        rows = [row for name, make in DELAYED.items() for row in delays(name, make(), path)]
        text += f"\n\n{DELAYS.format(bands=BANDS)}\n" + table(columns, rows)
        text += f"\n\n{ANOTHER_RATE}\n" + table(["Hz", "level, dB", "what is new, dB"], sines(path))
    write_section("Neutone", "benchmarks.neutone", text)


def speed(name: str, player: Player, path: Path) -> list[str]:
    """One row: how fast a model is played, and how well."""
    formats.write(ROW, player, path)
    error, times = difference(ROW, player, path), []
    for block in SPEED_BLOCKS:
        host, x = Host(path, player.sample_rate, block), noise(2)
        times.append(times_real(lambda host=host, x=x: host.run(x), player.sample_rate))
    stream, x = player.stream(), np.split(noise(channels_of(player.model)[0]), PIECE // CORE_BLOCK, axis=1)
    times.append(times_real(lambda: [stream.process(block) for block in x], player.sample_rate))
    size = f"{path.stat().st_size / 1e6:.1f}"
    return [name, player.sample_rate, size, *(f"{value:.1f}" for value in times), f"{error:.0e}"]


def first_blocks(name: str, player: Player, path: Path) -> list[str]:
    """One row: what the first blocks cost, and the median of others."""
    formats.write(ROW, player, path)
    block = max(CORE_BLOCK, player.model.block)
    host, times = Host(path, player.sample_rate, block), []
    for x in np.split(np.tile(noise(2), ROUNDS), ROUNDS * PIECE // block, axis=1):
        before = time.process_time()
        host.run(x)
        times.append(1000 * (time.process_time() - before))
    told = (*times[:2], statistics.median(times[WARM:]))
    return [name, player.sample_rate, block, *(f"{value:.1f}" for value in told)]


def noise(channels: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (channels, PIECE)).astype(np.float32)


def times_real(play: Callable, sample_rate: int) -> float:
    """Seconds of sound in a second of the processor, a median."""
    seconds = []
    for _ in range(WARM + ROUNDS):
        before = time.process_time()
        play()
        seconds.append(time.process_time() - before)
    return PIECE / sample_rate / statistics.median(seconds[WARM:])


def delays(name: str, player: Player, path: Path) -> list[list]:
    """A row of what is told, and one of what is measured where the sound comes back as it was."""
    formats.write(ROW, player, path)
    hosts = [Host(path, rate, block) for rate in RATES for block in BLOCKS]
    told = [[f"{name}, told", *(host.delay for host in hosts)]]
    if name.startswith("rave"):
        return told
    pairs = [(rate, block) for rate in RATES for block in BLOCKS]
    found = [late(host, rate, block) for host, (rate, block) in zip(hosts, pairs, strict=True)]
    return [*told, [f"{name}, measured", *found]]


def late(host: Host, rate: int, block: int) -> int:
    """Samples by which about a second of noise comes out later than it went in."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, -(-rate // block) * block)
    x = sosfilt(butter(4, [200, 3000], "bandpass", fs=rate, output="sos"), noise).astype(np.float32)
    spectra = [np.fft.rfft(y, 2 * len(x)) for y in (x, host.run(np.stack([x, x]))[0])]
    return int(np.argmax(np.abs(np.fft.irfft(spectra[0].conj() * spectra[1]))))


def sines(path: Path) -> list[list]:
    """A row for each sine: what comes of it, and what comes with it."""
    formats.write(ROW, made("chain", "standard", "gain", sample_rate=48000), path)
    host, rows = Host(path, 44100, 512), []
    n = np.arange(512 * 100)
    for hz in SINES_HZ:
        x = 0.5 * np.exp(2j * np.pi * hz / 44100 * n)
        y = host.run(np.stack([x.real, x.real]).astype(np.float32))[0].astype(np.float64)
        both = np.stack([x.real, x.imag], axis=1)[4410:]
        parts = np.linalg.lstsq(both, y[4410:], rcond=None)[0]
        new = y[4410:] - both @ parts
        levels = np.hypot(*parts), np.sqrt(2 * np.mean(new**2)) / 0.5
        rows.append([f"{hz:,}", *(f"{20 * np.log10(level):.1f}" for level in levels)])
    return rows


if __name__ == "__main__":
    main()
