"""What the convolutions of timbre models cost to teach: forward and backward of each shape, by torch and by the core.

    python -m benchmarks.teaching_convolutions [--rounds 15]

Both are timed in turns on one thread, by the time of that thread, so that a busy machine hits neither.
"""

import argparse
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import core
from benchmarks.results import table, write_section
from benchmarks.teaching_lstm import flat, in_turns
from tonewright.dsp import wide

SLOPE = 0.2


class Shape(NamedTuple):
    """A convolution that stands behind a leaky ReLU, as in v2_small, or in its discriminators."""

    inputs: int
    outputs: int
    kernel: int
    samples: int  # that go in
    stride: int = 1
    dilation: int = 1
    batch: int = 1
    transposed: bool = False

    @property
    def name(self) -> str:
        turned = " transposed" if self.transposed else ""
        steps = f", stride {self.stride}" if self.stride > 1 else ""
        steps += f", dilation {self.dilation}" if self.dilation > 1 else ""
        return f"{self.batch} x {self.inputs} to {self.outputs} channels, kernel {self.kernel}{steps}{turned}"


SHAPES = (
    Shape(1, 16, 377, 65536, stride=16),
    Shape(16, 48, 7, 4096),
    Shape(48, 48, 3, 4096, dilation=9),
    Shape(48, 48, 1, 4096),
    Shape(48, 96, 8, 4096, stride=4),
    Shape(96, 96, 3, 1024, dilation=3),
    Shape(96, 96, 1, 1024),
    Shape(192, 192, 3, 512, dilation=3),
    Shape(192, 192, 1, 512),
    Shape(384, 384, 3, 256, dilation=3),
    Shape(384, 384, 1, 256),
    Shape(384, 768, 4, 256, stride=2),
    Shape(768, 128, 3, 128),
    Shape(768, 384, 4, 128, stride=2, transposed=True),
    Shape(96, 48, 8, 1024, stride=4, transposed=True),
    Shape(48, 96, 15, 16384, stride=4),
    Shape(192, 384, 15, 1024, stride=4),
    Shape(96, 192, 5, 368, stride=4, batch=11),
)
COLUMNS = ["", "samples", "torch, ms", "ours, ms", "faster by", "GFLOP/s", "of the peak", "error"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    peak = core.peak()
    text = (
        "Leaky ReLU, memory of the past and convolution, forward and all gradients, as the layers of a timbre model "
        f"are taught: milliseconds of the processor, medians of {rounds} rounds in turn on one thread. GFLOP/s: "
        f"products and sums of the convolution by ours, and their share of what this core does at most, {peak:.0f}. "
        "Error: of our gradients as a share of the norm of float64 autograd's; in brackets that of torch in float32.\n\n"
    )
    rows = [row(shape, rounds, peak) for shape in SHAPES]
    write_section("Teaching wide convolutions", "benchmarks.teaching_convolutions", text + table(COLUMNS, rows))


def row(shape: Shape, rounds: int, peak: float) -> list:
    torch.manual_seed(0)
    ends = (shape.inputs, shape.outputs) if shape.transposed else (shape.outputs, shape.inputs)
    reach = shape.kernel - 1 if not shape.transposed else -(-shape.kernel // shape.stride) - 1
    x = torch.randn(shape.batch, shape.inputs, shape.samples)
    past = torch.randn(shape.batch, shape.inputs, reach * shape.dilation)
    weight = torch.randn(*ends, shape.kernel) / (shape.inputs * shape.kernel) ** 0.5
    given = [x.requires_grad_(), weight.requires_grad_(), torch.randn(shape.outputs, requires_grad=True)]

    def by_torch(kind: torch.dtype = torch.float32) -> Tensor:
        at = [tensor.detach().to(kind).requires_grad_() for tensor in given]
        heard = torch.cat([past.to(kind), F.leaky_relu(at[0], SLOPE)], dim=-1)
        if shape.transposed:
            skip, count = reach * shape.stride, shape.samples * shape.stride
            y = F.conv_transpose1d(heard, at[1], at[2], shape.stride)[..., skip : skip + count]
        else:
            y = F.conv1d(heard, at[1], at[2], shape.stride, dilation=shape.dilation)
        return flat(torch.autograd.grad(y, at, dy.to(kind)))

    def by_ours() -> Tensor:
        if shape.transposed:
            y = wide.conv_transpose1d(*given, shape.stride, past, SLOPE)
        else:
            y = wide.conv1d(*given, shape.stride, shape.dilation, past=past, slope=SLOPE)
        return flat(torch.autograd.grad(y, given, dy))

    frames = shape.samples * shape.stride if shape.transposed else shape.samples // shape.stride
    dy = torch.randn(shape.batch, shape.outputs, frames)
    exact = by_torch(torch.float64)
    ours, torchs = (float((g - exact).norm() / exact.norm()) for g in (by_ours(), by_torch()))
    slow, fast = (ns / 1e6 for ns in in_turns((by_torch, by_ours), rounds))
    done = 3 * 2e-9 * weight.numel() * min(frames, shape.samples) * shape.batch
    rate = 1e3 * done / fast
    cells = [f"{slow:.2f}", f"{fast:.2f}", f"{slow / fast:.1f}x", f"{rate:.0f}", f"{100 * rate / peak:.0f} %"]
    return [shape.name, shape.samples, *cells, f"{ours:.0e} ({torchs:.0e})"]


if __name__ == "__main__":
    main()
