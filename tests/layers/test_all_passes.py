"""The layer of all-passes keeps the contract, and the core plays what Python plays."""

import pytest
import torch
from torch import nn

from tests.contract.stream import check_contract
from tests.layers.faces import Handed, native
from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.all_passes import AllPasses
from tonewright.layers.graph import trace


def still(channels: int = 1, stages: int = 4, coefficient: float = 0.5, feedback: float = 0.4) -> Handed:
    """All-passes whose coefficient is a weight, as it is."""
    weight = torch.tensor([coefficient, feedback])
    return Handed(AllPasses(channels, stages, settle=800), weight, lambda weight: (weight[0], weight[1:]))


class Moving(Handed):
    """All-passes whose coefficient follows the first channel of what they hear."""

    def __init__(self, channels: int = 1, stages: int = 4, reach: float = 0.3):
        super().__init__(AllPasses(channels, stages, settle=800), torch.tensor([0.5, 0.4]), lambda weight: ())
        self.reach = nn.Parameter(torch.tensor(reach))

    def forward(self, x, state):
        moving = 0.2 + self.reach * torch.tanh(x[:, :1])
        return self.layer(x, state, moving, torch.tanh(self.weight[1]))


@pytest.mark.parametrize("make", [still, Moving])
@pytest.mark.parametrize("channels,stages", [(1, 1), (2, 5)])
def test_plays_in_blocks(make, channels, stages):
    check_contract(make(channels, stages), channels)


@needs_core
@pytest.mark.parametrize(
    "stages,coefficient,feedback", [(1, 0.5, 0.0), (6, -0.8, 0.7), (64, 0.3, -0.9), (2, 5.0, 0.1)]
)
def test_the_core_plays_a_still_one(stages, coefficient, feedback):
    same(still(1, stages, coefficient, feedback))


@needs_core
@pytest.mark.parametrize("stages,reach", [(1, 0.3), (12, 0.5), (4, 9.0)])
def test_the_core_plays_a_moving_one(stages, reach):
    same(Moving(1, stages, reach))


@needs_core
def test_the_core_plays_two_channels():
    same(still(), channels=2)
    for make in (still, Moving):
        same(make(2), channels=2)


def test_the_graph_holds_what_was_made_of_weights():
    node = trace(still(2))["nodes"][-1]
    assert node["op"] == "all_passes" and node["inputs"] == [0] and node["attributes"] == {"stages": 4}
    assert set(node["weights"]) == {"coefficient", "feedback"}
    assert node["state"] == [{"shape": [2, 5], "dtype": "float64"}]
    node = trace(Moving(2))["nodes"][-1]
    assert node["op"] == "all_passes" and len(node["inputs"]) == 2 and set(node["weights"]) == {"feedback"}


@needs_core
@pytest.mark.parametrize("feedback", [1.0, -1.0, 2.0])
def test_what_never_ends_is_refused(feedback):
    with pytest.raises(FileError, match="never ends"):
        native(still(feedback=feedback))


@needs_core
def test_damaged_files_are_refused():
    native(still())
    for before, after in [
        ('"stages":4', '"stages":0'),
        ('"stages":4', '"stagex":4'),
        ('"coefficient":', '"coefficienx":'),
        ('"feedback":', '"feedbacx":'),
    ]:
        with pytest.raises(FileError):
            native(still(), before, after)


def test_mistakes_are_told():
    for wrong in [(0, 1), (1, 0), (1, 65)]:
        with pytest.raises(ConfigError, match="a channel or more and 1 to 64 stages"):
            AllPasses(*wrong)
    layer, one = AllPasses(2, 3), torch.tensor(0.5)
    with pytest.raises(ShapeError, match=r"AllPasses wants x as \[B, 2, T\]"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), one, one)
