"""What teaching costs: forward and backward by torch and by the native core, and the parts of a capture's step.

    python -m benchmarks.teaching [--rounds 7]

All ways are timed in turns, so that a busy moment of the machine hits each of them.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from benchmarks.results import table, write_section
from tonewright.audio.pairs import Pair, split
from tonewright.builtin import overdrive, phrase
from tonewright.models.supervised import Supervised, Teaching
from tonewright.models.wavenet import PRESETS, Model
from tonewright.training import native

RATE, BATCH, CROP = 48000, 16, 8192
TIMED = ("standard", "a2", "gated", "feather")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    text = (
        f"Forward and backward of {BATCH} crops of {CROP} samples and their context: milliseconds, median of "
        f"{rounds} rounds in which every way has its turn. torch on one thread. Error: of the core's gradient of one "
        "crop, as a share of the norm of float64 autograd's; in brackets that of torch in float32.\n\n"
    )
    columns = ["preset", "torch, one batch", "torch, crop by crop", "core, 1 thread", "core, 2 threads"]
    columns += ["core is faster by", "2 threads by", "error"]
    text += table(columns, [row(name, rounds) for name in TIMED])
    text += (
        f"\n\nA step of a capture (batch {Teaching().batch} x {Teaching().crop}, preset standard), milliseconds of "
        "one thread, mean:\n\n"
    )
    write_section(
        "Teaching", "benchmarks.teaching", text + table(["part", "core", "torch"], parts(4 * rounds))
    )


def row(name: str, rounds: int) -> list:
    torch.manual_seed(0)
    model = Model(PRESETS[name])
    answer = native.fused(model)
    if answer is None:
        raise SystemExit(native.why_not(model))
    x, slope = torch.rand(BATCH, 1, model.settle + CROP) - 0.5, torch.randn(BATCH, CROP)
    weights = torch.cat([p.detach().reshape(-1) for p in model.parameters()]).requires_grad_()
    parameters = list(model.parameters())

    def by_core(index: int) -> Tensor:
        return torch.autograd.grad(answer(x[index], weights), weights, slope[index])[0]

    def by_torch(items: slice) -> list[Tensor]:
        return by_autograd(model, x[items], slope[items], parameters)

    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        ways = (
            lambda: by_torch(slice(None)),
            lambda: [by_torch(slice(i, i + 1)) for i in range(BATCH)],
            lambda: [by_core(i) for i in range(BATCH)],
            lambda: list(pool.map(by_core, range(BATCH))),
        )
        ms = in_turns(ways, rounds)
    cells = [f"{value:,.0f}" for value in ms]
    ratios = [f"{ms[0] / ms[2]:.1f}x", f"{ms[2] / ms[3]:.2f}x"]
    return [name, *cells, *ratios, errors(model, x[:1], slope[:1], by_core(0))]


def by_autograd(model, x: Tensor, slope: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    y, _ = model(x, model.initial_state(len(x)))
    found = torch.autograd.grad(y[:, 0, model.settle :], parameters, slope, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)]


def errors(model, x: Tensor, slope: Tensor, by_core: Tensor) -> str:
    double = copy.deepcopy(model).double()
    exact = by_autograd(double, x.double(), slope.double(), list(double.parameters()))
    rival = by_autograd(model, x, slope, list(model.parameters()))
    exact, rival = (torch.cat([g.reshape(-1) for g in found]) for found in (exact, rival))
    core, torch_ = (float((g - exact).norm() / exact.norm()) for g in (by_core, rival))
    return f"{core:.0e} ({torch_:.0e})"


def in_turns(ways: tuple[Callable, ...], rounds: int) -> list[float]:
    """Median milliseconds of each way."""
    times = [[] for _ in ways]
    for turn in range(rounds + 1):
        for way, spent in zip(ways, times, strict=True):
            before = time.perf_counter()
            way()
            if turn:  # the first one is for warming up
                spent.append(1e3 * (time.perf_counter() - before))
    return [statistics.median(spent) for spent in times]


def parts(count: int) -> list[list]:
    """Rows of what a capture's step is made of."""
    guitar = phrase(30.0, RATE)
    taught, held_out = split(Pair(guitar, overdrive(guitar, RATE), RATE))
    columns = []
    for fused in (True, False):
        torch.manual_seed(0)
        model = Model()
        answer = native.fused(model) if fused else None
        columns.append(parts_of(Supervised(model, [taught], [held_out], Teaching(), 0, 1, answer), count))
    return [[name, *(f"{column[name]:.2f}" for column in columns)] for name in columns[0]]


def parts_of(recipe: Supervised, count: int) -> dict[str, float]:
    spent = dict.fromkeys(("crops", "gradients and loss", "optimiser"), 0.0)
    for owner, method, name in (
        (recipe.crops, "batch", "crops"),
        (recipe, "gradients", "gradients and loss"),
        (recipe.soap, "step", "optimiser"),
    ):
        watch(owner, method, spent, name)
    for step in range(5):
        recipe.step(step, 0)
    spent |= dict.fromkeys(spent, 0.0)
    before = time.perf_counter()
    for step in range(5, 5 + count):
        recipe.step(step, 0)
    whole = time.perf_counter() - before
    spent["the rest"] = whole - sum(spent.values())
    before = time.perf_counter()
    recipe.score()
    score = time.perf_counter() - before
    each = {name: 1e3 * seconds / count for name, seconds in spent.items()}
    return {**each, "whole step": 1e3 * whole / count, "measuring once": 1e3 * score}


def watch(owner, method: str, spent: dict[str, float], name: str) -> None:
    """Add up the seconds inside a method."""
    called = getattr(owner, method)

    def timed(*arguments):
        before = time.perf_counter()
        made = called(*arguments)
        spent[name] += time.perf_counter() - before
        return made

    if method == "gradients":  # itself called, and its `map` used
        timed.map = called.map
    setattr(owner, method, timed)


if __name__ == "__main__":
    main()
