"""What teaching an LSTM costs: forward and backward of a chunk of truncated back-propagation, by torch and natively.

    python -m benchmarks.teaching_lstm [--rounds 7]

Both are timed in turns on one thread, by the time of that thread, so that a busy machine hits neither.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.results import table, write_section
from tonewright.models.lstm import PRESETS, Model
from tonewright.training import native_lstm

CHUNK = 2048
TIMED = ("2x8", "1x16", "1x40")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    text = (
        f"Forward and backward of a batch of chunks of {CHUNK} samples, one thread: ns per sample of one sound, "
        f"median of {rounds} rounds. GFLOP/s: products and sums of both ways, without the functions that bend. "
        "Error: of the core's gradient as a share of the norm of float64 autograd's; in brackets that of torch in "
        "float32.\n\n"
    )
    columns = ["preset", "batch", "torch", "core", "core is faster by", "core, GFLOP/s", "error"]
    rows = [row(name, batch, rounds) for name in TIMED for batch in (16, 32)]
    write_section("Teaching an LSTM", "benchmarks.teaching_lstm", text + table(columns, rows))


def row(name: str, batch: int, rounds: int) -> list:
    torch.manual_seed(0)
    model = Model(PRESETS[name])
    fused = native_lstm.fused(model)
    if fused is None:
        raise SystemExit(native_lstm.why_not(model))
    x, dy = torch.rand(batch, 1, CHUNK) - 0.5, torch.randn(batch, 1, CHUNK)
    state = model.initial_state(batch)
    weights = flat(list(model.parameters())).requires_grad_()

    def by_core() -> Tensor:
        return torch.autograd.grad(fused(x, state, weights)[0], weights, dy)[0]

    def by_torch(which: Model = model) -> Tensor:
        kind = which.body.layers[0].weight_ih.dtype
        y, _ = which(x.to(kind), which.initial_state(batch))
        return flat(torch.autograd.grad(y, list(which.parameters()), dy.to(kind)))

    exact = by_torch(copy.deepcopy(model).double())
    core, torch_ = (float((g - exact).norm() / exact.norm()) for g in (by_core(), by_torch()))
    slow, fast = (ns / batch / CHUNK for ns in in_turns((by_torch, by_core), rounds))
    cells = [f"{slow:,.0f}", f"{fast:,.0f}", f"{slow / fast:.1f}x", f"{flop(model) / fast:.0f}"]
    return [name, batch, *cells, f"{core:.0e} ({torch_:.0e})"]


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([t.detach().reshape(-1) for t in tensors])


def flop(model: Model) -> int:
    """Of one sample: each weight is used once forward and twice backward, but for the first layer's."""
    layers = model.body.layers[:-1]
    once = sum(layer.weight_ih.numel() + layer.weight_hh.numel() for layer in layers)
    return 2 * (3 * once - layers[0].weight_ih.numel())


def in_turns(ways: tuple[Callable, ...], rounds: int) -> list[float]:
    """Median ns of each way."""
    times = [[] for _ in ways]
    for turn in range(rounds + 1):
        for way, spent in zip(ways, times, strict=True):
            before = time.thread_time_ns()
            way()
            if turn:  # the first one is for warming up
                spent.append(time.thread_time_ns() - before)
    return [statistics.median(spent) for spent in times]


if __name__ == "__main__":
    main()
