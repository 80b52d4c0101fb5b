"""The native core plays loops as torch does: in any blocks, with knobs, in any code, and from a given past."""

import numpy as np
import pytest
import torch

from tests.runtime.test_native import needs_core
from tests.runtime.test_native_recurrent import same, scaled, to_bytes
from tonewright import storage
from tonewright.errors import ConfigError, ShapeError
from tonewright.models.feedback import PRESETS, Config, Model
from tonewright.models.lstm import Model as Lstm
from tonewright.runtime.native import NativeStream
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

pytestmark = needs_core


def make(config: Config, seed: int = 0) -> Model:
    torch.manual_seed(seed)
    return Model(config).eval()


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets(preset, halves):
    model = make(PRESETS[preset])
    if halves:
        model.fold()
    same(model)


@pytest.mark.parametrize("target", ["linear", "mulaw", "classes", "classes+residual", "bits"])
@pytest.mark.parametrize("heard", ["linear", "mulaw"])
def test_codes(target, heard):
    model = make(Config(window=12, width=19, layers=2, dry=heard, past=heard, target=target))
    with torch.no_grad():
        model.loop.body.head.weight.mul_(10.0 if "classes" in target else 1.0)  # classes that differ
    same(model)


def test_bits_are_heard():
    """A sample that lies between two words is heard as one here and as the other there, so most must do."""
    model = make(Config(window=6, width=10, layers=1, dry="bits", past="bits"))
    x = np.random.default_rng(0).uniform(-0.7, 0.7, 400).astype(np.float32)
    python, core = Stream(model, 48000).process(x), NativeStream(to_bytes(model), model).process(x)
    close = np.abs(python - core) < 1e-4 * np.abs(python).max()
    assert close[:100].mean() > 0.9


@pytest.mark.parametrize("window", [2, 3, 17, 130])
@pytest.mark.parametrize("width", [1, 5, 16, 33, 70])
def test_any_shape(window, width):
    same(make(Config(window=window, width=width, layers=int(width) % 3)))


def test_knobs_and_channels():
    model = make(Config(window=9, width=20, layers=1, knobs=("drive", "tone")))
    same(model, 2, lambda stream: stream.set(drive=0.9, tone=0.0), drive=0.1)


def test_a_loop_that_swings():
    """Weights of a size that keep it going by itself: small differences stay small for a while."""
    model = scaled(make(Config(window=5, width=12, layers=1)), 1.5)
    x = np.random.default_rng(0).uniform(-0.7, 0.7, 300).astype(np.float32)
    python, core = Stream(model, 48000).process(x), NativeStream(to_bytes(model), model).process(x)
    np.testing.assert_allclose(core, python, atol=1e-4 * np.abs(python).max())


@pytest.mark.parametrize("past", ["linear", "mulaw"])
def test_primed_both_go_on_alike(past):
    model = make(Config(window=20, width=16, layers=1, past=past))
    with torch.no_grad():  # a loop that hears its past well
        model.loop.body.hear.weight.mul_(2.0)
    x, given = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 2, 500)).astype(np.float32)
    streams = Stream(model, 48000, 2), NativeStream(to_bytes(model), model, 2)
    fresh = streams[1].process(x[:, 300:])
    streams[1].reset()
    made = []
    for stream in streams:
        stream.process(x[:, :100])
        stream.prime(x[:, 100:107], given[:, 100:107])
        stream.prime(x[:, 107:300], given[:, 107:300])
        made.append(stream.process(x[:, 300:]))
    start = [
        y[:, :40] for y in made
    ]  # later on, what such a loop makes of a rounding is no rounding any more
    np.testing.assert_allclose(*start, rtol=0, atol=1e-5 * np.abs(start[0]).max())
    assert np.abs(made[1] - fresh)[:, :5].max() > 1e-3


@pytest.mark.parametrize("engine", [Stream, NativeStream])
def test_what_cannot_be_primed(engine):
    def stream(model, channels=1):
        return (
            engine(model, 48000, channels) if engine is Stream else engine(to_bytes(model), model, channels)
        )

    sound = np.zeros(8, np.float32)
    with pytest.raises(ConfigError, match="leave the prime out"):
        stream(Lstm()).prime(sound, sound)
    loop = make(Config(window=4, width=3, layers=0))
    with pytest.raises(ShapeError, match="one length"):
        stream(loop).prime(sound, sound[:5])
    with pytest.raises(ShapeError, match="2 channels"):
        stream(loop, 2).prime(sound, sound)


@pytest.mark.parametrize("engine", [Stream, NativeStream])
def test_what_is_no_number_primes_as_silence(engine):
    model = make(Config(window=4, width=3, layers=0))
    made = []
    for bad in (np.nan, 0.0):
        stream = engine(model, 48000) if engine is Stream else engine(to_bytes(model), model)
        stream.prime(np.array([0.1, bad, 0.2], np.float32), np.array([bad, 0.3, bad], np.float32))
        made.append(stream.process(np.full(9, 0.1, np.float32)))
    np.testing.assert_array_equal(*made)


def test_the_core_plays_it_by_default():
    player = Player(storage.Tone("feedback", make(Config(window=4, width=3, layers=0)), 48000))
    assert player.engine == "native core"
