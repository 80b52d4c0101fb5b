"""Linear, LayerNorm and Every keep the contract, are torch's own, and the core plays what Python plays."""

import pytest
import torch
from torch import nn

from tests.contract.stream import check_contract
from tests.layers.faces import native
from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.base import Layer
from tonewright.layers.combine import Parallel, Pointwise, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d
from tonewright.layers.dense import Every, LayerNorm, Linear
from tonewright.layers.graph import trace
from tonewright.layers.recurrent import GRU
from tonewright.models.base import Port
from tonewright.models.lstm import Config


def leaky() -> Pointwise:
    return Pointwise(nn.functional.leaky_relu)


def mlp(inputs: int, units: int) -> list[Layer]:
    return [Linear(inputs, units), LayerNorm(units), leaky(), Linear(units, units), LayerNorm(units), leaky()]


class Faced(Serial):
    """Layers behind the face of a model."""

    def __init__(self, *layers: Layer):
        super().__init__(*layers)
        self.config, self.ports = Config(), ()


class Played(Layer):
    """x, made louder and softer by a network that hears x and a knob once in a hop, and moved by a constant."""

    ports = (Port("drive", default=0.3),)

    def __init__(self, hop: int, units: int):
        super().__init__()
        self.config, self.inputs, self.outputs, self.block = Config(), 1, 1, hop
        self.heard, self.turned = Conv1d(1, 2, hop, stride=hop, lookahead=hop - 1), Every(hop)
        self.body = Serial(*mlp(3, units), GRU(units, units + 3), Linear(units + 3, 1))
        self.up = ConvTranspose1d(1, 1, 2 * hop, hop)
        self.offset, self.level = (
            nn.Parameter(torch.tensor([[[0.25]]])),
            nn.Parameter(torch.tensor([[[0.5]]])),
        )
        self.settle = 40 * hop

    def initial_state(self, batch):
        return self.body.initial_state(batch) + self.up.initial_state(batch)

    def forward(self, x, state, drive):
        frames = torch.cat([self.heard(x, [])[0], self.turned(drive, [])[0]], dim=1)
        gain, after = self.body(frames * self.level, state[:-1])
        made, last = self.up(torch.tanh(gain + self.offset), state[-1:])
        return x * made + self.offset, after + last


@pytest.mark.parametrize("inputs,outputs", [(1, 1), (3, 7), (20, 5)])
def test_linear_plays_in_blocks(inputs, outputs):
    layer = Linear(inputs, outputs)
    check_contract(
        layer, inputs, offline=lambda x: torch.einsum("oi,bit->bot", layer.weight, x) + layer.bias[:, None]
    )


@pytest.mark.parametrize("channels", [1, 2, 33])
def test_layer_norm_plays_in_blocks(channels):
    layer = LayerNorm(channels)
    with torch.no_grad():
        layer.weight.normal_()
        layer.bias.normal_()

    def offline(x):
        away = x - x.mean(1, keepdim=True)
        normal = away / torch.sqrt(away.square().mean(1, keepdim=True) + 1e-5)
        return normal * layer.weight[:, None] + layer.bias[:, None]

    check_contract(layer, channels, offline=offline)


@pytest.mark.parametrize("hop", [1, 4, 160])
def test_every_plays_in_blocks(hop):
    check_contract(Serial(Every(hop)), 2, offline=lambda x: x[..., hop - 1 :: hop])


def test_a_decoder_plays_in_blocks():
    body = Serial(*mlp(2, 6), GRU(6, 5), *mlp(5, 6), Linear(6, 3))
    body.layers[6].settle = body.settle = 300
    check_contract(body, 2)


def test_two_rates_play_in_blocks():
    hop = 8
    branches = [
        Serial(Every(hop), Linear(1, 4), leaky(), Linear(4, 2), ConvTranspose1d(2, 2, hop, hop)),
        Conv1d(1, 2, 3),
    ]
    check_contract(Parallel(branches), 1)


def test_begin_as_torch_does():
    torch.manual_seed(3)
    ours = Linear(7, 5)
    torch.manual_seed(3)
    theirs = nn.Linear(7, 5)
    assert torch.equal(ours.weight, theirs.weight) and torch.equal(ours.bias, theirs.bias)
    assert LayerNorm(4).weight.tolist() == [1.0] * 4 and LayerNorm(4).bias.tolist() == [0.0] * 4


def test_the_graph_keeps_them():
    nodes = trace(Serial(Every(160), Linear(1, 4), LayerNorm(4)))["nodes"]
    assert [node["op"] for node in nodes] == ["input", "every", "linear", "layer_norm"]
    assert [node["attributes"] for node in nodes[1:]] == [
        {"hop": 160},
        {"inputs": 1, "outputs": 4},
        {"channels": 4},
    ]
    assert [sorted(node["weights"]) for node in nodes[1:]] == [[], ["bias", "weight"], ["bias", "weight"]]


@needs_core
@pytest.mark.parametrize("units", [1, 5, 16, 33, 100])
def test_the_core_plays_the_same(units):
    torch.manual_seed(units)
    same(Faced(Linear(1, units), LayerNorm(units), leaky(), *mlp(units, units + 2), Linear(units + 2, 1)))


@needs_core
@pytest.mark.parametrize("hop,units", [(5, 20), (160, 7), (441, 40)])
def test_the_core_plays_a_network_at_frame_rate(hop, units):
    """Rates meet, a constant goes with each, and the knob is heard where it stands."""
    torch.manual_seed(hop)
    same(Played(hop, units), 2, lambda stream: stream.set(drive=0.9), drive=0.1)


@needs_core
def test_damaged_files_are_refused():
    model = Faced(Every(12), Linear(1, 4), LayerNorm(4), Linear(4, 1), ConvTranspose1d(1, 1, 12, 12))
    native(model)
    for before, after in [
        ('"hop":12', '"hop":.2'),
        ('"hop":12', '"hop":-2'),
        ('"inputs":1,"outputs":4', '"inputs":2,"outputs":4'),
        ('"inputs":1,"outputs":4', '"inputs":1,"outputs":5'),
        ('"channels":4', '"channels":5'),
        ('"weight":"layers.1.weight"', '"weight":"layers.3.weight"'),
        ('"bias":"layers.1.bias"', '"bias":"layers.3.bias"'),
        ('"weight":"layers.2.weight"', '"weighs":"layers.2.weight"'),
        ('"bias":"layers.2.bias"', '"bias":"layers.3.bias"'),
    ]:
        with pytest.raises(FileError):
            native(model, before, after)
    native(Played(12, 4))
    with pytest.raises(FileError, match="joins signals of different rates"):
        native(Played(12, 4), '"hop":12', '"hop":13')


def test_mistakes_are_told():
    for wrong in [(0, 1), (1, 0), (2**15, 1), (1, 2**15)]:
        with pytest.raises(ConfigError, match="Linear wants 1 to 16384 inputs and outputs"):
            Linear(*wrong)
    for channels in (0, 2**15):
        with pytest.raises(ConfigError, match="LayerNorm wants 1 to 16384 channels"):
            LayerNorm(channels)
    for hop in (0, 2**15):
        with pytest.raises(ConfigError, match="a hop is 1 to 16384 samples"):
            Every(hop)
    with pytest.raises(ShapeError, match=r"Linear wants x as \[B, 2, T\]"):
        Linear(2, 4)(torch.zeros(1, 3, 8), [])
    with pytest.raises(ShapeError, match="Every wants blocks of a multiple of 5 samples"):
        Every(5)(torch.zeros(1, 3, 8), [])
