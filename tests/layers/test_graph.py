"""The graph that `trace` writes is enough to play the model: a player that knows only it gives the same."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tonewright.errors import ConfigError, NotPlayable
from tonewright.layers.all_passes import AllPasses
from tonewright.layers.base import Layer
from tonewright.layers.combine import Parallel, Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.delay_network import DelayNetwork
from tonewright.layers.delays import DelayLine
from tonewright.layers.dense import Every, LayerNorm, Linear
from tonewright.layers.dynamics import Follow, Lag
from tonewright.layers.feedback import Feedback
from tonewright.layers.filters import Filters
from tonewright.layers.fir import LongFir
from tonewright.layers.graph import trace
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.layers.modulation import Phasor
from tonewright.layers.operations import GLUE, PRIMITIVES
from tonewright.layers.pqmf import Alternate
from tonewright.layers.recurrent import GRU, LSTM
from tonewright.layers.synth import FilteredNoise, HarmonicBank
from tonewright.models.wavenet import PRESETS, Config, Model, Stack

PLAIN = {
    "add": torch.add,
    "mul": torch.mul,
    "sub": torch.sub,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softsign": F.softsign,
    "neg": torch.neg,
    "abs": torch.abs,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}


def play(graph: dict, weights: dict, inputs: dict, memory: dict | None = None):
    """What the rows of a graph say, in the plainest torch."""
    memory = {} if memory is None else memory
    values = []
    for i, node in enumerate(graph["nodes"]):
        a, w = node["attributes"], {k: weights[v] for k, v in node["weights"].items()}
        x = [values[j] for j in node["inputs"]]
        op = node["op"]
        if op == "input":
            y = inputs[a["port"]]
        elif op == "number":
            y = torch.tensor(a["value"])
        elif op == "constant":
            y = w["value"]
        elif op == "slice":
            y = x[0][:, a["start"] : a["stop"]]
        elif op == "cat":
            y = torch.cat(x, dim=1)
        elif op == "leaky_relu":
            y = F.leaky_relu(x[0], a["slope"])
        elif op in PLAIN:
            y = PLAIN[op](*x)
        else:
            (state,) = node["state"] or [{"shape": [x[0].shape[1], 0]}]
            before = memory.get(i, torch.zeros(1, *state["shape"], dtype=x[0].dtype))
            past = torch.cat([before, x[0]], dim=-1)
            memory[i] = past[..., past.shape[-1] - state["shape"][-1] :]
            if op == "conv1d":
                y = F.conv1d(past, w["weight"], w.get("bias"), a["stride"], 0, a["dilation"], a["groups"])
            elif op == "delay":
                y = past[..., : x[0].shape[-1]]
            else:
                y = F.conv_transpose1d(past, w["weight"], w.get("bias"), a["stride"], groups=a["groups"])
                skip = a["memory"] * a["stride"]
                y = y[..., skip : skip + x[0].shape[-1] * a["stride"]]
        values.append(y)
    return values[graph["output"]], memory


def check(model: Layer, ports: tuple[str, ...] = ()) -> None:
    graph = trace(model, ports)
    sound = torch.randn(1, model.inputs, 512)
    inputs = {"x": sound} | {name: torch.rand(1, 1, 512) for name in ports}
    weights = model.state_dict()
    controls = {name: inputs[name] for name in ports}
    with torch.no_grad():
        expected, _ = model(sound, model.initial_state(1), **controls)
        first, memory = play(graph, weights, {k: v[..., :128] for k, v in inputs.items()})
        second, _ = play(graph, weights, {k: v[..., 128:] for k, v in inputs.items()}, memory)
    torch.testing.assert_close(torch.cat([first, second], dim=-1), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    check(Model(PRESETS[name]))


def test_knobs_are_inputs():
    config = Config((Stack(4, (1, 2), activation="softgated"),), knobs=("drive", "tone"))
    check(Model(config), ("drive", "tone"))


def test_combinators():
    body = Serial(Conv1d(2, 2, 3, lookahead=1), Pointwise(lambda x: 1.0 - 2 * x), Conv1d(2, 2, 1))
    check(Residual(body))
    check(Parallel([Conv1d(1, 2, 3, groups=1, lookahead=2), Serial(Delay(1, 3), Conv1d(1, 2, 2))], "stack"))
    check(Serial(Conv1d(1, 4, 4, stride=4), ConvTranspose1d(4, 1, 8, 4, lookahead=2)))


@pytest.mark.parametrize(
    "bounded",
    [lambda x: torch.clamp(x, -0.5, 0.5), lambda x: torch.clamp(x, max=0.1), lambda x: x.clamp(0.2)],
)
def test_bounds_are_the_larger_and_the_smaller_of_two(bounded):
    check(Serial(Conv1d(1, 2, 3), Pointwise(bounded)))


def test_unused_layers_are_left_out():
    """The last layer's way back onto the running sound leads nowhere."""
    names = [node["name"] for node in trace(Model(PRESETS["nano"]))["nodes"]]
    assert "stacks.0.layers.6.out" in names and "stacks.1.layers.12.out" not in names


