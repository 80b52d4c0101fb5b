"""The native core plays LSTM and GRU as torch does: alone, in networks, from a first state, in any blocks."""

import numpy as np
import pytest
import torch

from tests.runtime.test_native import in_blocks, needs_core
from tonewright import storage
from tonewright.layers.combine import Parallel, Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d
from tonewright.layers.recurrent import GRU, LSTM
from tonewright.models.lstm import PRESETS, Config, Model
from tonewright.runtime.native import NativeStream
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

pytestmark = needs_core


def same(model, channels: int = 1, turn=None, **ports) -> None:
    """To 1e-5 of the peak, in random blocks, and again after a reset.

    A state is of order one, so where the last sum cancels almost all of it, its rounding stays: a peak below 0.02
    counts as that.
    """
    model.settle = min(model.settle, 500)
    x = np.random.default_rng(0).uniform(-0.7, 0.7, (channels, 3000)).astype(np.float32)
    python = in_blocks(Stream(model, 48000, channels, **ports), x, 1, turn)
    core = NativeStream(to_bytes(model), model, channels, **ports)
    peak = np.abs(python).max()
    assert peak > 1e-3
    for seed in (2, 3):
        got = in_blocks(core, x, seed, turn)
        np.testing.assert_allclose(got, python, rtol=0, atol=1e-5 * max(peak, 0.02))
        core.set(**({port.name: port.default for port in model.ports} | ports))  # as before `turn`
        core.reset()


def to_bytes(model) -> bytes:
    return storage.to_bytes(storage.Tone("any", model.eval(), 48000), probed=False)


def scaled(model, by: float):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(by)
    return model


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    same(Model(PRESETS[name]))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_layers_knobs_and_channels(cell):
    model = Model(Config(12, 3, cell, True, knobs=("drive", "tone")))
    same(model, 2, lambda stream: stream.set(drive=0.9, tone=0.0), drive=0.1)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("hidden", [1, 3, 5, 17, 33, 41, 50, 130])
def test_any_number_of_units(cell, hidden):
    same(Model(Config(hidden, cell=cell)))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_large_weights(cell):
    """Gates far into saturation, where an approximation would show and the next sample hear of it."""
    same(scaled(Model(Config(20, 2, cell)), 4.0))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_first_state(cell):
    model = Model(Config(9, 2, cell))
    for name, value in model.named_buffers():
        if "initial" in name:
            value.uniform_(-2, 2)
    model.settle = 0
    same(model)


class _Whole(Serial):
    """A random network behind the face of a model."""

    def __init__(self, *layers):
        super().__init__(*layers)
        self.config, self.ports = Config(), ()


def random_part(rng, channels: int, depth: int):
    """A layer of the same channels, with a recurrent one in it."""
    inner = int(rng.integers(1, 40))
    cell = Serial(rng.choice([LSTM, GRU])(channels, inner), Conv1d(inner, channels, int(rng.integers(1, 4))))
    if depth == 0:
        return cell
    parts = [random_part(rng, channels, depth - 1) for _ in range(2)]
    kind = rng.integers(3)
    if kind == 0:
        return Residual(Serial(parts[0], Pointwise(torch.tanh)))
    if kind == 1:
        return Parallel([parts[0], Serial(Conv1d(channels, channels, 3, lookahead=2), parts[1])])
    return Serial(*parts)


@pytest.mark.parametrize("seed", range(10))
def test_random_graphs(seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 6))
    body = random_part(rng, channels, 2)
    same(_Whole(Conv1d(1, channels, 1), body, Conv1d(channels, 1, 1)))


def test_the_core_plays_it_by_default():
    player = Player(storage.Tone("lstm", Model(Config(4)), 48000))
    assert player.engine == "native core"


def test_a_number_that_is_none_does_not_stay():
    model = Model(Config(8))
    stream = NativeStream(storage.to_bytes(storage.Tone("lstm", model.eval(), 48000)), model)
    assert np.isfinite(stream.process(np.array([0.1, np.nan, 3e38, -3e38, np.inf, 0.1], np.float32))).all()
    assert np.isfinite(stream.process(np.zeros(100, np.float32))).all()
