"""Combinators add up latencies and line branches up, against the ordinary centred network."""

from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError
from tonewright.layers.combine import Parallel, Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay


def plain(layer):
    """The ordinary network of a layer: centred convolutions, no delays."""
    if isinstance(layer, Delay):
        return lambda x: x
    if isinstance(layer, Pointwise):
        return layer.function
    if isinstance(layer, Conv1d):
        span = (layer.weight.shape[-1] - 1) * layer.dilation
        pad = (span - layer.lookahead, layer.lookahead)
        return lambda x: F.conv1d(
            F.pad(x, pad), layer.weight, layer.bias, layer.stride, dilation=layer.dilation
        )
    if isinstance(layer, ConvTranspose1d):
        n = layer.stride

        def up(x):
            y = F.conv_transpose1d(x, layer.weight, layer.bias, n)[..., layer.lookahead :]
            return F.pad(y, (0, max(0, x.shape[-1] * n - y.shape[-1])))[..., : x.shape[-1] * n]

        return up
    if isinstance(layer, Serial):
        parts = [plain(part) for part in layer.layers]

        def serial(x):
            for part in parts:
                x = part(x)
            return x

        return serial
    branches = [plain(branch) for branch in layer.branches]
    if layer.join == "stack":
        return lambda x: torch.cat([branch(x) for branch in branches], dim=1)
    return lambda x: sum(branch(x) for branch in branches)


def autoencoder(strides, look):
    """Down and up again with residuals between, as a timbre model is built."""
    layers = []
    for stride in strides:
        body = Serial(Conv1d(2, 2, 3, 3, lookahead=3 * look), Pointwise(torch.tanh), Conv1d(2, 2, 1))
        layers += [Residual(body), Conv1d(2, 2, 2 * stride, stride=stride, lookahead=stride // 2 * look)]
    for stride in reversed(strides):
        layers += [ConvTranspose1d(2, 2, 2 * stride, stride, lookahead=stride // 2 * look)]
        layers += [Residual(Serial(Pointwise(torch.tanh), Conv1d(2, 2, 5, lookahead=2 * look)))]
    return Serial(*layers)


@pytest.mark.parametrize("strides", [(2,), (4, 2), (3, 2, 2)])
@pytest.mark.parametrize("look", [0, 1])
def test_autoencoder_equals_centred(strides, look):
    model = autoencoder(strides, look)
    assert model.ratio == 1 and model.block == np.prod(strides)
    check_contract(model, 2, offline=plain(model))


def test_strides_stay_on_the_grid_behind_any_latency():
    """The field's reference shifts the grid here: a late sound into a stride of 4."""
    for late in range(9):
        body = Serial(Conv1d(1, 1, late + 1, lookahead=late), Conv1d(1, 2, 9, stride=4, lookahead=4))
        check_contract(body, 1, offline=plain(body))


def test_branches_of_different_latency_line_up():
    for join, outputs in (("sum", 3), ("stack", 6)):
        model = Parallel([Conv1d(2, 3, 5, lookahead=4), Conv1d(2, 3, 3, lookahead=1)], join)
        assert model.latency == 4 and model.outputs == outputs
        check_contract(model, 2, offline=plain(model))


def test_strided_branches_line_up():
    slow = Serial(Conv1d(2, 2, 9, stride=2, lookahead=8), Conv1d(2, 2, 5, lookahead=4))
    model = Parallel([slow, Conv1d(2, 2, 4, stride=2, lookahead=1)])
    assert model.ratio == Fraction(1, 2)
    check_contract(model, 2, offline=plain(model))


def test_what_cannot_be_put_together_is_told():
    with pytest.raises(ConfigError, match="one ratio"):
        Parallel([Conv1d(1, 1, 2, stride=2), Conv1d(1, 1, 2)])
    with pytest.raises(ConfigError, match="sum, product, stack"):
        Parallel([Conv1d(1, 1, 2)], "mean")
    with pytest.raises(ConfigError, match="cannot play in blocks"):
        Pointwise(nn.GroupNorm(1, 4))
    with pytest.raises(ConfigError, match="must declare its channels"):
        Serial(Conv1d(1, 1, 2, lookahead=1), Serial(Pointwise(torch.tanh), Upto4()))


class Upto4(Pointwise):
    """A layer of block 4 that does not say its channels."""

    block = 4

    def __init__(self):
        super().__init__(torch.tanh)


def test_the_contract_can_fail():
    """A layer that keeps its memory to itself, one with a wrong latency, one that never settles."""

    class Forgetful(Conv1d):
        def forward(self, x, state):
            y, _ = super().forward(x, state)
            return y, self.initial_state(x.shape[0])

    class Boastful(Conv1d):
        def __init__(self):
            super().__init__(1, 1, 5, lookahead=2)
            self.latency = 1

    class Restless(Conv1d):
        def __init__(self):
            super().__init__(1, 1, 5)
            self.settle = 1

    with pytest.raises(AssertionError):
        check_contract(Forgetful(1, 1, 3), 1)
    with pytest.raises(AssertionError):
        check_contract(Boastful(), 1, offline=lambda x: x)
    with pytest.raises(AssertionError):
        check_contract(Restless(), 1)
