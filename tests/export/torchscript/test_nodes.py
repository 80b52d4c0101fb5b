"""Each operation by itself plays what its layer plays, in blocks of any size."""

import pytest
import torch
from torch import nn

from tests.export.torchscript.scripts import Alone, same, sound
from tests.layers.faces import Handed
from tonewright.export.torchscript.build import NODES
from tonewright.layers.all_passes import AllPasses
from tonewright.layers.combine import Pointwise
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.delay_network import DelayNetwork
from tonewright.layers.delays import DelayLine
from tonewright.layers.dense import Every, LayerNorm, Linear
from tonewright.layers.dynamics import Follow, Lag
from tonewright.layers.feedback import Feedback
from tonewright.layers.filters import Filters
from tonewright.layers.fir import LongFir
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.layers.modulation import Phasor
from tonewright.layers.operations import GLUE, PRIMITIVES
from tonewright.layers.pqmf import Alternate, Analysis, Synthesis
from tonewright.layers.recurrent import GRU, LSTM
from tonewright.layers.synth import FilteredNoise, HarmonicBank
from tonewright.models.base import Model


def test_every_operation_has_a_module_or_a_word():
    from tonewright.export.torchscript.glue import GLUE as words

    assert {op for op, _ in PRIMITIVES.values()} == NODES.keys() | {"feedback"}
    assert set(GLUE.values()) | {"slice"} == set(words)


