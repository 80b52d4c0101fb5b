"""What is heard in blocks is what is heard of the whole, a frame later; and the core hears the same."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.contract.stream import check_contract, play, random_cuts
from tests.layers.faces import Handed, native, to_bytes
from tonewright.dsp import pitch as module
from tonewright.dsp.loudness import loudness
from tonewright.dsp.pitch import pitch
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.runtime.stream import Stream

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")
EARS = {
    "pitch": lambda rate: Pitch(rate, rate // 100, 65.0, 1900.0),
    "loudness": lambda rate: Loudness(rate, rate // 100),
}


class Ear(Handed):
    """A layer that hears, behind the face of a model; with `taught`, something beside it that has a gradient."""

    def __init__(self, layer, taught: bool = False):
        def beside(x, y):
            return y + self.weight * x.unflatten(-1, (-1, layer.hop)).mean(-1)

        super().__init__(layer, torch.ones(1), lambda weight: (), beside if taught else None)
        self.ratio, self.block, self.latency = layer.ratio, layer.block, layer.latency


def song(rate: int, seconds: float = 2.0) -> np.ndarray:
    """Notes that glide and swell, a pause, and a little noise."""
    t, rng = np.arange(round(seconds * rate)) / rate, np.random.default_rng(0)
    f0_hz = np.where(t < 0.8, 150 * 4**t, 800 * 2 ** (0.05 * np.sin(30 * t)))
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate
    x = sum(np.sin(k * phase) / k for k in range(1, 6)) * np.abs(np.sin(3 * t)) * (np.abs(t - 1.0) > 0.2)
    return 0.2 * x + 1e-3 * rng.standard_normal(len(t))


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("ear", EARS)
def test_contract(ear, rate):
    check_contract(Ear(EARS[ear](rate), taught=True), 1)


@pytest.mark.parametrize("rate", [16000, 48000])
def test_a_stream_is_the_whole_a_frame_later(rate):
    hop, x = rate // 100, torch.from_numpy(song(rate))[None, None]
    cuts = random_cuts(np.random.default_rng(1), x.shape[-1], hop)
    heard = play(EARS["pitch"](rate).double(), x, cuts=cuts)
    whole = torch.cat(pitch(x, rate, hop, 65.0, 1900.0), dim=1)
    assert (whole[:, 1] > 0.9).any() and (whole[:, 1] == 0).any()
    torch.testing.assert_close(heard[..., 1:], whole[..., :-1], rtol=1e-12, atol=0)
    level = play(EARS["loudness"](rate).double(), x, cuts=cuts)
    torch.testing.assert_close(level[..., 1:], loudness(x, rate, hop)[..., :-1], rtol=1e-12, atol=1e-12)


@needs_core
@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("ear", EARS)
def test_the_core_hears_the_same(ear, rate):
    model, x = Ear(EARS[ear](rate)), song(rate).astype(np.float32)
    core, plain = native(model), Stream(model, rate)
    blocks = np.split(x[None], random_cuts(np.random.default_rng(2), len(x), model.block), axis=1)
    made = np.concatenate([core.process(block) for block in blocks], axis=-1)
    expect = np.concatenate([plain.process(block) for block in blocks], axis=-1)
    assert made.shape == expect.shape == (model.outputs, 200)
    np.testing.assert_allclose(made, expect, rtol=1e-6, atol=2e-5)


@needs_core
@pytest.mark.parametrize("ear", EARS)
def test_the_core_forgets(ear):
    model, x = Ear(EARS[ear](16000)), song(16000).astype(np.float32)[None]
    core = native(model)
    first = core.process(x)
    core.reset()
    np.testing.assert_array_equal(core.process(x), first)


DAMAGED = {
    ("pitch", '"hop":160', '"hop":960'): "changes the rate|fiftieth of a second",
    ("pitch", '"hop":160', '"hop":1.5'): "number|from|at|out",
    ("pitch", '"sample_rate":16000', '"sample_rate":99000'): "fiftieth|more than two hops",
    ("pitch", '"lowest_hz":65.0', '"lowest_hz":45.0'): "a period of more than two hops",
    ("pitch", '"lowest_hz":65.0', '"lowest_hz":-9.0'): "a period of more than two hops",
    ("pitch", '"highest_hz":1900.0', '"highest_hz":9900.0'): "beyond 2400 Hz",
    ("pitch", '"highest_hz":1900.0', '"highest_hz":19.000'): "is empty",
    ("loudness", '"hop":160', '"hop":016'): "less than half",
    ("loudness", '"hop":160', '"hop":100'): "less than half",
    ("loudness", '"hop":160', '"hop":  0'): "number|from|at|out",
    ("loudness", '"sample_rate":16000', '"sample_rate":  999'): "number|from|at|out",
}


@needs_core
@pytest.mark.parametrize("ear,before,after", DAMAGED)
def test_a_damaged_file_is_refused(ear, before, after):
    with pytest.raises(FileError, match=DAMAGED[ear, before, after]):
        native(Ear(EARS[ear](16000)), before, after)


def test_facts():
    for ear in EARS.values():
        layer = ear(48000)
        assert (layer.ratio, layer.block, layer.latency) == (Fraction(1, 480), 480, 1)
        assert not layer.state_dict()
        with pytest.raises(ShapeError, match=r"wants x as \[B, 1, T\]"):
            layer(torch.zeros(1, 2, 480), layer.initial_state(1))
    assert to_bytes(Ear(EARS["pitch"](16000)))


def test_mistakes_are_told():
    with pytest.raises(ConfigError, match="the lowest pitch to track is 20 Hz"):
        Pitch(16000, 160, 20.0)
    with pytest.raises(ConfigError, match="a hop of at least 128 samples, and got 127"):
        Loudness(16000, 127)
