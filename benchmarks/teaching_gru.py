"""What teaching a GRU at frame rate costs: forward and backward of a batch, by torch.gru and by ours.

    python -m benchmarks.teaching_gru [--rounds 5]

Both are timed in turns on one thread, by the time of that thread, so that a busy machine hits neither.
"""

import argparse

import torch
from torch import Tensor

from benchmarks import core
from benchmarks.results import table, write_section
from benchmarks.teaching_lstm import flat, in_turns
from tonewright.dsp.gru import gru

FRAMES, BATCH = 400, 16  # four seconds
SIZES = ((1024, 512), (512, 256), (256, 128))
COLUMNS = ["inputs", "units", "torch", "ours", "faster by", "GFLOP/s", "limit", "error"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    peak = core.peak()
    text = (
        f"Forward and backward of {BATCH} sounds of {FRAMES} frames, one thread: seconds of the processor, median "
        f"of {rounds} rounds. GFLOP/s: products and sums of ours. Limit: the seconds that they would take at this "
        f"core's peak, {peak:.0f} GFLOP/s. Error: of our gradient of all weights as a share of the norm of float64 "
        "autograd's; in brackets that of torch in float32.\n\n"
    )
    rows = [row(inputs, units, rounds, peak) for inputs, units in SIZES]
    write_section("Teaching a GRU", "benchmarks.teaching_gru", text + table(COLUMNS, rows))


def row(inputs: int, units: int, rounds: int, peak: float) -> list:
    torch.manual_seed(0)
    layer = torch.nn.GRU(inputs, units)
    x, dy = (torch.randn(BATCH, FRAMES, channels).transpose(1, 2) for channels in (inputs, units))
    x.requires_grad_()
    given = [x, *layer.parameters()]

    def by_torch(kind: torch.dtype = torch.float32) -> Tensor:
        at = [tensor.detach().to(kind).requires_grad_() for tensor in given]
        h = torch.zeros(1, BATCH, units, dtype=kind)
        y, _ = torch.gru(at[0].permute(2, 0, 1), h, at[1:], True, 1, 0.0, True, False, False)
        return flat(torch.autograd.grad(y.permute(1, 2, 0), at, dy.to(kind))[1:])

    def by_ours() -> Tensor:
        y, _ = gru(x, torch.zeros(BATCH, units), *layer.parameters())
        return flat(torch.autograd.grad(y, given, dy)[1:])

    exact = by_torch(torch.float64)
    ours, torchs = (float((g - exact).norm() / exact.norm()) for g in (by_ours(), by_torch()))
    slow, fast = (ns / 1e9 for ns in in_turns((by_torch, by_ours), rounds))
    done = 3 * 2e-9 * FRAMES * BATCH * 3 * units * (inputs + units)
    cells = [f"{slow:.2f}", f"{fast:.3f}", f"{slow / fast:.1f}x", f"{done / fast:.0f}", f"{done / peak:.3f}"]
    return [inputs, units, *cells, f"{ours:.0e} ({torchs:.0e})"]


if __name__ == "__main__":
    main()
