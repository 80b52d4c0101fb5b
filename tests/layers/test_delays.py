"""The delay line's layer keeps the contract, and the core plays what Python plays."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.contract.stream import check_contract
from tests.layers.faces import Handed, native
from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.base import Layer
from tonewright.layers.delays import DelayLine
from tonewright.layers.graph import trace, trace_whole
from tonewright.models.lstm import Config


def loop_of(weight: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """A delay, a feedback and a damping of any weight [3]."""
    return torch.exp(weight[0]), torch.tanh(weight[1]), torch.sigmoid(weight[2:])


def echo(channels: int = 1, most: int = 40, delay: float = 17.3, feedback: float = 0.4) -> Handed:
    weight = torch.tensor([np.log(delay), np.arctanh(feedback), -1.0], dtype=torch.float32)
    return Handed(DelayLine(channels, most, settle=2000), weight, loop_of)


def straight(delay: float = 5.0, feedback: float = 0.5, damping: float = 0.25) -> Handed:
    """Its numbers as they are."""
    return Handed(DelayLine(1, 10), torch.tensor([delay, feedback, damping]), lambda weight: weight.unbind())


class Chorus(Layer):
    """A delay line whose delay is made of the sound, as a vibrato's is of an oscillator."""

    ports = ()

    def __init__(self, channels: int = 1, most: int = 30, feedback: float = 0.5):
        super().__init__()
        self.line = DelayLine(channels, most)
        self.delay, self.depth = nn.Parameter(torch.tensor(20.0)), nn.Parameter(torch.tensor(5.0))
        self.feedback, self.damping = nn.Parameter(torch.tensor(feedback)), nn.Parameter(torch.tensor(0.2))
        self.config = Config()  # of some model, for a file wants one
        self.inputs = self.outputs = channels
        self.settle = 2000

    def initial_state(self, batch):
        return self.line.initial_state(batch)

    def forward(self, x, state):
        delay = self.delay + self.depth * torch.tanh(x[:, :1])
        return self.line(x, state, delay, self.feedback, self.damping)


@pytest.mark.parametrize("channels", [1, 3])
def test_plays_in_blocks(channels):
    check_contract(echo(channels), channels)
    check_contract(Chorus(channels), channels)


@needs_core
@pytest.mark.parametrize(
    "delay,feedback", [(17.3, 0.4), (2.0, -0.9), (0.1, 0.7), (40.0, 0.97), (3000.0, 0.0)]
)
def test_the_core_plays_the_same(delay, feedback):
    same(echo(1, 40, delay, feedback))


@needs_core
def test_the_core_plays_long_delays():
    same(echo(1, 96000, 1234.56, 0.8))


@needs_core
@pytest.mark.parametrize("channels,most", [(1, 30), (2, 30), (2, 20)])
def test_the_core_plays_a_delay_that_moves(channels, most):
    same(Chorus(channels, most), channels)


def test_the_graph_holds_what_was_made_of_weights():
    graph, folded = trace_whole(echo(2))
    assert [node["op"] for node in graph["nodes"]] == ["input", "delay_line"]
    node = graph["nodes"][1]
    assert node["inputs"] == [0] and node["attributes"] == {"most": 40}
    assert node["weights"] == {"delay": "folded.0", "feedback": "folded.1", "damping": "folded.2"}
    assert float(folded["folded.0"]) == pytest.approx(17.3)
    assert node["state"] == [{"shape": [2, 42], "dtype": "float64"}, {"shape": [2], "dtype": "float64"}]


def test_a_delay_of_the_sound_is_a_second_input():
    nodes = trace(Chorus())["nodes"]
    assert nodes[-1]["op"] == "delay_line" and nodes[-1]["inputs"] == [0, len(nodes) - 2]
    assert nodes[-1]["weights"] == {"feedback": "feedback", "damping": "damping"}


@needs_core
@pytest.mark.parametrize("feedback,damping", [(1.0, 0.0), (-1.0, 0.0), (0.5, 1.0), (0.5, -0.1)])
def test_what_never_ends_is_refused(feedback, damping):
    with pytest.raises(FileError, match=r"feedback is between -1 and 1|damping is from 0 to below 1"):
        native(straight(5.0, feedback, damping))


@needs_core
def test_damaged_files_are_refused():
    model = straight()
    native(model)
    for before, after in [('"most":10', '"most":-1'), ('"most":10', '"mist":10'), ('"most":10', '"most":.5')]:
        with pytest.raises(FileError):
            native(model, before, after)
    for key in ("delay", "feedback", "damping"):
        with pytest.raises(FileError, match=f"one number for its {key}"):
            native(model, f'"{key}":', f'"{key[:-1]}_":')


def test_mistakes_are_told():
    for wrong in [(0, 10), (1, 1), (1, (1 << 20) + 1)]:
        with pytest.raises(ConfigError, match="a channel or more and a longest delay of 2 to 1048576"):
            DelayLine(*wrong)
    layer, one = DelayLine(2, 10), torch.tensor(0.5)
    with pytest.raises(ShapeError, match=r"DelayLine wants x as \[B, 2, T\]"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), one, one, one)
    with pytest.raises(ShapeError, match="delay"):
        layer(torch.zeros(1, 2, 4), layer.initial_state(1), torch.zeros(1, 2, 4), one, one)
