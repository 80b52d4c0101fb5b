"""A stream in any cuts is what `render` gives, knobs and blocks and channels included."""

import warnings

import numpy as np
import pytest
import torch

from tests.runtime.models import TINY, Gain, Late, Remembers, player
from tonewright.errors import ConfigError, ShapeError
from tonewright.models.wavenet import PRESETS, Config, Model
from tonewright.runtime.stream import Stream, settled_state


def sound(samples: int, channels: int | None = None, seed: int = 0) -> np.ndarray:
    shape = samples if channels is None else (channels, samples)
    return 0.3 * np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def in_cuts(stream: Stream, x: np.ndarray, sizes, seed: int = 0) -> np.ndarray:
    rng, at, ys = np.random.default_rng(seed), 0, []
    while at < x.shape[-1]:
        size = int(rng.choice(sizes))
        ys.append(stream.process(x[..., at : at + size]))
        assert ys[-1].shape == x[..., at : at + size].shape
        at += size
    return np.concatenate(ys, axis=-1)


@pytest.mark.parametrize("channels", [None, 2])
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_in_any_cuts(name, channels):
    config = Config(**{**vars(PRESETS[name]), "knobs": ("drive",)})
    made = player(Model(config))
    x = sound(3000, channels)
    whole = made.render(x, drive=0.7)
    assert whole.shape == x.shape and whole.dtype == np.float32 and np.abs(whole).max() > 0
    for sizes in ([0, 1, 7, 64, 500, 333], [64]):
        y = in_cuts(made.stream(channels or 1, drive=0.7), x, sizes)
        np.testing.assert_allclose(y, whole, rtol=1e-5, atol=1e-5 * np.abs(whole).max())


def test_each_sample_alone():
    made, x = player(), sound(200)
    np.testing.assert_allclose(in_cuts(made.stream(), x, [1]), made.render(x), rtol=1e-5, atol=1e-8)


def test_channels_do_not_hear_each_other():
    made, x = player(), sound(500, 2)
    both = made.render(x)
    for one, alone in zip(both, x, strict=True):
        np.testing.assert_allclose(one, made.render(alone), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("block", [1, 4])
def test_a_moving_knob_does_not_hear_the_cuts(block):
    def played(sizes):
        stream = Stream(Gain(block), 48000, gain=0.5)
        first = in_cuts(stream, np.ones(301, np.float32), sizes)
        stream.set(gain=2.0)
        second = in_cuts(stream, np.ones(402, np.float32), sizes)
        stream.set(gain=0.0)  # while it is still moving
        return np.concatenate([first, second, in_cuts(stream, np.ones(1500, np.float32), sizes)])

    whole = played([2000])
    assert whole.max() < 2.0 and whole[-1] == 0.0 and np.abs(np.diff(whole[block:])).max() < 3e-3
    for sizes in ([1], [7], [64], [1, 7, 64, 200]):
        np.testing.assert_allclose(played(sizes), whole, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("sizes", [[1], [3], [4], [1, 5, 64]])
def test_a_model_of_blocks_plays_any_and_is_as_late_as_it_says(sizes):
    stream, x = Stream(Late().eval(), 48000), sound(503)
    y = in_cuts(stream, x, sizes)
    assert stream.latency == 2 + 3
    assert not y[:5].any() and np.array_equal(y[5:], x[:-5])


def test_it_begins_as_if_silence_had_come_before():
    made = player()
    y = made.render(np.zeros(50, np.float32))
    np.testing.assert_allclose(y, y[0], rtol=1e-6)


def test_a_long_memory_is_settled_in_pieces():
    (state,) = settled_state(Remembers(), 1, {})
    assert state.shape == (1, 1, 1 << 20) and not state.any()


def test_reset_is_a_fresh_stream_with_the_knobs_where_they_are():
    stream, x = Stream(Gain(), 48000, gain=0.5), sound(2000)
    stream.set(gain=1.5)
    stream.process(x)
    stream.reset()
    np.testing.assert_allclose(stream.process(x), 1.5 * x, rtol=1e-6)


def test_knobs_may_have_any_name():
    made, x = player(Gain()), sound(10)
    assert np.allclose(made.render(x, gain=0.5, channels=0.1, model=0.2), 0.5 * x)
    assert made.stream(2, channels=0.1).channels == 2


def test_no_samples_are_no_samples():
    for model in (Model(TINY), Late()):
        made = player(model)
        for x in (np.zeros(0, np.float32), np.zeros((1, 0), np.float32)):
            assert made.render(x).shape == x.shape and made.stream().process(x).shape == x.shape


def test_wrong_shapes_and_knobs_are_told():
    made = player(Gain())
    with pytest.raises(ShapeError, match=r"wants 1 channels, and got \[2, 8\]"):
        made.stream().process(np.zeros((2, 8), np.float32))
    with pytest.raises(ShapeError, match="wants x as"):
        made.render(np.zeros((1, 2, 8), np.float32))
    for controls, words in (
        ({"gian": 1.0}, "did you mean 'gain'"),
        ({"gain": 2.5}, "goes from 0 to 2, and not to 2.5"),
        ({"gain": float("nan")}, "goes from 0 to 2"),
    ):
        for act in (lambda c=controls: made.stream(**c), lambda c=controls: made.stream().set(**c)):
            with pytest.raises(ConfigError, match=words):
                act()


def test_the_block_stays_as_it_was_and_may_be_anything_like_numbers():
    made, x = player(Late(2.0)), sound(64)
    x.setflags(write=False)
    before = x.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = made.render(x)
        assert np.allclose(made.render(x.astype(np.float64)), y) and np.allclose(
            made.render(x[::-1][::-1]), y
        )
    assert np.array_equal(x, before)


def test_what_is_no_number_is_heard_as_silence():
    made, x = player(), sound(500)
    bad, silent = x.copy(), x.copy()
    bad[100:103], silent[100:103] = (np.nan, np.inf, -np.inf), 0.0
    for stream in (made.stream(), Stream(made.model, made.sample_rate)):
        y = stream.process(bad)
        stream.reset()
        np.testing.assert_array_equal(y, stream.process(silent))


def test_playing_does_not_keep_a_gradient():
    made = player()
    stream = Stream(made.model, made.sample_rate)
    stream.process(sound(64))
    assert not any(s.requires_grad for s in stream.state) and torch.is_grad_enabled()
