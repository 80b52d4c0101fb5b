"""The layer of a delay network keeps the contract, and the core plays what Python plays."""

import pytest
import torch

from tests.contract.stream import check_contract
from tests.layers.faces import Handed, native
from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.delay_network import DelayNetwork
from tonewright.layers.graph import trace

DELAYS = (31, 7, 1, 52)


def network(channels: int = 1, delays: tuple[int, ...] = DELAYS, seed: int = 0) -> Handed:
    weight = torch.randn(4, len(delays), generator=torch.Generator().manual_seed(seed))

    def numbers(weight):
        return 0.8 * torch.tanh(weight[0]), 0.8 * torch.sigmoid(weight[1]), weight[2], weight[3]

    return Handed(DelayNetwork(channels, delays, settle=2500), weight, numbers)


def straight(*numbers: float) -> Handed:
    """Two lines with their gains, damping, inputs and outputs as they are, the same for both."""
    weight = torch.tensor(numbers)[:, None].repeat(1, 2)
    return Handed(DelayNetwork(1, (2, 3)), weight, lambda w: (w[0], w[1], w[2], w[3]))


@pytest.mark.parametrize("channels,delays", [(1, (5,)), (2, DELAYS)])
def test_plays_in_blocks(channels, delays):
    check_contract(network(channels, delays), channels)


@needs_core
@pytest.mark.parametrize("delays", [(1,), DELAYS, (700, 501), tuple(range(20, 84, 2))])
def test_the_core_plays_the_same(delays):
    same(network(1, delays))


@needs_core
def test_the_core_plays_two_channels():
    same(network(), channels=2)
    same(network(2), channels=2)


def test_the_graph_holds_what_was_made_of_weights():
    node = trace(network(2))["nodes"][-1]
    assert node["op"] == "delay_network" and node["inputs"] == [0]
    assert node["attributes"] == {"delays": list(DELAYS)}
    assert set(node["weights"]) == {"gains", "damping", "inputs", "outputs"}
    shapes = [memory["shape"] for memory in node["state"]]
    assert shapes == [[2, sum(DELAYS)], [2, 4]] and {m["dtype"] for m in node["state"]} == {"float64"}


@needs_core
def test_what_never_ends_is_refused():
    native(straight(0.9, 0.0, 5.0, -5.0))
    for wrong in [(1.0, 0.0), (-1.0, 0.0), (0.5, 1.0), (0.5, -0.1), (3.0, 0.5)]:
        with pytest.raises(FileError, match="for ever"):
            native(straight(*wrong, 1.0, 1.0))


@needs_core
def test_damaged_files_are_refused():
    for before, after in [
        ('"delays":[2,3]', '"delays":[2,0]'),
        ('"delays":[2,3]', '"delays":[234]'),
        ('"delays":[2,3]', '"delays":20003'),
        ('"gains":', '"gainx":'),
        ('"outputs":', '"outputx":'),
    ]:
        with pytest.raises(FileError):
            native(straight(0.5, 0.5, 1.0, 1.0), before, after)


def test_mistakes_are_told():
    for wrong in [(0, (1,)), (1, ()), (1, (0,)), (1, (2**17 + 1,)), (1, (1,) * 33)]:
        with pytest.raises(ConfigError, match="a channel or more and 1 to 32 delays"):
            DelayNetwork(*wrong)
    layer, one = DelayNetwork(2, (3,)), torch.ones(1)
    with pytest.raises(ShapeError, match=r"DelayNetwork wants x as \[B, 2, T\]"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), one, one, one, one)
