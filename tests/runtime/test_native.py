"""The native core gives what torch gives: every preset, random graphs, any blocks, several threads."""

import dataclasses
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tonewright import storage
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.combine import Parallel, Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.graph import trace
from tonewright.models.wavenet import PRESETS, Config, Model, Stack
from tonewright.models.wavenet.config import ACTIVATIONS
from tonewright.runtime import native
from tonewright.runtime.native import NativeStream
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

needs_core = pytest.mark.skipif(native.why_not() is not None, reason=str(native.why_not()))


def tone_of(model) -> storage.Tone:
    return storage.Tone("wavenet", model.eval(), 48000)


def in_blocks(stream, x: np.ndarray, seed: int, turn=None) -> np.ndarray:
    """x in random blocks of at most 500; `turn` is called with the stream at sample 1000."""
    rng, ys, at = np.random.default_rng(seed), [], 0
    while at < x.shape[-1]:
        end = at + int(rng.choice([1, 7, 64, int(rng.integers(1, 500))]))
        end = 1000 if at < 1000 < end else end
        if at == 1000 and turn:
            turn(stream)
        ys.append(stream.process(x[..., at:end]))
        at = end
    return np.concatenate(ys, axis=-1)


def same(model, channels: int = 1, turn=None, **ports) -> None:
    x = np.random.default_rng(0).uniform(-0.7, 0.7, (channels, 6000)).astype(np.float32)
    python = in_blocks(Stream(model, 48000, channels, **ports), x, 1, turn)
    core = NativeStream(storage.to_bytes(tone_of(model)), model, channels, **ports)
    for seed in (2, 3):
        got = in_blocks(core, x, seed, turn)
        np.testing.assert_allclose(got, python, rtol=0, atol=1e-5 * np.abs(python).max())
        core.set(**({port.name: port.default for port in model.ports} | ports))  # as before `turn`
        core.reset()


@needs_core
@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    model = Model(PRESETS[name]).eval()
    model.head_scale.fill_(1.0)
    same(model)


@needs_core
@pytest.mark.parametrize("width", [8, 4])
def test_presets_on_lesser_processors(width):
    """The whole way again with narrower vectors, which one process cannot choose twice."""
    code = "from tests.runtime.test_native import *\nfor name in PRESETS: test_presets(name)"
    environment = os.environ | {"TONEWRIGHT_WIDTH": str(width)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=Path(__file__).parents[2])


@needs_core
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_channels_and_knobs(activation):
    stack = Stack(5, (1, 3, 7), (2, 3, 5), activation, head_kernel=4)
    model = Model(Config((stack,), knobs=("drive", "tone"))).eval()
    model.head_scale.fill_(1.0)
    same(model, 2, lambda stream: stream.set(drive=0.9, tone=0.0), drive=0.1)


@needs_core
def test_a_loud_model_with_large_weights():
    """High gain: activations far into saturation, where an approximate tanh would show."""
    model = Model(PRESETS["standard"]).eval()
    model.head_scale.fill_(1.0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.5)
    same(model)


class _Whole(Serial):
    """A random network of primitives behind the face of a model."""

    def __init__(self, *layers):
        super().__init__(*layers)
        self.config, self.ports = Config(), ()


def random_layer(rng, channels: int, depth: int):
    """A layer of the same channels and rate."""
    kind = rng.integers(6) if depth else rng.integers(3)
    kernel = int(rng.integers(1, 6))
    if kind == 0:
        groups = int(rng.choice([g for g in (1, 2, 3) if channels % g == 0]))
        look = int(rng.integers(0, kernel))
        return Conv1d(channels, channels, kernel, groups=groups, lookahead=look)
    if kind == 1:
        return Pointwise(
            rng.choice([torch.tanh, torch.sigmoid, nn.functional.gelu, torch.abs, lambda x: 1 - 2 * x])
        )
    if kind == 2:
        return Delay(channels, int(rng.integers(0, 9)))
    parts = [random_layer(rng, channels, depth - 1) for _ in range(3)]
    if kind == 3:
        return Residual(Serial(Conv1d(channels, channels, 1), *parts[:2]))
    if kind == 4:
        stride = int(rng.integers(2, 5))
        down = Conv1d(channels, channels, 2 * stride, stride=stride, lookahead=int(rng.integers(0, stride)))
        return Serial(down, *parts[:2], ConvTranspose1d(channels, channels, 2 * stride + 1, stride))
    return Serial(
        Parallel([Serial(Conv1d(channels, channels, kernel), part) for part in parts[:2]]), parts[2]
    )


@needs_core
@pytest.mark.parametrize("seed", range(24))
def test_random_graphs(seed):
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 7))
    body = [random_layer(rng, channels, 3) for _ in range(2)]
    model = _Whole(Conv1d(1, channels, 1), *body, Conv1d(channels, 1, 1)).eval()
    assert trace(model)["nodes"]
    same(model)


@needs_core
def test_instances_play_at_the_same_time():
    model = Model(PRESETS["nano"]).eval()
    file, x = (
        storage.to_bytes(tone_of(model)),
        np.random.default_rng(0).uniform(-1, 1, 20000).astype(np.float32),
    )
    expected, got = NativeStream(file, model).process(x), {}

    def play(i: int) -> None:
        got[i] = in_blocks(NativeStream(file, model), x, i)

    threads = [threading.Thread(target=play, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    for y in got.values():
        np.testing.assert_allclose(y, expected, atol=1e-6)


@needs_core
def test_a_number_that_is_none_does_not_stay():
    model = Model(dataclasses.replace(PRESETS["nano"])).eval()
    stream = NativeStream(storage.to_bytes(tone_of(model)), model)
    assert np.isfinite(stream.process(np.array([0.1, np.nan, np.inf, 0.1], np.float32))).all()


@needs_core
def test_mistakes_are_told():
    model = Model(Config((Stack(2, (1,)),), knobs=("drive",))).eval()
    stream = NativeStream(storage.to_bytes(tone_of(model)), model)
    with pytest.raises(ConfigError, match="did you mean 'drive'"):
        stream.set(driv=0.5)
    with pytest.raises(ConfigError, match="goes from 0 to 1"):
        stream.set(drive=2.0)
    with pytest.raises(ShapeError, match="wants 1 channels"):
        stream.process(np.zeros((2, 10), np.float32))
    with pytest.raises(FileError, match="only a part"):
        NativeStream(storage.to_bytes(tone_of(model))[:100], model)


@needs_core
def test_a_wrong_array_is_an_error_and_no_silent_copy():
    model = Model(PRESETS["nano"]).eval()
    player = native._native.Player(storage.to_bytes(tone_of(model)), 64)
    right = np.zeros(64, np.float32)
    for wrong in (np.zeros(64), np.zeros(128, np.float32)[::2], np.zeros((1, 64), np.float32)):
        with pytest.raises(TypeError):
            player.process(right, wrong)
    with pytest.raises(ValueError, match="frames"):
        player.process(right, np.zeros(63, np.float32))


def test_without_the_core_torch_plays(monkeypatch):
    monkeypatch.setattr(native, "_native", None)
    player = Player(tone_of(Model(PRESETS["nano"])))
    assert player.engine == "torch" and isinstance(player.stream(), Stream)
    assert "install a C++17 compiler" in native.why_not()
    with pytest.raises(FileError, match="not built"):
        NativeStream(b"", player.model)
