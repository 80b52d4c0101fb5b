"""What an instrument costs to play live and as a file: all of it, from the sound that it hears to the room.

    python -m benchmarks.instrument_live [--rounds 7]

Each block is timed by the time of its thread, so that whatever else the machine does counts as little as it can.
"""

import argparse
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import torch

from benchmarks.results import table, write_section
from tonewright import models, storage
from tonewright.dsp.oscillators import advances, pitch_ends
from tonewright.models.ddsp import PRESETS
from tonewright.runtime import instrument
from tonewright.runtime.native import NativeStream
from tonewright.runtime.phrase import Phrase
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

LIVE = ((48000, 128), (44100, 64), (16000, 64))  # Hz, and samples of a block
SECONDS, TORCH_SECONDS, FILE_SECONDS = 8, 3, 30
HOUR_FRAMES, NOTE_HZ = 360_000, 443.21
PIECE = 1 << 20  # samples


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    live = [
        "preset",
        "kHz",
        "block",
        "of a core",
        "99 of 100 blocks",
        "worst",
        "worst once",
        "ms late",
        "error",
    ]
    files = ["preset", "kHz", "core", "torch", "written down"]
    text = (
        "Pitch tracker, loudness, decoder, harmonics, noise and a room of 1 s (`tiny` has none), weights at random; "
        f"it hears {SECONDS} s of a note that glides from 98 to 784 Hz. Time of the processor, one thread, the "
        f"median of {rounds} rounds for each block: their mean as a share of a core, and what 99 blocks of 100 take "
        "at most, and the worst, as parts of the time that a block lasts; then the worst of any one round, which "
        "tells of what else this machine did. A frame, 10 ms, is computed in the block that completes it. Late: "
        "from a sound to the answer, the tracker, the frame and the way from frame to frame "
        "included, the sound card's own blocks not. Error: the largest difference to torch, in parts of the peak.\n\n"
        + table(
            [*live, "torch, of a core", "torch/core"],
            [row(preset, rate, block, rounds) for rate, block in LIVE for preset in PRESETS],
        )
        + f"\n\nTimes real time, in files of {FILE_SECONDS} s: hearing and playing them by the core, the same by "
        "torch in pieces of 4,096 samples, and from written pitch and loudness (`runtime.instrument.play`).\n\n"
        + table(files, [whole(preset, rate) for rate in (16000, 48000) for preset in PRESETS])
        + "\n\nA note that is held for an hour: by how much of a turn the phase of its first harmonic is off at the "
        "end, against whole numbers of any length. A running sum in float32, never wrapped, stops growing "
        "long before.\n\n"
        + table(["kHz", "ours", "sum in float64", "sum in float32"], [drift(rate) for rate, _ in LIVE])
    )
    write_section("An instrument: playing", "benchmarks.instrument_live", text)


def made(preset: str, rate: int) -> Player:
    """An instrument of that size, with as many harmonics and bands for each Hz as at 16 kHz."""
    torch.manual_seed(0)
    model = models.find("ddsp").Model(PRESETS[preset].at(rate)).eval()
    return Player(storage.Tone("ddsp", model, rate))


def note(rate: int, seconds: int) -> np.ndarray:
    """Eight harmonics that glide up three octaves and back, every four seconds."""
    t = np.arange(rate * seconds) / rate
    turns = np.cumsum(98.0 * 2.0 ** (1.5 - 1.5 * np.cos(2 * np.pi * t / 4))) / rate
    x = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 9))
    return (0.2 * x * (0.6 + 0.4 * np.sin(2 * np.pi * t / 1.7))).astype(np.float32)


def row(preset: str, rate: int, block: int, rounds: int) -> list:
    player, x = made(preset, rate), note(rate, SECONDS)
    core, plain = native_stream(player), Stream(player.model, rate)
    expected, slow = by_blocks(plain.process, x[: TORCH_SECONDS * rate], block)
    every = []
    for _ in range(rounds):
        core.reset()
        y, times = by_blocks(core.process, x, block)
        every.append(times)
    lasts, times = block / rate, np.median(every, axis=0)
    error = np.abs(y[: len(expected)] - expected).max() / np.abs(expected).max()
    shares = [
        percent(s / lasts) for s in (times.mean(), np.quantile(times, 0.99), times.max(), np.max(every))
    ]
    others = [percent(slow.mean() / lasts), f"{slow.mean() / times.mean():.0f}x"]
    return [
        preset,
        f"{rate / 1000:g}",
        block,
        *shares,
        f"{1000 * core.latency / rate:.1f}",
        f"{error:.0e}",
        *others,
    ]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def native_stream(player: Player) -> NativeStream:
    return NativeStream(storage.to_bytes(player.tone, probed=False), player.model)


def by_blocks(process: Callable, x: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """What is answered, and the seconds of the processor that each block took."""
    y, times = [], []
    for at in range(0, len(x) - block + 1, block):
        before = time.thread_time()
        y.append(process(x[at : at + block]))
        times.append(time.thread_time() - before)
    return np.concatenate(y), np.array(times)


def whole(preset: str, rate: int) -> list:
    player, x = made(preset, rate), note(rate, FILE_SECONDS)
    frames = len(x) // player.model.config.hop
    phrase = Phrase(np.geomspace(98.0, 784.0, frames), np.linspace(-40.0, -15.0, frames))
    ways = (
        lambda: by_blocks(native_stream(player).process, x, 4096),
        lambda: by_blocks(Stream(player.model, rate).process, x[: TORCH_SECONDS * rate], 4096),
        lambda: instrument.play(player, phrase),
    )
    lengths = (FILE_SECONDS, TORCH_SECONDS, FILE_SECONDS)
    return [
        preset,
        f"{rate / 1000:g}",
        *(f"{s / cpu_s(way):,.0f}" for s, way in zip(lengths, ways, strict=True)),
    ]


def cpu_s(way: Callable) -> float:
    times = []
    for _ in range(3):
        before = time.thread_time()
        way()
        times.append(time.thread_time() - before)
    return float(np.median(times))


def drift(rate: int) -> list[str]:
    """Of ours, and of running sums in float64 and float32, after an hour, in turns."""
    f0_hz, hop = torch.full((1, HOUR_FRAMES), NOTE_HZ), rate // 100
    unit = int(f0_hz[0, 0].double() * 2**20)  # a float of this size is a whole number of 2^-20 Hz
    exact = Fraction(unit * hop * HOUR_FRAMES, rate * 2**20)
    phase = int(advances(pitch_ends(f0_hz, f0_hz[:, 0], rate), hop, rate).sum())
    ours = (Fraction(phase, 2**64) - exact + Fraction(1, 2)) % 1 - Fraction(1, 2)
    sums = [abs(Fraction(summed(float(f0_hz[0, 0]) / rate, hop * HOUR_FRAMES, t)) - exact) for t in "df"]
    return [f"{rate / 1000:g}", *(f"{float(abs(error)):.1g}" for error in (ours, *sums))]


def summed(step: float, count: int, kind: str) -> float:
    """A running sum of equal steps, one after another."""
    total = np.zeros(1, kind)
    for start in range(0, count, PIECE):
        steps = np.full(min(PIECE, count - start), step, kind)
        total = np.cumsum(np.concatenate([total, steps]), dtype=kind)[-1:]
    return float(total[0])


if __name__ == "__main__":
    main()
