"""What the loss of instruments costs, value and gradient, beside torch, and how far both are from double.

python -m benchmarks.spectral_loss
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.results import table, write_section
from tonewright.measure import multi_scale

# Hz, items and samples of a batch: 4 s of 16 items at the reference rate, of 4 at the rate of a sound card
BATCHES = ((16000, 16, 64000), (48000, 4, 192000))
ROUNDS = 9


def main() -> None:
    torch.set_num_threads(1)
    if sys.argv[1:] == ["narrower"]:  # how wide the core works is chosen once in a process
        print(*(cpu_s(lambda b=batch: native_step(*b)) for batch in map(sounds, BATCHES)))
        return
    blocks = [block(*batch, place) for place, batch in enumerate(BATCHES)]
    text = (
        "Tones with harmonics and a little noise, each a little beside its target. Seconds of the processor for the "
        f"value and its gradient, one thread, the median of {ROUNDS}; errors against torch in float64, of the value "
        "in parts of it, of the gradient the norm of the difference in parts of the norm. Of bins near silence, and "
        "noise has some, float32 does not know where the gradient points; the spectrum of a click is flat.\n\n"
        + "\n\n".join(blocks)
    )
    write_section("The loss of instruments", "benchmarks.spectral_loss", text)


def sounds(batch: tuple[int, int, int]) -> tuple[int, torch.Tensor, torch.Tensor]:
    """The rate in Hz, targets and estimates [B, T]."""
    rate, items, samples = batch
    rng = np.random.default_rng(0)
    t = np.arange(samples) / rate
    x = 0.02 * rng.standard_normal((2, items, samples))
    for kind, item in np.ndindex(2, items):
        f0_hz = rng.uniform(200, 900)
        for harmonic in range(1, int(min(40, rate / 2 / f0_hz))):
            x[kind, item] += 0.2 / harmonic * np.sin(2 * np.pi * (harmonic * f0_hz * t + rng.random()))
    return rate, *torch.from_numpy(x.astype(np.float32))


def click(batch: tuple[int, int, int]) -> tuple[int, torch.Tensor, torch.Tensor]:
    rate, items, samples = batch
    x = torch.zeros(2, items, samples)
    x[0, :, samples // 2 + 1], x[1, :, samples // 2 + 1] = 1.0, torch.linspace(0.1, 0.9, items)
    return rate, *x


def native_step(rate: int, target: torch.Tensor, estimate: torch.Tensor) -> tuple[float, torch.Tensor]:
    estimate = estimate.clone().requires_grad_()
    value = multi_scale.multi_scale_spectral(target, estimate, rate)
    value.backward()
    return float(value.detach()), estimate.grad


def torch_step(rate: int, target: torch.Tensor, estimate: torch.Tensor) -> tuple[float, torch.Tensor]:
    estimate = estimate.clone().requires_grad_()
    value = multi_scale._plain(target, estimate, multi_scale.windows(rate))
    value.backward()
    return float(value.detach()), estimate.grad


def cpu_s(step: Callable) -> float:
    times = []
    for _ in range(ROUNDS):
        before = time.process_time()
        step()
        times.append(time.process_time() - before)
    return float(np.median(times))


def narrower(place: int) -> dict[int, float]:
    """The seconds of the core when it works on fewer floats at once."""
    return {
        width: float(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.spectral_loss", "narrower"],
                env={**os.environ, "TONEWRIGHT_WIDTH": str(width)},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()[place]
        )
        for width in (8, 4)
    }


def block(rate: int, items: int, samples: int, place: int) -> str:
    batch, flat = sounds((rate, items, samples)), click((rate, items, samples))
    truths = [torch_step(rate, *(x.double() for x in given)) for (_, *given) in (batch, flat)]
    rows = []
    for name, step in (("ours, native", native_step), ("torch", torch_step)):
        seconds = cpu_s(lambda step=step: step(*batch))
        errors = [
            cell
            for given, truth in zip((batch, flat), truths, strict=True)
            for cell in off(step(*given), truth)
        ]
        rows.append([name, f"{seconds:.3f}", *errors])
    rows[1:1] = [
        [f"ours, {width} floats wide", f"{s:.3f}", "", "", "", ""] for width, s in narrower(place).items()
    ]
    columns = [f"{items} x {samples / rate:g} s at {rate / 1000:g} kHz", "CPU s"]
    return table([*columns, "value off", "gradient off", "value off, click", "gradient off, click"], rows)


def off(made: tuple[float, torch.Tensor], truth: tuple[float, torch.Tensor]) -> list[str]:
    (value, slope), (true_value, true_slope) = made, truth
    distance = torch.linalg.norm(slope.double() - true_slope) / torch.linalg.norm(true_slope)
    return [f"{abs(value / true_value - 1):.1e}", f"{float(distance):.1e}"]


if __name__ == "__main__":
    main()