@pytest.mark.parametrize(
    "layer",
    [
        Conv1d(1, 4, 3),
        Conv1d(3, 4, 1),
        Conv1d(3, 5, 4, dilation=7, bias=False),
        Conv1d(40, 50, 3, lookahead=1),
        Conv1d(2, 6, 5, stride=4, lookahead=4),
        Conv1d(6, 4, 3, dilation=2, groups=2),
        Conv1d(4, 6, 1, groups=2, bias=False),
        Conv1d(2, 3, 4, stride=4),
        ConvTranspose1d(3, 2, 4, 4),
        ConvTranspose1d(3, 2, 11, 4, lookahead=5),
        ConvTranspose1d(4, 6, 8, 4, groups=2, bias=False),
        Delay(2, 0),
        Delay(2, 5),
        Delay(1, 900),
        Linear(3, 70),
        LayerNorm(5),
        Every(6),
        Alternate(5, late=3),
        Analysis(16, 60),
        Synthesis(16, 60, late=11),
        LSTM(2, 12),
        GRU(3, 9),
        Loudness(16000, 160),
        Loudness(44100, 441),
        FilteredNoise(17, 50),
        FilteredNoise(2, 3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers(layer):
    same(Alone(layer), 1500)


def test_memories_begin_as_they_are_told():
    for layer in (LSTM(1, 4), GRU(1, 4)):
        for name in ("initial_h", "initial_c"):
            if hasattr(layer, name):
                getattr(layer, name).normal_()
        same(Alone(layer, settle=0), 200)
        same(Alone(layer, settle=3), 200)


SECTIONS = torch.tensor([[0.1, 1.4, 0.0, 0.0, 1.0], [0.02, 0.2, 1.0, 0.3, -0.4], [3.0, 0.7, 1.0, 0.0, -1.0]])


ZERO = torch.zeros(())


@pytest.mark.parametrize(
    "layer,weight,make",
    [
        (Filters(2, 3), SECTIONS, lambda w: (w * 1.0,)),
        (Filters(1, 21), torch.cat([SECTIONS] * 7), lambda w: (w * 1.0,)),
        (Follow(2, start=-0.5), ZERO, lambda w: (w + 0.4, w + 0.01)),
        (Follow(1), ZERO, lambda w: (w + 0.02, w + 0.5)),
        (Lag(2, start=0.8), ZERO, lambda w: (w + 50.0, w + 3.0)),
        (LongFir(2, 40), torch.randn(40), lambda w: (w,)),
        (LongFir(2, 1025), torch.randn(1025), lambda w: (w,)),
        (LongFir(1, 5000), torch.randn(5000), lambda w: (w,)),
        (AllPasses(2, stages=4), ZERO, lambda w: (w + 0.6, w - 0.5)),
        (AllPasses(1, stages=1), ZERO, lambda w: (w - 1.0, w + 0.0)),
        (DelayLine(2, most=500), ZERO, lambda w: (w + 333.25, w + 0.7, w + 0.2)),
        (DelayLine(1, most=50), ZERO, lambda w: (w + 4.5, w - 0.8, w + 0.3)),
        (DelayLine(1, most=50), ZERO, lambda w: (w + 0.5, w + 0.5, w + 0.0)),
        (DelayLine(1, most=20), ZERO, lambda w: (w + 90.0, w + 0.0, w + 0.5)),
        (DelayNetwork(1, (3, 5)), torch.tensor([0.8, -0.7]), lambda w: (w, w * w, w + 0.1, w * 0.5)),
        (DelayNetwork(2, (97, 101, 150)), torch.rand(3) - 0.5, lambda w: (w * 1.8, w * 0.0, w, w * 0.5)),
        (Phasor(48000, start=-100), ZERO, lambda w: (w + 3.7, w + 0.25)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_layers_that_are_handed_something(layer, weight, make):
    same(Handed(layer, weight, make))


class Moved(Model):
    """A layer whose second input moves with the sound."""

    inputs = outputs = 1

    def __init__(self, layer, middle: float, swing: float, numbers: list[float]):
        super().__init__()
        self.layer, self.phasor, self.middle, self.swing = layer, Phasor(48000), middle, swing
        for i, number in enumerate(numbers):
            self.register_buffer(f"number_{i}", torch.tensor(number))
        self.register_buffer("rate_hz", torch.tensor(60.0))

    @property
    def numbers(self) -> list:
        return [value for name, value in self.named_buffers() if name.startswith("number_")]

    def initial_state(self, batch):
        return self.layer.initial_state(batch) + self.phasor.initial_state(batch)

    def forward(self, x, state):
        ramp, count = self.phasor(x, state[-1:], self.rate_hz, self.number_0 * 0)
        way = (ramp - 0.5) * self.swing + self.middle
        y, memory = self.layer(x, state[:-1], way, *self.numbers)
        return y, [*memory, *count]


@pytest.mark.parametrize(
    "layer,middle,swing,numbers",
    [
        (AllPasses(1, stages=6), -0.3, 1.2, [0.7]),
        (AllPasses(1, stages=1), 0.0, 3.0, [-0.9]),
        (DelayLine(1, most=400), 200.0, 300.0, [0.6, 0.1]),
        (DelayLine(1, most=400), 200.0, 600.0, [0.0, 0.1]),
        (DelayLine(1, most=40), 8.0, 20.0, [-0.6, 0.3]),
    ],
)
def test_what_moves_with_the_sound(layer, middle, swing, numbers):
    same(Moved(layer, middle, swing, numbers))


class Played(Model):
    """A bank of harmonics whose pitch, shares and amplitude follow the sound."""

    inputs, outputs, ratio, settle = 1, 1, 40, 1

    def __init__(self):
        super().__init__()
        self.bank = HarmonicBank(9, 40, 16000)
        self.register_buffer("weights", torch.rand(9, 1))

    def initial_state(self, batch):
        return self.bank.initial_state(batch)

    def forward(self, x, state):
        loud = torch.abs(x)
        return self.bank(loud * 6000.0, state, torch.sigmoid(x * 4.0) * self.weights, loud)


def test_harmonics():
    same(Played(), 400)


@pytest.mark.parametrize("rate,hop", [(16000, 160), (44100, 441)])
def test_pitch(rate, hop):
    t = torch.arange(60 * hop) / rate
    glide = torch.sin(2 * torch.pi * (200 * t + 300 * t**2)) * (t < 0.4) + 0.01 * torch.randn(2, 1, len(t))
    same(Alone(Pitch(rate, hop)), x=glide)


class Answers(nn.Module):
    """Not a layer: what is done to numbers between them."""

    def forward(self, x):
        a, b = torch.chunk(torch.cat([x, 0.3 - x], dim=1), 2, dim=1)
        y = torch.maximum(torch.tanh(a), torch.sigmoid(b)) + torch.minimum(torch.relu(a), torch.sin(b))
        y = y - nn.functional.softsign(a) * nn.functional.leaky_relu(b, 0.2) / torch.exp(torch.abs(a))
        y = y + nn.functional.gelu(a) + nn.functional.gelu(b, approximate="tanh") - (-a)
        return (
            y + 2**a + torch.pow(torch.abs(b) + 0.1, 1.7) + torch.log(1.5 + torch.abs(a)) + 1 / (2.5 + a * a)
        )


def test_what_is_between_layers():
    same(Alone(Pointwise(Answers())))


def test_a_loop():
    class Halved(Model):
        inputs, outputs = 2, 3

        def __init__(self):
            super().__init__()
            self.hear, self.mix = Conv1d(3, 4, 3), Linear(6, 3)

        def initial_state(self, batch):
            return self.hear.initial_state(batch)

        def forward(self, x, state, y):
            heard, state = self.hear(y, state)
            return torch.tanh(self.mix(torch.cat([x, heard], dim=1), [])[0]), state

    same(Alone(Feedback(Halved(), settle=20)), 300)


def test_silence_and_nothing_at_all():
    same(Alone(Conv1d(1, 2, 3)), x=torch.zeros(1, 1, 100))
    same(Alone(LSTM(1, 4)), x=sound(1, 100, 3))
