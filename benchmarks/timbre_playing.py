"""What a timbre model costs to play: milliseconds for a block on one core, beside torch, and how far from the peak.

python -m benchmarks.timbre_playing
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks import core
from benchmarks.results import table, write_section
from tonewright import _native, models, storage
from tonewright.layers.conv import Conv1d, ConvTranspose1d
from tonewright.layers.dense import Linear
from tonewright.runtime.native import NativeStream
from tonewright.runtime.stream import Stream

RATE, ROUNDS, PER_ROUND = 48000, 60, 4
# preset, and the lengths of blocks, which are whole frames of it
CASES = {"live": (128, 512, 2048), "v2_small": (512, 2048), "v2": (2048,)}
COLUMNS = [
    "preset, block",
    "native ms",
    "torch ms",
    "torch / native",
    "of a core",
    "worst ms",
    "of its time",
    "of the peak",
    "weights GB/s",
    "error",
]
WORDS = """Causal models with random weights at 48 kHz, the whole way from sound to sound, one thread. Torch is
eager and carries its state along. Both play in turn in one run; milliseconds of the processor, medians. "of a core":
that part of the time that a block lasts. Worst: the longest of {blocks} blocks by the clock on the wall,
on a machine that other work shares, and the part of its time that it took. "of the peak": the part of this core's
own multiply-and-add peak, {peak:.0f} GFLOP/s, that the products with
weights alone make up. "weights GB/s": how fast the weights come, each of which is read for every block. Error: the
largest difference to torch in parts of the loudest sample, over {seconds} seconds.
"""
SECONDS = 2


def timed(times: list[tuple[float, float]], play: Callable):
    """What `play` gives; its seconds of the processor and by the clock on the wall are added to the times."""
    before = time.thread_time(), time.perf_counter()
    made = play()
    times.append((time.thread_time() - before[0], time.perf_counter() - before[1]))
    return made


def main() -> None:
    torch.set_num_threads(1)
    peak = statistics.median(core.peak() for _ in range(3))
    rows = []
    for name, blocks in CASES.items():
        model = make(name)
        data = storage.to_bytes(storage.Tone("rave", model, RATE), probed=False)
        error = difference(model, data)
        rows += [row(name, model, data, block, peak, error) for block in blocks]
    text = (
        WORDS.format(blocks=(ROUNDS - 3) * PER_ROUND, peak=peak, seconds=SECONDS)
        + "\n"
        + table(COLUMNS, rows)
    )
    write_section("A timbre: playing", "benchmarks.timbre_playing", text)


def make(name: str) -> nn.Module:
    torch.manual_seed(0)
    return models.find("rave").Model(models.preset("rave", name).without_latency()).eval()


@torch.inference_mode()
def row(name: str, model: nn.Module, data: bytes, block: int, peak: float, error: float) -> list[str]:
    count, weights = products(model, block)
    x = np.random.default_rng(0).uniform(-0.5, 0.5, block).astype(np.float32)
    sound, y = torch.from_numpy(x)[None, None], np.empty_like(x)
    ports = {port.name: torch.zeros(1, 1, block) for port in model.ports}
    player, state = _native.Player(data, block), model.initial_state(1)
    player.reset()
    native, eager = [], []
    for i in range(ROUNDS):
        if i == 3:  # by now both are warm
            native, eager = [], []
        _, state = timed(eager, lambda: model(sound, state, **ports))  # noqa: B023
        for _ in range(PER_ROUND):
            timed(native, lambda: player.process(x, y))
    seconds, torch_seconds = (statistics.median(cpu for cpu, _ in times) for times in (native, eager))
    ms, worst, there_is = 1e3 * seconds, 1e3 * max(wall for _, wall in native), 1e3 * block / RATE
    return [
        f"{name}, {block}",
        f"{ms:.3f}",
        f"{1e3 * torch_seconds:.2f}",
        f"{torch_seconds / seconds:.1f}x",
        f"{100 * ms / there_is:.1f} %",
        f"{worst:.2f}",
        f"{100 * worst / there_is:.0f} %",
        f"{100 * 2e-9 * count / seconds / peak:.0f} %",
        f"{4e-9 * weights / seconds:.0f}",
        f"{error:.0e}",
    ]


@torch.inference_mode()
def products(model: nn.Module, block: int) -> tuple[int, int]:
    """Multiplications with weights for a block, and how many weights there are."""
    count, weights, hooks = 0, 0, []

    def count_them(module, inputs, outputs):
        nonlocal count, weights
        frames = (inputs[0] if isinstance(module, ConvTranspose1d) else outputs[0]).shape[-1]
        count += module.weight.numel() * frames
        weights += module.weight.numel()

    for module in model.modules():
        if isinstance(module, Conv1d | ConvTranspose1d | Linear):
            hooks.append(module.register_forward_hook(count_them))
    ports = {port.name: torch.zeros(1, 1, block) for port in model.ports}
    model(torch.zeros(1, 1, block), model.initial_state(1), **ports)
    for hook in hooks:
        hook.remove()
    return count, weights


def difference(model: nn.Module, data: bytes) -> float:
    x = np.random.default_rng(1).uniform(-0.5, 0.5, SECONDS * RATE).astype(np.float32)
    expected = Stream(model, RATE).process(x)
    return float(np.abs(NativeStream(data, model).process(x) - expected).max() / np.abs(expected).max())


if __name__ == "__main__":
    main()
