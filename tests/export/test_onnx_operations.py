"""Every operation, alone, in ONNX Runtime in blocks of many sizes, is what it is in torch."""

import numpy as np
import pytest
import torch

from tests.export.onnx_sessions import played, player_of, same, session_of, wanted
from tests.layers.faces import Handed
from tests.layers.test_all_passes import Moving, still
from tests.layers.test_delay_network import network
from tests.layers.test_delays import Chorus, echo
from tests.layers.test_dynamics import follower
from tests.layers.test_feedback import Bent
from tests.layers.test_filters import equaliser
from tests.layers.test_fir import Room
from tests.layers.test_hearing import EARS, Ear, song
from tests.layers.test_modulation import turning
from tests.layers.test_synth import Bank, Noise
from tonewright.export.onnx import to_onnx
from tonewright.export.onnx.operations import OPS, unknown
from tonewright.layers.base import Layer
from tonewright.layers.combine import Pointwise
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.dense import Every, LayerNorm, Linear
from tonewright.layers.dynamics import Lag
from tonewright.layers.feedback import Feedback
from tonewright.layers.graph import trace
from tonewright.layers.operations import GLUE, PRIMITIVES
from tonewright.layers.pqmf import Alternate
from tonewright.layers.recurrent import GRU, LSTM


def noise(channels: int, samples: int = 2000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.7, 0.7, (channels, samples)).astype(np.float32)


def undamped(delay: float, feedback: float) -> Layer:
    weight = torch.tensor([delay, feedback])
    line = echo().layer
    return Handed(line, weight, lambda weight: (*weight.unbind(), weight[0] * 0.0))


def lag() -> Layer:
    return Handed(Lag(2, start=0.5, settle=100), torch.tensor([30.0, 2.0]), lambda weight: weight.unbind())


def faster() -> Layer:
    """Falls more slowly than it rises."""
    return follower(2, attack=-4.0, release=0.5)


def primed(layer: Layer) -> Layer:
    """A recurrent layer that begins somewhere."""
    for name, buffer in layer.named_buffers():
        if name.startswith("initial"):
            torch.nn.init.uniform_(buffer, -0.5, 0.5)
    layer.settle = 0
    return layer


# name: what makes a layer, and the channels that it hears
LAYERS = {
    "conv1d": (lambda: Conv1d(2, 3, 4, dilation=5), 2),
    "conv1d of one sample": (lambda: Conv1d(2, 3, 1, bias=False), 2),
    "conv1d in groups": (lambda: Conv1d(4, 6, 3, dilation=2, groups=2), 4),
    "conv1d that strides": (lambda: Conv1d(2, 3, 7, stride=4, lookahead=5), 2),
    "conv_transpose1d": (lambda: ConvTranspose1d(3, 2, 8, 4, lookahead=2), 3),
    "conv_transpose1d, uneven": (lambda: ConvTranspose1d(4, 2, 11, 4, groups=2, bias=False), 4),
    "conv_transpose1d without memory": (lambda: ConvTranspose1d(3, 2, 3, 3), 3),
    "delay": (lambda: Delay(2, 100), 2),
    "delay of nothing": (lambda: Delay(2, 0), 2),
    "linear": (lambda: Linear(3, 5), 3),
    "layer_norm": (lambda: LayerNorm(6), 6),
    "every": (lambda: Every(5), 1),
    "lstm": (lambda: LSTM(2, 7), 2),
    "lstm that begins somewhere": (lambda: primed(LSTM(1, 5)), 1),
    "gru": (lambda: GRU(2, 7), 2),
    "gru that begins somewhere": (lambda: primed(GRU(1, 5)), 1),
    "feedback": (lambda: Feedback(Bent(), settle=300), 2),
    "filters": (lambda: equaliser(2, 3), 2),
    "all_passes": (lambda: still(2, 4), 2),
    "all_passes beyond their limit": (lambda: still(1, 2, 5.0, 0.1), 1),
    "all_passes that move": (lambda: Moving(2, 6), 2),
    "all_passes that move beyond their limit": (lambda: Moving(1, 4, 9.0), 1),
    "follow": (lambda: follower(2), 2),
    "follow, faster up": (faster, 2),
    "lag": (lag, 2),
    "phasor": (lambda: turning(-300, finish=lambda x, ramp: x * ramp), 1),
    "alternate": (lambda: Alternate(3, late=1), 3),
    "long_fir": (lambda: Room(2, 300), 2),
    "long_fir of one tap": (lambda: Room(1, 1), 1),
    "delay_line": (lambda: echo(2), 2),
    "delay_line that is whole": (lambda: undamped(12.0, -0.6), 1),
    "delay_line without feedback": (lambda: undamped(9.7, 0.0), 1),
    "delay_line as short as can be": (lambda: undamped(0.5, 0.6), 1),
    "delay_line as long as can be": (lambda: undamped(1e6, 0.6), 1),
    "delay_line that moves": (lambda: Chorus(2), 2),
    "delay_line that moves and is not fed": (lambda: Chorus(1, feedback=0.0), 1),
    "delay_network": (lambda: network(2), 2),
    "harmonic_bank": (lambda: Bank(), 3),
    "filtered_noise": (lambda: Noise(), 3),
    "filtered_noise of two bands": (lambda: Noise(bands=2), 3),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name):
    torch.manual_seed(0)
    make, channels = LAYERS[name]
    same(make(), noise(channels))


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("ear", EARS)
def test_what_is_heard(ear, rate):
    same(Ear(EARS[ear](rate)), song(rate)[None].astype(np.float32))
    same(Ear(EARS[ear](rate)), np.zeros((1, 6000), np.float32), seeds=(0,))


