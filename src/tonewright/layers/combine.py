"""Layers made of layers. They add up what their parts declare and insert the delays that line them up."""

import math
import operator
from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State, refuse_norms_over_time
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay

JOINS = {
    "sum": partial(reduce, operator.add),
    "product": partial(reduce, operator.mul),
    "stack": partial(torch.cat, dim=1),
}


class Pointwise(Layer):
    """A function of one sample at a time, which has nothing to remember: an activation, a scale.

    Args:
        function: a tensor to a tensor of the same shape, such as torch.tanh or nn.PReLU().

    Raises:
        ConfigError: when the function is a normalisation over time.

    >>> Pointwise(torch.tanh)(torch.zeros(1, 1, 2), [])
    (tensor([[[0., 0.]]]), [])
    """

    def __init__(self, function):
        super().__init__()
        if isinstance(function, nn.Module):
            refuse_norms_over_time(function)
        self.function = function

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return self.function(x), state

    @property
    def slope(self) -> float | None:
        """Of a leaky ReLU, when this is one."""
        if isinstance(self.function, nn.LeakyReLU):
            return self.function.negative_slope
        if (
            isinstance(self.function, partial)
            and self.function.func is F.leaky_relu
            and not self.function.args
        ):
            return self.function.keywords.get("negative_slope", 0.01)
        return None


class Serial(Layer):
    """One layer after another.

    A strided layer decimates on a grid; when what comes before is late by a number of samples that is not a
    multiple of its stride, the stream would sit on another grid than the offline network. A delay goes in
    between that completes the multiple.

    >>> from tonewright.layers.conv import Conv1d
    >>> body = Serial(Conv1d(1, 2, 3, lookahead=1), Conv1d(2, 2, 4, stride=4, lookahead=3))
    >>> body.ratio, body.block, body.latency, [type(layer).__name__ for layer in body.layers]
    (Fraction(1, 4), 4, 1, ['Conv1d', 'Delay', 'Conv1d'])
    """

    def __init__(self, *layers: Layer):
        super().__init__()
        chain, late, ratio, block = [], 0, Fraction(1), 1
        for layer in layers:
            if layer.block > 1 and late % layer.block:
                chain.append(Delay(_channels(layer), -late % layer.block))
                late += chain[-1].latency
            chain.append(layer)
            late = int(late * layer.ratio) + layer.latency
            # the shortest block that gives this layer whole blocks
            block = math.lcm(block, (layer.block / ratio).numerator)
            ratio *= layer.ratio
        self.layers = nn.ModuleList(chain)
        self.counts = [layer.state_count for layer in chain]
        # activations that the convolution after them does on the way
        self.bent = {
            i
            for i, (layer, after) in enumerate(pairwise(chain))
            if isinstance(layer, Pointwise)
            and layer.slope is not None
            and isinstance(after, (Conv1d, ConvTranspose1d))
        }
        self.inputs = next((layer.inputs for layer in chain if layer.inputs is not None), None)
        self.outputs = next((layer.outputs for layer in reversed(chain) if layer.outputs is not None), None)
        self.ratio, self.block, self.latency = ratio, block, late
        self.settle = _settle(chain, ratio)

    def initial_state(self, batch: int) -> State:
        return [memory for layer in self.layers for memory in layer.initial_state(batch)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        after, first, bend = [], 0, ()
        for i, (layer, count) in enumerate(zip(self.layers, self.counts, strict=True)):
            if not bend and i in self.bent and not (_watched(layer) or _watched(self.layers[i + 1])):
                bend = (layer.slope,)
                continue
            x, memory = layer(x, state[first : first + count], *bend)
            after += memory
            first += count
            bend = ()
        return x, after


class Parallel(Layer):
    """The same sound through several branches, each delayed to the slowest, then joined.

    Args:
        branches: layers of one ratio.
        join: "sum" adds the branches; "product" multiplies them, where one channel goes with all of another branch;
            "stack" puts their channels one after another.

    Raises:
        ConfigError: branches of different ratios, or an unknown join.

    >>> from tonewright.layers.conv import Conv1d
    >>> both = Parallel([Conv1d(1, 2, 3, lookahead=1), Conv1d(1, 2, 5, lookahead=2)])
    >>> both.latency
    2
    """

    def __init__(self, branches: list[Layer], join: str = "sum"):
        super().__init__()
        if join not in JOINS:
            raise ConfigError(f"Parallel joins by {', '.join(JOINS)}, and got {join!r}")
        if len({branch.ratio for branch in branches}) != 1:
            raise ConfigError(
                f"Parallel wants branches of one ratio, and got {[str(b.ratio) for b in branches]}"
            )
        self.join = join
        self.latency = max(branch.latency for branch in branches)
        self.branches = nn.ModuleList(_delayed(branch, self.latency) for branch in branches)
        self.counts = [branch.state_count for branch in self.branches]
        self.ratio = branches[0].ratio
        self.block = math.lcm(*(branch.block for branch in branches))
        self.settle = max(branch.settle for branch in self.branches)
        self.inputs = next((b.inputs for b in branches if b.inputs is not None), None)
        outputs = [branch.outputs or self.inputs for branch in branches]
        self.outputs = outputs[0] if join != "stack" or None in outputs else sum(outputs)

    def initial_state(self, batch: int) -> State:
        return [memory for branch in self.branches for memory in branch.initial_state(batch)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        ys, after, first = [], [], 0
        for branch, count in zip(self.branches, self.counts, strict=True):
            y, memory = branch(x, state[first : first + count])
            ys.append(y)
            after += memory
            first += count
        return JOINS[self.join](ys), after


class Residual(Parallel):
    """body(x) + x, where x waits for the body.

    Args:
        body: a layer of ratio 1 with known channels.

    >>> from tonewright.layers.conv import Conv1d
    >>> Residual(Conv1d(2, 2, 3, lookahead=1)).latency
    1
    """

    def __init__(self, body: Layer):
        channels = body.inputs if body.inputs is not None else body.outputs
        if body.ratio != 1 or (channels is None and body.latency):
            raise ConfigError("Residual wants a body of ratio 1 and known channels")
        super().__init__([body, Delay(channels, 0) if channels is not None else Serial()])


def _watched(layer: Layer) -> bool:
    """Whether somebody wants to see what goes in and out of it."""
    return bool(layer._forward_hooks or layer._forward_pre_hooks)


def _channels(layer: Layer) -> int:
    if layer.inputs is None:
        raise ConfigError(f"a delay goes before {type(layer).__name__}, which must declare its channels")
    return layer.inputs


def _settle(chain: list[Layer], ratio: Fraction) -> int:
    """Input samples after which every layer of the chain has forgotten what came before."""
    settled = 0  # counted at the output of the layer, where a strided one rounds up to whole blocks
    for layer in chain:
        start = -(-settled // layer.block) * layer.block
        settled = math.ceil((start + layer.settle) * layer.ratio)
    return math.ceil(settled / ratio)


def _delayed(branch: Layer, latency: int) -> Layer:
    """The branch with as much delay after it as makes its latency the given one.

    After and not before: a delay before a strided layer would move its grid.
    """
    missing = latency - branch.latency
    if missing == 0:
        return branch
    if isinstance(branch, Delay):
        return Delay(branch.inputs, latency)
    if branch.outputs is None:
        raise ConfigError(f"a delay goes after {type(branch).__name__}, which must declare its channels")
    return Serial(branch, Delay(branch.outputs, missing))
