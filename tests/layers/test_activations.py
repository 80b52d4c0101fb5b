"""Activations: what they are is what torch says they are, and every player plays them."""

import pytest
import torch
import torch.nn.functional as F

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError
from tonewright.layers.activations import ACTIVATIONS, LeakyHardtanh, PReLU, activation, softmax
from tonewright.layers.combine import Pointwise
from tonewright.layers.graph import trace

TORCH = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
    "softsign": F.softsign,
    "silu": F.silu,
    "hardtanh": F.hardtanh,
    "hardswish": F.hardswish,
    "elu": F.elu,
    "softmax": lambda x: F.softmax(x, dim=1),
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
}


def sound(channels: int = 3) -> torch.Tensor:
    return 4 * torch.randn(2, channels, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("name", TORCH)
def test_they_are_those_of_torch(name):
    x = sound()
    torch.testing.assert_close(activation(name, 3)(x), TORCH[name](x), rtol=1e-12, atol=1e-12)


def test_those_with_numbers_of_their_own():
    x, bend = sound(), PReLU(3).double()
    with torch.no_grad():
        bend.slopes.copy_(torch.tensor([[-0.5], [0.25], [3.0]]))
    torch.testing.assert_close(bend(x), F.prelu(x, bend.slopes.flatten()))
    bend = LeakyHardtanh().double()
    for name, value in (("low", -0.5), ("high", 2.0), ("low_slope", 0.3), ("high_slope", -0.2)):
        getattr(bend, name).fill_(value)
    low, high = -0.5 + 0.3 * (x + 0.5), 2.0 - 0.2 * (x - 2.0)
    torch.testing.assert_close(bend(x), torch.where(x < -0.5, low, torch.where(x > 2.0, high, x)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_player_plays_them(name):
    layer = Pointwise(activation(name, 3))
    layer.inputs = layer.outputs = 3
    check_contract(layer, 3)
    assert trace(layer.float())["nodes"][-1]["op"] != "input"


def test_what_there_is_not_is_told():
    with pytest.raises(ConfigError, match="activation is one of tanh"):
        activation("tahn", 3)
    with pytest.raises(ConfigError, match="64 channels at most, and not of 65"):
        softmax(torch.zeros(1, 65, 1))