def test_what_is_no_number_is_forgotten():
    x = song(16000)[None].astype(np.float32)
    x[0, 5000] = np.nan
    for ear in EARS.values():
        layer = Ear(ear(16000))
        y = played(session_of(to_onnx(player_of(layer))), x, layer.block)
        assert np.isfinite(y).all()


GLUED = {
    "add": lambda x: x[:, :1] + x,
    "sub": lambda x: 1.5 - x,
    "mul": lambda x: x * x[:, 1:],
    "div": lambda x: x / 3.0,
    "pow": lambda x: torch.abs(x) ** 0.7,
    "pow of a number": lambda x: 2.0**x,
    "maximum": lambda x: torch.maximum(x[:, :1], x[:, 1:]),
    "minimum": lambda x: torch.minimum(x[:, :1], x[:, 1:]),
    "neg": lambda x: -x,
    "abs": torch.abs,
    "exp": torch.exp,
    "log": lambda x: torch.log(torch.abs(x) + 1e-3),
    "sin": lambda x: torch.sin(x * 9.0),
    "tanh": lambda x: torch.tanh(x * 5.0),
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda x: torch.nn.functional.leaky_relu(x, 0.2),
    "softsign": torch.nn.functional.softsign,
    "gelu": torch.nn.functional.gelu,
    "gelu by tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "cat": lambda x: torch.cat([x, x[:, 1:]], dim=1),
    "slice": lambda x: x[:, 1:],
    "nothing": lambda x: x,
}


@pytest.mark.parametrize("name", GLUED)
def test_what_has_no_memory(name):
    layer = Pointwise(GLUED[name])
    layer.inputs, layer.outputs = 2, GLUED[name](torch.ones(1, 2, 1)).shape[1]
    same(layer, noise(2))


def test_every_operation_of_ours_is_said_and_tried():
    ours = {op for op, _ in PRIMITIVES.values()} | set(GLUE.values())
    assert ours <= {*OPS, "feedback"}
    tried = {name.split(" ")[0].rstrip(",") for name in [*LAYERS, *GLUED, *EARS]}
    assert ours <= tried
    assert {node["op"] for node in trace(Feedback(Bent(), 3))["nodes"]} == {"input", "feedback"}


def test_what_cannot_be_said_is_found_within_a_loop_too():
    graph = trace(Feedback(Bent(), 3))
    assert unknown(graph) == []
    graph["nodes"][-1]["attributes"]["graph"]["nodes"][-1]["op"] = "warp"
    assert unknown(graph) == ["warp"]


def test_a_phasor_is_right_after_hours():
    layer, later = turning(finish=lambda x, ramp: ramp), 48000 * 3600 * 100
    session, x = session_of(to_onnx(player_of(layer))), np.zeros((1, 1, 50), np.float32)
    y, after = session.run(["y", "next.0"], {"x": x, "state.0": np.array([later])})
    expected, memory = layer(torch.from_numpy(x), [torch.tensor([later])])
    assert np.array_equal(y, expected.detach().numpy()) and after == memory[0].numpy()


def test_the_noise_is_the_same_to_the_bit_for_any_seed_and_number():
    noise_of = Noise(bands=2, hop=16).layer.eval()
    session = session_of(to_onnx(player_of(noise_of)))
    rng = np.random.default_rng(3)
    x = np.ones((1, 2, 4), np.float32)
    for _ in range(20):
        seed, count = rng.integers(-(1 << 63), (1 << 63) - 1, 2)
        state = [torch.ones(1, 2), torch.tensor([seed]), torch.tensor([count])]
        expected, memory = noise_of(torch.from_numpy(x), state)
        given = {f"state.{i}": value.numpy() for i, value in enumerate(state)}
        y, *after = session.run(wanted(session), {"x": x} | given)
        np.testing.assert_allclose(y, expected.numpy(), atol=1e-7)
        assert [value.item() for value in after[1:]] == [value.item() for value in memory[1:]]
