"""Harmonics and noise as layers: they keep the contract, and the core plays what Python plays."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.contract.stream import check_contract
from tests.layers.faces import native
from tests.runtime.test_native import in_blocks, needs_core
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.base import Layer
from tonewright.layers.conv import Conv1d
from tonewright.layers.graph import trace
from tonewright.layers.synth import FilteredNoise, HarmonicBank
from tonewright.models.lstm import Config
from tonewright.runtime.stream import Stream


class Played(Layer):
    """Three slow signals, which one convolution turns into all that a layer wants, behind the face of a model."""

    ports = ()
    inputs, outputs = 3, 1

    def __init__(self, layer: Layer, wants: int):
        super().__init__()
        self.layer, self.wants = layer, Conv1d(self.inputs, wants, 1)
        rng = np.random.default_rng(wants)
        self.wants.weight.data = torch.from_numpy(
            rng.standard_normal((wants, self.inputs, 1)).astype(np.float32)
        )
        self.config = Config()  # of some model, for a file wants one
        self.ratio, self.latency, self.settle = layer.ratio, layer.latency, layer.settle

    def initial_state(self, batch: int):
        return self.layer.initial_state(batch)


class Bank(Played):
    def __init__(self, harmonics: int = 5, hop: int = 16, sample_rate: int = 16000):
        super().__init__(HarmonicBank(harmonics, hop, sample_rate), harmonics + 1)

    def forward(self, x: Tensor, state):
        f0_hz = 300.0 * torch.abs(
            x[:, :1]
        )  # the same to the bit in any player: what it differed by would add up
        x, _ = self.wants(x, [])
        return self.layer(f0_hz, state, torch.sigmoid(x[:, 1:]), torch.sigmoid(x[:, :1]))


class Noise(Played):
    def __init__(self, bands: int = 9, hop: int = 16):
        super().__init__(FilteredNoise(bands, hop), bands)

    def forward(self, x: Tensor, state):
        x, _ = self.wants(x, [])
        return self.layer(torch.sigmoid(x), state)


@pytest.mark.parametrize("harmonics,hop,sample_rate", [(5, 16, 16000), (1, 7, 44100), (30, 1, 48000)])
def test_a_bank_plays_in_blocks(harmonics, hop, sample_rate):
    check_contract(Bank(harmonics, hop, sample_rate), 3, forgets=False)


def test_a_bank_forgets():
    """Once the pitch is 0, nothing moves any more."""
    bank = HarmonicBank(3, 8, 16000).double()
    state = bank.initial_state(1)
    f0_hz, shares = torch.tensor([[[440.0, 0, 0, 0]]], dtype=torch.float64), torch.ones(1, 3, 4).double()
    y, _ = bank(f0_hz, state, shares, torch.ones(1, 1, 4).double())
    assert (y[..., 8 * (1 + bank.settle) + 8 :] == y[..., -1:]).all()


@pytest.mark.parametrize("bands,hop", [(9, 16), (2, 7), (65, 1)])
def test_noise_plays_in_blocks(bands, hop):
    check_contract(Noise(bands, hop), 3, forgets=False)


def test_noise_is_another_one_each_time_in_training_only():
    noise = FilteredNoise(5, 10)
    ones = torch.ones(2, 5, 3)
    first, second = (noise(ones, noise.initial_state(2))[0] for _ in range(2))
    assert not torch.equal(first, second) and not torch.equal(first[0], first[1])
    noise.eval()
    first, second = (noise(ones, noise.initial_state(2))[0] for _ in range(2))
    assert torch.equal(first, second) and torch.equal(first[0], first[1])


def test_no_frames_change_nothing():
    bank, noise = HarmonicBank(3, 8, 16000), FilteredNoise(5, 8).eval()
    for layer, x, others in [
        (bank, torch.zeros(2, 1, 0), (torch.zeros(2, 3, 0), torch.zeros(2, 1, 0))),
        (noise, torch.zeros(2, 5, 0), ()),
    ]:
        state = layer.initial_state(2)
        y, after = layer(x, state, *others)
        assert y.shape == (2, 1, 0) and all(torch.equal(a, b) for a, b in zip(state, after, strict=True))


def test_the_sound_trails_by_a_frame():
    """A frame at time n hop is heard, as it is, at sample (n + 1) hop of the stream."""
    hop = 100
    bank, noise = HarmonicBank(1, hop, 16000), FilteredNoise(9, hop).eval()
    level = torch.zeros(1, 1, 12)
    level[..., 5] = 1.0
    tone, _ = bank(torch.full_like(level, 1600.0), bank.initial_state(1), torch.ones_like(level), level)
    hiss, _ = noise(level.expand(1, 9, 12), noise.initial_state(1))
    for y, latency in [(tone, bank.latency), (hiss, noise.latency)]:
        loudest = y[0, 0].square().reshape(-1, 20).sum(-1)
        middle = 5 * hop + latency
        assert loudest[middle // 20 - 5 : middle // 20 + 5].sum() == loudest.sum() > 0


def test_the_graph():
    graph = trace(Bank(5, 16, 44100))
    node = graph["nodes"][-1]
    assert node["op"] == "harmonic_bank" and len(node["inputs"]) == 3
    assert node["attributes"] == {"harmonics": 5, "hop": 16, "sample_rate": 44100}
    shapes = [([1], "float32"), ([5], "float32"), ([], "int64")]
    assert node["state"] == [{"shape": shape, "dtype": dtype} for shape, dtype in shapes]
    node = trace(Noise(9, 16).eval())["nodes"][-1]
    assert node["op"] == "filtered_noise" and node["attributes"] == {"bands": 9, "hop": 16}


@needs_core
@pytest.mark.parametrize(
    "model",
    [
        Bank(100, 160, 16000),
        Bank(30, 441, 44100),
        Bank(1, 3, 48000),
        Noise(65, 160),
        Noise(2, 7),
        Noise(20, 480),
    ],
    ids=lambda model: f"{type(model).__name__}-{model.layer.hop}",
)
def test_the_core_plays_the_same(model):
    x = np.random.default_rng(0).standard_normal((model.inputs, 50)).astype(np.float32)
    python = Stream(model.eval(), 48000, model.inputs)
    core = native(model)
    expected = python.process(x)
    for seed in (2, 3):
        np.testing.assert_allclose(in_blocks(core, x, seed), expected, rtol=0, atol=3e-6)
        core.reset()


@needs_core
@pytest.mark.parametrize(
    "model,changes",
    [
        (
            Bank(),
            [
                ('"harmonics":5', '"harmonics":6'),
                ('"harmonics":5', '"harmonics":0'),
                ('"hop":16', '"hop":.6'),
                ('"hop":16', '"hop":00'),
                ('"sample_rate":16000', '"sample_rate":0.500'),
                ('"hop":16', '"hop":-1'),
                ('"hop":16', '"hpp":16'),
            ],
        ),
        (Noise(), [('"bands":9', '"bands":8'), ('"hop":16', '"hop":.6'), ('"bands":9', '"bandz":9')]),
    ],
)
def test_damaged_files_are_refused(model, changes):
    native(model)
    for before, after in changes:
        with pytest.raises(FileError):
            native(model, before, after)


def test_mistakes_are_told():
    for wrong in [(0, 160, 16000), (5000, 160, 16000), (5, 0, 16000), (5, 20000, 16000), (5, 160, 0)]:
        with pytest.raises(ConfigError, match="a bank has 1 to 4096 harmonics"):
            HarmonicBank(*wrong)
    for wrong in [(1, 160), (5000, 160), (5, 0), (5, 20000)]:
        with pytest.raises(ConfigError, match="filtered noise has 2 to 1024 bands"):
            FilteredNoise(*wrong)
    bank, noise = HarmonicBank(3, 8, 16000), FilteredNoise(5, 8)
    with pytest.raises(ShapeError, match=r"HarmonicBank wants x as \[B, 1, T\]"):
        bank(torch.zeros(1, 2, 4), bank.initial_state(1), torch.zeros(1, 3, 4), torch.zeros(1, 1, 4))
    with pytest.raises(ShapeError, match="harmonics want f0_hz"):
        bank(torch.zeros(1, 1, 4), bank.initial_state(1), torch.zeros(1, 3, 5), torch.zeros(1, 1, 4))
    with pytest.raises(ShapeError, match=r"FilteredNoise wants x as \[B, 5, T\]"):
        noise(torch.zeros(1, 4, 4), noise.initial_state(1))
