"""The follower and the lag keep the contract, and the core plays what Python plays."""

import pytest
import torch

from tests.contract.stream import check_contract
from tests.layers.faces import Handed, native
from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.dynamics import Follow, Lag
from tonewright.layers.graph import trace, trace_whole


def rates_of(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both between 0 and 1, for any weight [2]."""
    rates = torch.sigmoid(weight)
    return rates[0], rates[1:]


def follower(channels: int = 1, start: float = 0.0, attack: float = 1.0, release: float = -3.0) -> Handed:
    return Handed(Follow(channels, start, settle=700), torch.tensor([attack, release]), rates_of)


def straight(attack: float, release: float) -> Handed:
    """The rates as they are."""
    return Handed(Follow(1, -0.5), torch.tensor([attack, release]), lambda weight: (weight[0], weight[1]))


@pytest.mark.parametrize("channels,start", [(1, 0.0), (3, -0.7)])
def test_plays_in_blocks(channels, start):
    check_contract(follower(channels, start), channels)


@needs_core
@pytest.mark.parametrize("attack,release", [(1.0, -3.0), (-2.0, -9.0), (20.0, 0.0)])
def test_the_core_plays_the_same(attack, release):
    same(follower(1, 0.3, attack, release))


@needs_core
def test_the_core_plays_two_channels_of_sound():
    same(follower(), channels=2)


def test_begins_where_it_is_told():
    layer = Follow(2, start=-12.0)
    (state,) = layer.initial_state(3)
    assert state.shape == (3, 2) and state.dtype == torch.float64 and (state == -12.0).all()
    one = torch.tensor(0.5)
    y, _ = layer(torch.zeros(3, 2, 1), [state], one, one)
    assert (y == -6.0).all()


def test_the_graph_holds_what_was_made_of_weights():
    model = follower(2, start=-3.0)
    graph, folded = trace_whole(model)
    assert [node["op"] for node in graph["nodes"]] == ["input", "follow"]
    node = graph["nodes"][1]
    assert node["inputs"] == [0] and node["attributes"] == {"start": -3.0}
    assert node["weights"] == {"attack": "folded.0", "release": "folded.1"}
    attack, release = rates_of(model.weight.detach())
    assert torch.equal(folded["folded.0"], attack) and torch.equal(folded["folded.1"], release)
    assert folded["folded.0"].shape == () and folded["folded.1"].shape == (1,)
    assert node["state"] == [{"shape": [2], "dtype": "float64"}]


def test_a_weight_itself_keeps_its_name():
    model = Handed(Follow(1), torch.tensor(0.5), lambda weight: (weight, weight))
    assert trace(model)["nodes"][1]["weights"] == {"attack": "weight", "release": "weight"}


@needs_core
@pytest.mark.parametrize("attack,release", [(0.0, 0.5), (0.5, -0.1), (1.1, 0.5), (0.5, 2.0)])
def test_impossible_rates_are_refused(attack, release):
    with pytest.raises(FileError, match="above 0 and at most 1"):
        native(straight(attack, release))


@needs_core
def test_damaged_files_are_refused():
    model = straight(1.0, 0.1)
    native(model)
    for before, after in [('"start":-0.5', '"start":null'), ('"start":-0.5', '"stard":-0.5')]:
        with pytest.raises(FileError):
            native(model, before, after)
    with pytest.raises(FileError, match="one attack and one release"):
        native(model, '"attack":', '"attacc":')


def test_mistakes_are_told():
    for wrong in [(0, 0.0), (1, float("nan")), (1, float("inf"))]:
        with pytest.raises(ConfigError, match="a channel or more and a finite start"):
            Follow(*wrong)
    layer, rate = Follow(2), torch.tensor(0.5)
    with pytest.raises(ShapeError, match=r"Follow wants x as \[B, 2, T\]"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), rate, rate)
    with pytest.raises(ShapeError, match="one attack, one release"):
        layer(torch.zeros(1, 2, 4), layer.initial_state(1), rate, torch.zeros(1, 2, 4))


# The lag.


def lags_of(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both above 0, for any weight [2]."""
    samples = torch.exp(weight)
    return samples[0], samples[1:]


def lagging(channels: int = 1, start: float = 0.0, slow: float = 4.0, fast: float = 1.0) -> Handed:
    return Handed(Lag(channels, start, settle=1500), torch.tensor([slow, fast]), lags_of)


def times(slow: float, fast: float) -> Handed:
    """The time constants as they are."""
    return Handed(Lag(1, -0.5), torch.tensor([slow, fast]), lambda weight: (weight[0], weight[1]))


@pytest.mark.parametrize("channels,start", [(1, 0.0), (3, 0.7)])
def test_a_lag_plays_in_blocks(channels, start):
    check_contract(lagging(channels, start), channels)


@needs_core
@pytest.mark.parametrize("slow,fast", [(4.0, 1.0), (0.0, 7.0), (-5.0, -9.0)])
def test_the_core_plays_the_same_lag(slow, fast):
    same(lagging(1, 0.3, slow, fast))


@needs_core
def test_the_core_plays_the_lag_of_two_channels():
    same(lagging(), channels=2)


def test_a_lag_begins_where_it_is_told():
    layer = Lag(2, start=1.0)
    (state,) = layer.initial_state(3)
    assert state.shape == (3, 2) and state.dtype == torch.float64 and (state == 1.0).all()
    y, _ = layer(torch.zeros(3, 2, 1), [state], torch.tensor(100.0), torch.tensor(1.0))
    assert (y == 0.5).all()


def test_the_graph_of_a_lag():
    model = lagging(2, start=1.0)
    graph, folded = trace_whole(model)
    assert [node["op"] for node in graph["nodes"]] == ["input", "lag"]
    node = graph["nodes"][1]
    assert node["inputs"] == [0] and node["attributes"] == {"start": 1.0}
    assert node["weights"] == {"slow": "folded.0", "fast": "folded.1"}
    slow, fast = lags_of(model.weight.detach())
    assert torch.equal(folded["folded.0"], slow) and torch.equal(folded["folded.1"], fast)
    assert node["state"] == [{"shape": [2], "dtype": "float64"}]


@needs_core
@pytest.mark.parametrize("wrong", [0.0, -3.0])
def test_impossible_times_are_refused(wrong):
    for slow, fast in [(wrong, 5.0), (5.0, wrong)]:
        with pytest.raises(FileError, match="finite and above 0"):
            native(times(slow, fast))


@needs_core
def test_damaged_files_of_a_lag_are_refused():
    model = times(9.0, 2.0)
    native(model)
    for before, after in [('"start":-0.5', '"start":null'), ('"start":-0.5', '"stard":-0.5')]:
        with pytest.raises(FileError):
            native(model, before, after)
    with pytest.raises(FileError, match="one slow and one fast"):
        native(model, '"slow":', '"slov":')


def test_mistakes_with_a_lag_are_told():
    for wrong in [(0, 0.0), (1, float("nan")), (1, float("inf"))]:
        with pytest.raises(ConfigError, match="a lag wants a channel or more and a finite start"):
            Lag(*wrong)
    layer, samples = Lag(2), torch.tensor(5.0)
    with pytest.raises(ShapeError, match=r"Lag wants x as \[B, 2, T\]"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), samples, samples)
    with pytest.raises(ShapeError, match="one slow, one fast"):
        layer(torch.zeros(1, 2, 4), layer.initial_state(1), samples, torch.zeros(1, 2, 4))
