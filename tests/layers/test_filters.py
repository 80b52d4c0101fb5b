"""The filters' layer keeps the contract, and the core plays what Python plays."""

import numpy as np
import pytest
import torch

from tests.contract.stream import check_contract
from tests.layers.faces import Handed, native
from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.filters import Filters
from tonewright.layers.graph import trace, trace_whole


def sections_of(weight: torch.Tensor) -> tuple[torch.Tensor]:
    """g and k above 0 for any weight [S, 5]."""
    return (torch.cat([torch.exp(weight[:, :2]), weight[:, 2:]], dim=1),)


def equaliser(channels: int = 1, sections: int = 3, seed: int = 0) -> Handed:
    weight = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (sections, 5)))
    layer = Filters(channels, sections, settle=400)
    return Handed(layer, weight.float(), sections_of)


@pytest.mark.parametrize("channels,sections", [(1, 1), (3, 2), (2, 5)])
def test_plays_in_blocks(channels, sections):
    check_contract(equaliser(channels, sections), channels)


@needs_core
@pytest.mark.parametrize("sections", [1, 4, 20])
def test_the_core_plays_the_same(sections):
    same(equaliser(1, sections, seed=sections))


@needs_core
def test_the_core_plays_two_channels_of_sound():
    same(equaliser(), channels=2)


def test_the_graph_holds_what_was_made_of_weights():
    model = equaliser(2, 3)
    graph, folded = trace_whole(model)
    assert [node["op"] for node in graph["nodes"]] == ["input", "filters"]
    node = graph["nodes"][1]
    assert node["inputs"] == [0] and node["attributes"] == {"sections": 3}
    assert node["weights"] == {"sections": "folded.0"}
    torch.testing.assert_close(folded["folded.0"], sections_of(model.weight)[0].detach())
    assert node["state"] == [{"shape": [2, 3, 2], "dtype": "float64"}]


def test_a_weight_itself_keeps_its_name():
    model = Handed(Filters(1, 1), torch.ones(1, 5), lambda weight: (weight,))
    assert trace(model)["nodes"][1]["weights"] == {"sections": "weight"}


@needs_core
@pytest.mark.parametrize("number", [0, 1])
def test_filters_that_are_not_stable_are_refused(number):
    weight = torch.ones(1, 5)
    weight[0, number] = -0.1
    with pytest.raises(FileError, match="not stable"):
        native(Handed(Filters(1, 1), weight, lambda weight: (weight,)))


@needs_core
def test_damaged_files_are_refused():
    model = Handed(Filters(1, 1), torch.ones(1, 5), lambda weight: (weight,))
    native(model)
    with pytest.raises(FileError, match="1024 sections"):
        native(model, '"sections":"weight"', '"sectionz":"weight"')
    with pytest.raises(FileError, match="cannot play"):
        native(model, '"op":"filters"', '"op":"filterz"')


def test_mistakes_are_told():
    for wrong in [(0, 1), (1, 0), (1, 1025)]:
        with pytest.raises(ConfigError, match="a channel or more and 1 to 1024 sections"):
            Filters(*wrong)
    layer = Filters(2, 1)
    with pytest.raises(ShapeError, match=r"Filters wants x as \[B, 2, T\]"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), torch.ones(1, 5))
    with pytest.raises(ShapeError, match=r"sections \[S, 5\]"):
        layer(torch.zeros(1, 2, 4), layer.initial_state(1), torch.ones(3, 5))
