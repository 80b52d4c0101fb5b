"""Loudness is what its definition says, what the A curve says of sines, and the same at every rate."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from tonewright.dsp.loudness import FLOOR_DB, a_weights, loudness
from tonewright.errors import ConfigError, ShapeError

# IEC 61672-1, table 3: what the A curve makes of some frequencies, in dB. The names of frequencies are rounded there.
A_CURVE = {
    31.5: -39.4,
    63: -26.2,
    125: -16.1,
    250: -8.6,
    500: -3.2,
    1000: 0.0,
    2000: 1.2,
    4000: 1.0,
    8000: -1.1,
}


def defined(x: np.ndarray, sample_rate: int, hop: int, size: int, transform: int) -> np.ndarray:
    """By scipy and the definition: the mean over bins of the weighted power, frame by frame."""
    window, frames = signal.windows.hann(size, sym=False), []
    f = np.arange(transform // 2 + 1) * sample_rate / transform
    with np.errstate(divide="ignore"):
        a_db = 2.0 + 20 * np.log10(
            12194.217**2
            * f**4
            / (
                (f**2 + 20.598997**2)
                * np.sqrt((f**2 + 107.65265**2) * (f**2 + 737.86223**2))
                * (f**2 + 12194.217**2)
            )
        )
    padded = np.pad(x, size // 2)
    for n in range(len(x) // hop):
        power = np.abs(np.fft.rfft(padded[n * hop : n * hop + size] * window, transform)) ** 2
        frames.append(10 * np.log10(max(1e-8, np.mean(power * 10 ** (a_db / 10)))))
    return np.maximum(frames, -80.0)


def sine(frequency_hz: float, sample_rate: int, seconds: float = 1.0) -> torch.Tensor:
    t = torch.arange(round(seconds * sample_rate), dtype=torch.float64) / sample_rate
    return torch.sin(2 * torch.pi * frequency_hz * t)[None, None]


def test_what_is_no_number_is_silent_as_in_the_core():
    x = torch.zeros(1, 1, 1600)
    x[..., 300], x[..., 1200] = math.nan, math.inf
    assert (loudness(x, 16000, 160) == FLOOR_DB).all()


def test_is_the_definition_at_16_khz():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 5000)) * np.logspace(0, -7, 5000)
    got = loudness(torch.from_numpy(x)[:, None], 16000, 160)
    assert got.shape == (2, 1, 31)
    expect = np.stack([defined(row, 16000, 160, 512, 512) for row in x])
    np.testing.assert_allclose(got[:, 0].numpy(), expect, rtol=0, atol=1e-9)


def test_is_the_definition_of_a_longer_window_at_48_khz():
    x = np.random.default_rng(1).standard_normal(20000)
    got = loudness(torch.from_numpy(x)[None, None], 48000, 480)[0, 0].numpy()
    # Of power per sample: the window at 16 kHz has a third of the samples, and a transform a quarter of the bins.
    level = 10 * np.log10(512 / 1536 * (1025 / 1024) / (257 / 256))
    np.testing.assert_allclose(got, defined(x, 48000, 480, 1536, 2048) + level, rtol=0, atol=1e-9)


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000, 96000])
@pytest.mark.parametrize("frequency_hz", [125, 250, 500, 1000, 2000, 4000])
def test_a_sine_has_its_weight_at_every_rate(sample_rate, frequency_hz):
    level = loudness(sine(frequency_hz, sample_rate), sample_rate, sample_rate // 100)[0, 0, 10:-10]
    assert float(level.max() - level.min()) < 0.01
    assert float(level.mean()) == pytest.approx(19.806 + A_CURVE[frequency_hz], abs=0.2)


@pytest.mark.parametrize("frequency_hz", A_CURVE)
def test_the_curve(frequency_hz):
    exact_hz = 1000 * 10 ** (round(10 * np.log10(frequency_hz / 1000)) / 10)
    weight = a_weights(torch.tensor([exact_hz], dtype=torch.float64))
    assert 10 * float(torch.log10(weight)) == pytest.approx(A_CURVE[frequency_hz], abs=0.06)


def test_ten_times_the_sound_is_20_db():
    x = sine(440.0, 44100)
    step = loudness(x, 44100, 441) - loudness(0.1 * x, 44100, 441)
    torch.testing.assert_close(step, torch.full_like(step, 20.0), rtol=0, atol=1e-9)


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
def test_a_click_is_heard_in_the_frame_where_it_is(sample_rate):
    hop = sample_rate // 100
    x = torch.zeros(1, 1, 60 * hop)
    x[..., 30 * hop] = 1.0
    level = loudness(x, sample_rate, hop)[0, 0]
    assert int(level.argmax()) == 30
    torch.testing.assert_close(level[29], level[31], rtol=0, atol=1e-3)
    assert (level[:29] == -80.0).all() and (level[32:] == -80.0).all()


def test_silence_is_at_the_floor_and_short_sounds_have_no_frames():
    assert (loudness(torch.zeros(1, 1, 1600), 16000, 160) == -80.0).all()
    assert loudness(torch.zeros(3, 1, 159), 16000, 160).shape == (3, 1, 0)
    assert loudness(torch.zeros(3, 1, 0), 16000, 160).shape == (3, 1, 0)


def test_long_sounds_are_taken_in_parts():
    x = torch.randn(1, 1, 4200 * 10)
    parts = loudness(x[..., 30000:], 16000, 10)
    torch.testing.assert_close(loudness(x, 16000, 10)[..., 3100:], parts[..., 100:])


def test_it_can_be_taught_with():
    x = torch.randn(1, 1, 900, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: loudness(x, 16000, 300), x, fast_mode=True)


def test_mistakes_are_told():
    for shape in ((10,), (1, 2, 10)):
        with pytest.raises(ShapeError, match=r"loudness wants x as \[B, 1, T\], and got"):
            loudness(torch.zeros(shape), 16000, 160)
    with pytest.raises(ConfigError, match="a hop is at least 1 sample, and is 0"):
        loudness(torch.zeros(1, 1, 10), 16000, 0)
    with pytest.raises(ConfigError, match="at least 1000 Hz, and got 5"):
        loudness(torch.zeros(1, 1, 10), 5, 160)
