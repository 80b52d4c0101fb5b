"""A loop hears its own last answer, wherever blocks are cut, and can be given another past."""

import pytest
import torch
from scipy import signal

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError, ShapeError
from tonewright.layers.base import Layer
from tonewright.layers.combine import Serial
from tonewright.layers.conv import Conv1d
from tonewright.layers.feedback import Feedback
from tonewright.layers.graph import trace


class Bent(Layer):
    """A recursive filter with a curve in it."""

    inputs, outputs = 2, 1

    def __init__(self, curve=torch.tanh):
        super().__init__()
        self.curve = curve
        self.front, self.back = Conv1d(2, 1, 1), Conv1d(1, 1, 4, bias=False)

    def initial_state(self, batch):
        return self.back.initial_state(batch)

    def forward(self, x, state, y):
        past, state = self.back(y, state)
        return self.curve(self.front(x, [])[0] + past * 0.5), state


def test_contract():
    torch.manual_seed(0)
    check_contract(Feedback(Bent(), settle=300), channels=2)


def test_a_filter_is_scipys():
    torch.manual_seed(1)
    loop = Feedback(Bent(curve=lambda x: x), settle=100).double()
    x = torch.randn(1, 2, 200, dtype=torch.float64)
    with torch.no_grad():
        y, _ = loop(x, loop.initial_state(1))
        driven = loop.body.front(x, [])[0][0, 0]
    recursion = [1.0, *(-0.5 * loop.body.back.weight.detach().flip(-1).flatten()).tolist()]
    expect = signal.lfilter([1.0], recursion, driven.numpy())
    torch.testing.assert_close(y[0, 0], torch.from_numpy(expect))


def test_given_its_own_past_it_answers_the_same():
    """Teacher forcing is the free run when the teacher says what the pupil would have said."""
    torch.manual_seed(2)
    loop = Feedback(Bent(), settle=100).double()
    x = torch.randn(3, 2, 90, dtype=torch.float64)
    y, after = loop(x, loop.initial_state(3))
    start, state = loop.forced(x[..., :40], y[..., :40], loop.initial_state(3))
    rest, state = loop.forced(x[..., 40:], y[..., 40:], state)
    torch.testing.assert_close(torch.cat([start, rest], dim=-1), y)
    for a, b in zip(state, after, strict=True):
        torch.testing.assert_close(a, b)


def test_given_another_past_it_goes_on_from_there():
    loop = Feedback(Bent(), settle=100)
    x, other = torch.randn(1, 2, 9), torch.randn(1, 1, 9)
    _, state = loop.forced(x, other, loop.initial_state(1))
    assert torch.equal(state[0], other[..., -1:])
    alone, _ = loop(x, loop.initial_state(1))
    primed, _ = loop(x, state)
    assert not torch.allclose(alone, primed)


def test_an_empty_block_changes_nothing():
    loop = Feedback(Bent(), settle=100)
    state = loop.initial_state(1)
    y, after = loop(torch.zeros(1, 2, 0), state)
    assert y.shape == (1, 1, 0) and all(torch.equal(a, b) for a, b in zip(state, after, strict=True))


def test_the_graph_of_the_body_is_in_its_node():
    graph = trace(Serial(Conv1d(1, 2, 3), Feedback(Bent(), settle=100)))
    node = graph["nodes"][graph["output"]]
    assert node["op"] == "feedback" and node["weights"] == {}
    assert node["attributes"]["inputs"] == 2 and node["attributes"]["outputs"] == 1
    inner = node["attributes"]["graph"]
    ports = [n["attributes"] for n in inner["nodes"] if n["op"] == "input"]
    assert ports == [{"port": "x", "channels": 2}, {"port": "y", "channels": 1}]
    names = {name for n in inner["nodes"] for name in n["weights"].values()}
    front, back = "layers.1.body.front.", "layers.1.body.back."
    assert names == {front + "weight", front + "bias", back + "weight"}
    assert inner["nodes"][inner["output"]]["op"] == "tanh"


class Late(Bent):
    latency = 1


class Dumb(Bent):
    inputs = None


@pytest.mark.parametrize("body", [Late, Dumb])
def test_what_cannot_be_a_body_is_refused(body):
    with pytest.raises(ConfigError, match="latency 0"):
        Feedback(body(), settle=100)


def test_another_number_of_channels_is_refused():
    loop = Feedback(Bent(), settle=100)
    with pytest.raises(ShapeError, match=r"\[B, 2, T\]"):
        loop(torch.zeros(1, 1, 8), loop.initial_state(1))
