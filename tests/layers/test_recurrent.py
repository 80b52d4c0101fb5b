"""LSTM and GRU keep the contract, and are torch's own."""

import pytest
import torch
from torch import nn

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError, ShapeError
from tonewright.layers import recurrent
from tonewright.layers.combine import Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d
from tonewright.layers.graph import trace
from tonewright.layers.recurrent import GRU, LSTM

KINDS = [(LSTM, nn.LSTM), (GRU, nn.GRU)]


def short(layer):
    """With a settle that the untaught weights need, so that the tests are short."""
    for part in layer.modules():
        if isinstance(part, (LSTM, GRU)):
            part.settle = 300
    return layer


@pytest.mark.parametrize("kind", [LSTM, GRU])
@pytest.mark.parametrize("inputs,hidden", [(1, 1), (1, 16), (3, 7), (8, 20)])
def test_plays_in_blocks(kind, inputs, hidden):
    check_contract(short(kind(inputs, hidden)), inputs)


def test_within_other_layers():
    parts = [short(LSTM(1, 4)), short(GRU(4, 6)), Pointwise(torch.tanh), Conv1d(6, 1, 1)]
    body = Serial(*parts)
    assert body.settle == 600
    check_contract(Residual(body), 1)


@pytest.mark.parametrize("kind,theirs", KINDS)
def test_equals_torch(kind, theirs):
    """Two layers with torch's weights in them give torch's answer and torch's gradients."""
    reference = theirs(2, 5, num_layers=2, batch_first=True).double()
    layers = [kind(2, 5).double(), kind(5, 5).double()]
    for i, layer in enumerate(layers):
        for name, parameter in layer.named_parameters():
            parameter.data = getattr(reference, f"{name}_l{i}").data.clone()
    x = torch.randn(3, 2, 200, dtype=torch.float64)
    expected, _ = reference(x.transpose(1, 2))
    body = Serial(*layers)
    y, _ = body(x, body.initial_state(3))
    torch.testing.assert_close(y, expected.transpose(1, 2))
    y.square().sum().backward()
    expected.square().sum().backward()
    for i, layer in enumerate(layers):
        for name, parameter in layer.named_parameters():
            torch.testing.assert_close(parameter.grad, getattr(reference, f"{name}_l{i}").grad)


def test_a_gru_that_is_taught_is_torchs(monkeypatch):
    """Whoever runs it: with gradients and without, from a first state that has one too."""
    layer, x = GRU(3, 20), torch.randn(4, 3, 100, requires_grad=True)
    h = torch.randn(4, 20, requires_grad=True)
    wanted = [x, h, *layer.parameters()]
    y, state = layer(x, [h])
    gradients = torch.autograd.grad(y.square().sum() + state[0].sum(), wanted)
    with torch.no_grad():
        torch.testing.assert_close(layer(x, [h])[0], y, rtol=0, atol=2e-6)
    monkeypatch.setattr(recurrent, "FEW", 1000)
    expected, last = layer(x, [h])
    torch.testing.assert_close(y, expected, rtol=0, atol=2e-6)
    for a, b in zip(
        gradients, torch.autograd.grad(expected.square().sum() + last[0].sum(), wanted), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 * float(b.abs().max()))


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_begins_where_it_is_told(kind):
    """What a stream left behind, given as the first state of another, goes on where the first one ended."""
    layer = kind(1, 6)
    x = torch.randn(1, 1, 100)
    whole, _ = layer(x, layer.initial_state(1))
    _, state = layer(x[..., :60], layer.initial_state(1))
    layer.initial_h.copy_(state[0][0].detach())
    if kind is LSTM:
        layer.initial_c.copy_(state[1][0].detach())
    y, _ = layer(x[..., 60:], layer.initial_state(1))
    torch.testing.assert_close(y, whole[..., 60:])


def test_the_graph_keeps_them_whole():
    nodes = trace(Serial(LSTM(1, 4), GRU(4, 3)))["nodes"]
    assert [node["op"] for node in nodes] == ["input", "lstm", "gru"]
    lstm, gru = nodes[1:]
    assert lstm["attributes"] == {"inputs": 1, "hidden": 4} and gru["attributes"] == {
        "inputs": 4,
        "hidden": 3,
    }
    weights = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "initial_h")
    assert lstm["weights"] == {name: f"layers.0.{name}" for name in (*weights, "initial_c")}
    assert gru["weights"] == {name: f"layers.1.{name}" for name in weights}
    assert [state["shape"] for state in lstm["state"]] == [[4], [4]]


def test_mistakes_are_told():
    with pytest.raises(ConfigError, match="1 to 1024 hidden units, and got 1 and 0"):
        LSTM(1, 0)
    with pytest.raises(ConfigError, match="GRU wants 1 input or more"):
        GRU(0, 4)
    with pytest.raises(ShapeError, match=r"LSTM wants x as \[B, 2, T\]"):
        LSTM(2, 4)(torch.zeros(1, 3, 8), [])