def test_a_weight_that_met_the_sound_is_still_a_weight():
    """What is made of it afterwards is folded as before, and can be handed to a primitive."""

    class Swept(Layer):
        def __init__(self):
            super().__init__()
            self.depth, self.line = nn.Parameter(torch.tensor(3.0)), DelayLine(1, 20)

        def initial_state(self, batch):
            return self.line.initial_state(batch)

        def forward(self, x, state):
            delay = torch.abs(x) * self.depth + 2.0
            return self.line(x, state, delay, self.depth * 0.1, self.depth * 0)

    nodes = trace(Swept())["nodes"]
    assert nodes[-1]["op"] == "delay_line" and len(nodes[-1]["inputs"]) == 2
    assert set(nodes[-1]["weights"]) == {"feedback", "damping"}


def test_what_no_player_knows_is_told():
    with pytest.raises(NotPlayable, match=r"'cumsum', used in layer 'layers\.0'"):
        trace(Serial(Pointwise(lambda x: torch.cumsum(x, dim=-1)), Conv1d(1, 1, 1)))
    with pytest.raises(NotPlayable, match="by channels only"):
        trace(Serial(Conv1d(1, 1, 1), Pointwise(lambda x: x[..., 1:])))
    with pytest.raises(NotPlayable, match="'add_'"):
        trace(Serial(Conv1d(1, 1, 1), Pointwise(lambda x: x.add_(1))))
    with pytest.raises(ConfigError, match="normalises over time"):
        trace(_Normed())


class _Normed(Layer):
    inputs = 1

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 1)

    def forward(self, x, state):
        return self.norm(x), state


def test_every_primitive_declares_what_it_has():
    made = {
        Conv1d: lambda: Conv1d(1, 1, 2),
        ConvTranspose1d: lambda: ConvTranspose1d(1, 1, 2, 2),
        Delay: lambda: Delay(1, 1),
        AllPasses: lambda: AllPasses(1, 1),
        DelayNetwork: lambda: DelayNetwork(1, (1,)),
        DelayLine: lambda: DelayLine(1, 2),
        Linear: lambda: Linear(1, 1),
        LayerNorm: lambda: LayerNorm(1),
        Every: lambda: Every(2),
        LSTM: lambda: LSTM(1, 1),
        GRU: lambda: GRU(1, 1),
        Feedback: lambda: Feedback(Conv1d(1, 1, 2), 1),
        Filters: lambda: Filters(1, 1),
        Follow: lambda: Follow(1),
        Lag: lambda: Lag(1),
        Phasor: lambda: Phasor(48000),
        Alternate: lambda: Alternate(2),
        LongFir: lambda: LongFir(1, 4),
        HarmonicBank: lambda: HarmonicBank(1, 1, 48000),
        FilteredNoise: lambda: FilteredNoise(2, 1),
        Loudness: lambda: Loudness(16000, 160),
        Pitch: lambda: Pitch(16000, 160, 60.0, 2000.0),
    }
    for kind, (_, attributes) in PRIMITIVES.items():
        layer = made[kind]()
        assert all(hasattr(layer, name) for name in attributes)
    assert set(GLUE.values()) >= set(PLAIN)
