"""Cepstra are what scipy makes of their definition, the same at every rate, and blind to how loud a sound is."""

import numpy as np
import pytest
import torch
from scipy import fft, signal

from tonewright.dsp import cepstrum
from tonewright.dsp.cepstrum import mel, mfcc
from tonewright.errors import ConfigError, ShapeError


def defined(x: np.ndarray, hop: int) -> np.ndarray:
    """At 16 kHz, by scipy and loops over the bands: [30, F]."""
    window, frequency_hz = signal.windows.hann(1024, sym=False), np.arange(513) * 16000 / 1024
    corners = np.linspace(*(2595 * np.log10(1 + np.array([20.0, 8000.0]) / 700)), 130)
    bins = 2595 * np.log10(1 + frequency_hz / 700)
    padded, frames = np.pad(x, 512), []
    for n in range(len(x) // hop):
        magnitude = np.abs(np.fft.rfft(padded[n * hop : n * hop + 1024] * window))
        bands = [np.sum(magnitude * np.interp(bins, corners[b : b + 3], [0, 1, 0])) for b in range(128)]
        frames.append(fft.dct(np.log(np.array(bands) + 1e-5), norm="ortho")[:30])
    return np.array(frames).T


def voice(sample_rate: int, f0_hz: float, tilt: float = 1.0, seconds: float = 0.5) -> torch.Tensor:
    """Harmonics up to 3 kHz."""
    t = torch.arange(round(seconds * sample_rate), dtype=torch.float64) / sample_rate
    partials = (torch.sin(2 * torch.pi * k * f0_hz * t) / k**tilt for k in range(1, int(3000 / f0_hz) + 1))
    return 0.2 * sum(partials)[None, None]


def test_they_are_what_the_definition_says():
    x = np.random.default_rng(0).standard_normal(4000)
    got = mfcc(torch.from_numpy(x)[None, None], 16000, 160)
    assert got.shape == (1, 30, 25)
    np.testing.assert_allclose(got[0].numpy(), defined(x, 160), rtol=1e-5, atol=1e-5)


def test_float32_is_near_enough():
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((2, 1, 4000)))
    torch.testing.assert_close(
        mfcc(x.float(), 16000, 160).double(), mfcc(x, 16000, 160), atol=1e-4, rtol=1e-4
    )


def test_a_long_sound_is_cut_where_nobody_hears_it(monkeypatch):
    x = torch.randn(1, 1, 16000, dtype=torch.float64)
    whole = mfcc(x, 16000, 160)
    monkeypatch.setattr(cepstrum, "TOGETHER", 7)
    torch.testing.assert_close(mfcc(x, 16000, 160), whole)


def test_each_frame_hears_what_is_around_it_only():
    x = torch.zeros(1, 1, 16000)
    x[..., 8000:] = 0.1 * torch.randn(8000)
    got = mfcc(x, 16000, 160)
    # frame 47 is the first to reach sample 8000
    assert torch.equal(got[..., :46], got[..., :1].expand(-1, -1, 46))
    assert not torch.equal(got[..., 48], got[..., 0])


def test_the_timbre_of_a_sound_is_heard_and_its_level_is_not():
    dull, bright = (mfcc(voice(16000, 220.0, tilt), 16000, 160)[0, :, 25] for tilt in (2.0, 0.5))
    loud = mfcc(2 * voice(16000, 220.0, 2.0), 16000, 160)[0, :, 25]
    assert (bright - dull)[1:].norm() > 5 * (loud - dull)[1:].norm()


@pytest.mark.parametrize("sample_rate", [22050, 32000, 44100, 48000])
def test_a_band_of_the_same_sound_is_as_loud_at_every_rate(sample_rate):
    def level(rate):
        window, weights, _ = cepstrum._tables(rate)
        x = torch.sin(2 * torch.pi * 1000 * torch.arange(len(window), dtype=torch.float64) / rate)
        return (torch.fft.rfft(x * window, 2 * (len(weights) - 1)).abs() @ weights).max()

    assert 0.7 < float(level(sample_rate) / level(16000)) < 1.6  # bands are wider where they reach higher


def test_every_band_hears_something_at_every_rate():
    for rate in (8000, 16000, 22050, 24000, 32000, 44100, 48000):
        assert bool((cepstrum._tables(rate)[1].sum(0) > 0).all())


def test_mel_is_1000_at_1000_hz():
    assert float(mel(torch.tensor(1000.0, dtype=torch.float64))) == pytest.approx(1000.0, abs=0.05)


def test_silence_and_nothing_are_finite():
    assert bool(torch.isfinite(mfcc(torch.zeros(1, 1, 1600), 16000, 160)).all())
    assert mfcc(torch.zeros(2, 1, 159), 16000, 160).shape == (2, 30, 0)
    assert mfcc(torch.zeros(0, 1, 1600), 16000, 160).shape == (0, 30, 10)


def test_what_cannot_be_heard_is_refused():
    with pytest.raises(ShapeError, match="mfcc wants x as"):
        mfcc(torch.zeros(1, 2, 100), 16000, 160)
    for rate, hop in ((7999, 80), (16000, 0)):
        with pytest.raises(ConfigError, match="at least 8000 Hz"):
            mfcc(torch.zeros(1, 1, 100), rate, hop)
