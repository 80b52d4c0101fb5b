"""Converted sound is the same sound, in place, wherever the blocks were cut; unequal rates are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from tonewright.audio.rates import Resampler, check_rate, resample
from tonewright.errors import AudioError, ShapeError

PAIRS = [(44100, 48000), (48000, 44100), (96000, 44100), (44100, 16000), (8000, 48000), (37123, 48000)]


def tone(sample_rate: int, frequency_hz: float, frames: int) -> np.ndarray:
    """A sine under a Hann window, so that it has no edges, [1, T]."""
    t = np.arange(frames) / sample_rate
    return (np.hanning(frames) * np.sin(2 * np.pi * frequency_hz * t))[None]


@pytest.mark.parametrize(("a", "b"), PAIRS)
@pytest.mark.parametrize("frames", [1, 2, 10, 100, 1001, 44100])
def test_length(a, b, frames):
    assert abs(resample(np.ones((2, frames)), a, b).shape[1] - round(frames * b / a)) <= 1


@pytest.mark.parametrize("frequency", [0.1, 0.3, 0.45])  # as a part of the lower rate
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_a_tone_is_the_same_tone_in_place(a, b, frequency):
    frequency_hz = frequency * min(a, b)
    y = resample(tone(a, frequency_hz, 20000), a, b)[0]
    t = np.arange(len(y)) / b
    truth = (0.5 - 0.5 * np.cos(2 * np.pi * t * a / 19999)) * np.sin(2 * np.pi * frequency_hz * t)
    gain = (y @ truth) / (truth @ truth)
    assert abs(20 * np.log10(gain)) < 0.01
    assert np.abs(y - gain * truth)[t < 0.98 * 20000 / a].max() < 2e-6


@pytest.mark.parametrize(("a", "b"), [(44100, 48000), (48000, 44100), (96000, 48000), (16000, 48000)])
def test_agrees_with_scipy(a, b):
    x = tone(a, 0.1 * min(a, b), 8000)
    g = np.gcd(a, b)
    theirs = resample_poly(x, b // g, a // g, axis=1, window=("kaiser", 14.0))
    ours = resample(x, a, b)
    n = min(ours.shape[1], theirs.shape[1])
    assert n >= round(8000 * b / a) - 1
    assert np.abs(ours[:, :n] - theirs[:, :n]).max() < 2e-4  # scipy's short filter ripples by 1e-4


@pytest.mark.parametrize(("a", "b"), [(48000, 44100), (96000, 44100)])
def test_what_the_new_rate_cannot_hold_is_gone(a, b):
    too_high = tone(a, 0.52 * b, 40000)
    assert np.abs(resample(too_high, a, b)).max() < 1e-6  # -120 dB


@settings(deadline=None, max_examples=30)
@given(data=st.data(), pair=st.sampled_from([*PAIRS, (48000, 48000)]), channels=st.integers(1, 3))
def test_a_stream_is_the_whole_to_the_bit(data, pair, channels):
    frames = data.draw(st.integers(1, 6000))
    cuts = sorted(data.draw(st.lists(st.integers(0, frames), max_size=12)))
    x = np.random.default_rng(frames).standard_normal((channels, frames)).astype(np.float32)
    stream = Resampler(*pair, channels)
    y = [stream.process(block) for block in np.split(x, cuts, axis=1)] + [stream.finish()]
    assert all(block.dtype == np.float32 and len(block) == channels for block in y)
    assert np.array_equal(np.concatenate(y, axis=1), resample(x, *pair))


def test_equal_rates_touch_nothing():
    x = np.random.default_rng(0).standard_normal((2, 1000)).astype(np.float32)
    y = resample(x, 44100, 44100)
    assert np.array_equal(y, x) and y is not x


def test_channels_do_not_mix():
    x = np.random.default_rng(0).standard_normal((3, 5000))
    alone = [resample(x[c : c + 1], 48000, 44100) for c in range(3)]
    assert np.array_equal(resample(x, 48000, 44100), np.concatenate(alone))


def test_the_sentence_of_the_style():
    with pytest.raises(AudioError) as refused:
        check_rate("guitar.wav", 44100, "amp.tone", 48000)
    assert str(refused.value) == (
        "guitar.wav is 44100 Hz and amp.tone was learned at 48000 Hz; add --resample to convert"
    )
    check_rate("guitar.wav", 48000, "amp.tone", 48000)


def test_what_is_no_sound_is_refused():
    with pytest.raises(ShapeError, match=r"wants blocks \[2, n\], and got \[3, 5\]"):
        Resampler(44100, 48000, 2).process(np.zeros((3, 5)))
    with pytest.raises(ShapeError, match=r"wants sound \[C, T\], and got \[5\]"):
        resample(np.zeros(5), 44100, 48000)
    with pytest.raises(AudioError, match="at least 1 Hz, and 0 and 48000"):
        Resampler(0, 48000, 1)
