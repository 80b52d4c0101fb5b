"""What a lesson of an instrument spends on its sound: harmonics and filtered noise, forward and backward.

    python -m benchmarks.harmonic_bank [--rounds 5]

Each is timed in a process of its own, by the time of its one thread, and so is the most memory that it needs beyond
what it begins with.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.results import table, write_section
from tonewright.dsp.noise import filtered_noise, noise_filters, white_noise
from tonewright.dsp.oscillators import harmonic_bank

RATE, HOP, SECONDS, BATCH = 16000, 160, 4, 16
HARMONICS, BANDS = 100, 65
FRAMES = SECONDS * RATE // HOP
NONE = torch.zeros(BATCH, dtype=torch.int64)
LOW, HIGH = 55.0, 78.0  # Hz; all harmonics are below half the sample rate


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=WAYS, help="measure one of them and print it as JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measured(options.only, options.rounds)))
        return
    rows = [row(name, options.rounds) for name in WAYS]
    text = (
        f"Forward and backward of a batch of {BATCH} sounds of {SECONDS} s at {RATE // 1000} kHz, frames of {HOP} "
        f"samples, one thread: seconds of the processor, median of {options.rounds} rounds, and megabytes at most. "
        f"{HARMONICS} harmonics of a pitch that glides from frame to frame between {LOW:.0f} and {HIGH:.0f} Hz, so "
        f"that all are heard, and noise in {BANDS} bands. Error: the largest of the sound, against our bank or our "
        "noise in torch's float64, in parts of the peak; and that of the gradient, as a share of its "
        "norm. The torch bank "
        "is that of most programs: amplitudes and pitch for each sample, the phase a running sum, a sine for each "
        "sample and harmonic. The noise by torch is ours, by the spectra of frames.\n\n"
    )
    columns = ["", "forward, s", "backward, s", "memory, MB", "error", "error of the gradient"]
    write_section("Harmonics and noise: a lesson", "benchmarks.harmonic_bank", text + table(columns, rows))


def row(name: str, rounds: int) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.harmonic_bank", "--only", name, "--rounds", str(rounds)]
    m = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    costs = [f"{m['forward']:.3f}", f"{m['backward']:.3f}", f"{m['memory']:,.0f}"]
    return [name, *costs, f"{m['error']:.0e}", f"{m['slope_error']:.0e}"]


def measured(name: str, rounds: int) -> dict:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    way, exact, channels = WAYS[name]
    x = torch.rand(BATCH, channels, FRAMES) / channels
    dy = torch.randn(BATCH, FRAMES * HOP)
    before, times = peak_mb(), []
    for _ in range(rounds):
        y, slope, took = both_ways(way, x, dy)
        times.append(took)
    memory = peak_mb() - before
    # Four sounds are enough for errors.
    wanted, wanted_slope, _ = both_ways(exact, x[:4].double(), dy[:4].double())
    return {
        "forward": statistics.median(t[0] for t in times),
        "backward": statistics.median(t[1] for t in times),
        "memory": memory,
        "error": float((y[:4] - wanted).abs().max() / wanted.abs().max()),
        "slope_error": float((slope[:4] - wanted_slope).norm() / wanted_slope.norm()),
    }


def both_ways(way: Callable, x: Tensor, dy: Tensor) -> tuple[Tensor, Tensor, tuple[float, float]]:
    """The sound, how the product with dy changes with x, and the seconds of each."""
    x = x.clone().requires_grad_()
    start = time.process_time()
    y = way(x)
    middle = time.process_time()
    (slope,) = torch.autograd.grad(y, x, dy)
    return y.detach(), slope, (middle - start, time.process_time() - middle)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pitch(batch: int) -> Tensor:
    """[batch, 1, frames] in Hz, the same for every way."""
    generator = torch.Generator().manual_seed(1)
    return (LOW + (HIGH - LOW) * torch.rand(BATCH, 1, FRAMES, generator=generator))[:batch]


def bank(amplitudes: Tensor) -> Tensor:
    f0_hz = pitch(len(amplitudes))
    last = torch.zeros_like(amplitudes[..., 0])
    none = NONE[: len(amplitudes)]
    return harmonic_bank(f0_hz, amplitudes, HOP, RATE, f0_hz[..., 0], last, none)[0][:, 0]


def bank_by_torch(amplitudes: Tensor) -> Tensor:
    """Straight from the frame before to the own one, as ours."""
    f0_hz = pitch(len(amplitudes)).to(amplitudes.dtype)
    f0_hz = upsampled(f0_hz[..., :1], f0_hz)[:, 0]
    turns = F.pad(f0_hz, (1, 0)).unfold(
        -1, 2, 1
    )  # a sample's step is the mean of the frequency at both of its ends
    turns = F.pad((turns.sum(-1) / 2)[:, 1:], (1, 0)) / RATE
    angle = 2 * math.pi * turns.cumsum(-1)
    number = torch.arange(1, amplitudes.shape[1] + 1, dtype=angle.dtype)[:, None]
    levels = upsampled(torch.zeros_like(amplitudes[..., :1]), amplitudes)
    return (levels * torch.sin(number * angle[:, None])).sum(1)


def upsampled(last: Tensor, frames: Tensor) -> Tensor:
    """[B, C, F] to [B, C, F * HOP], straight lines that begin at the frame before."""
    rows = torch.cat([last, frames], dim=-1)
    rise = torch.arange(HOP, dtype=rows.dtype) / HOP
    return (rows[..., :-1, None] + rise * rows.diff(dim=-1)[..., None]).flatten(2)


def noise(magnitudes: Tensor) -> Tensor:
    none = NONE[: len(magnitudes)]
    return filtered_noise(magnitudes, HOP, torch.zeros_like(magnitudes[..., 0]), none, none)[0][:, 0]


def noise_by_torch(magnitudes: Tensor) -> Tensor:
    """Each frame's noise by the spectra of frames, through the filter before and through its own."""
    around, none = HOP + 2 * (BANDS - 1), NONE[: len(magnitudes)]
    filters = noise_filters(F.pad(magnitudes, (1, 0))).transpose(1, 2)
    heard = white_noise(none, none - (BANDS - 1), FRAMES * HOP + 2 * (BANDS - 1)).to(filters.dtype)
    spectra = torch.fft.rfft(heard.unfold(-1, around, HOP), n=around)
    responses = torch.fft.rfft(filters, n=around)
    old, own = (
        torch.fft.irfft(spectra * h, n=around)[..., around - HOP :]
        for h in (responses[:, :-1], responses[:, 1:])
    )
    rise = torch.arange(HOP, dtype=filters.dtype) / HOP
    return (old + rise * (own - old)).flatten(1)


# name: what is timed, what is exact in float64, rows at the rate of frames
WAYS = {
    "harmonics, ours": (bank, bank, HARMONICS),
    "harmonics, torch": (bank_by_torch, bank, HARMONICS),
    "noise, ours": (noise, noise, BANDS),
    "noise, torch": (noise_by_torch, noise, BANDS),
}

if __name__ == "__main__":
    main()
