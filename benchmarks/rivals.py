"""The players that ours is held against: the same weights, one thread, blocks with their state carried along."""

import statistics
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
import torch
from torch import nn

from tonewright.dsp import wide
from tonewright.export.onnx import started, to_onnx
from tonewright.models.base import Model
from tonewright.runtime.player import Player
from tonewright.storage import Tone


class _Explicit(nn.Module):
    """(x, *state) to (y, *state after): what exporters and compilers want."""

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, x, *state):
        y, after = self.model(x, list(state))
        return (y, *after)


def torch_eager(model: Model, block: int) -> float:
    """Nanoseconds for a sample, median."""
    return _torch(_Explicit(model), model, block)


def torch_compiled(model: Model, block: int) -> float:
    """As `torch_eager`, through torch.compile for this length of block; by torch alone, in one graph."""
    torch.compiler.reset()  # forgets the models before, whose number is bounded
    # what asks for our core would end the graph
    with mock.patch.object(wide, "worth_it", lambda *_: False):
        return _torch(torch.compile(_Explicit(model), fullgraph=True), model, block)


@torch.inference_mode()
def recomputed(model: Model, block: int) -> float:
    """Torch without a memory: it computes the whole receptive field again for every block."""
    state, past = model.initial_state(1), torch.zeros(model.settle)
    x = torch.cat([past, _noise(block)])[None, None]
    return timed(lambda: model(x, state), block)


def onnx_runtime(model: Model, block: int, seconds: float = 1.0) -> float:
    """ONNX Runtime with the state as inputs and outputs, in our translation.

    That of torch.onnx.export (torch 2.13, onnxscript 0.7.2) was never faster: 1,695 to 1,573 ns at `nano`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    file = to_onnx(Player(Tone("any", model, 48000))).SerializeToString()
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    given = {f"control.{port.name}": np.full((1, 1, 1), port.default, np.float32) for port in model.ports}
    given |= started(session, model.block)
    given["x"] = np.tile(_noise(block).numpy(), (1, model.inputs or 1, 1))
    wanted = ["y", *(port.name for port in session.get_outputs() if port.name.startswith("next."))]
    names = [name.replace("next", "state") for name in wanted[1:]]

    def play():
        _, *after = session.run(wanted, given)
        given.update(zip(names, after, strict=True))

    return timed(play, block, seconds)


def timed(play: Callable, block: int, seconds: float = 1.0) -> float:
    """Nanoseconds of the processor for a sample: the median over so many seconds of blocks."""
    for _ in range(20):
        play()
    times, total = [], 0.0
    while total < seconds or len(times) < 30:
        before = time.thread_time()
        play()
        times.append(time.thread_time() - before)
        total += times[-1]
    return 1e9 * statistics.median(times) / block


@torch.inference_mode()
def _torch(explicit: Callable, model: Model, block: int) -> float:
    x, carried = _noise(block)[None, None], list(model.initial_state(1))

    def play():
        with torch.inference_mode():
            carried[:] = explicit(x, *carried)[1:]

    return timed(play, block)


def _noise(length: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(-0.5, 0.5, length).astype(np.float32))
