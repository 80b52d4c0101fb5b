"""Losses and metrics against scipy and against their definitions."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from tonewright.errors import ShapeError
from tonewright.measure.losses import RESOLUTIONS, multi_resolution_stft, pre_emphasis
from tonewright.measure.metrics import VERDICTS, error_by_band, esr, rms_db, verdict


def magnitudes(x: np.ndarray, size: int, hop: int, length: int) -> np.ndarray:
    """scipy's short-time Fourier transform, framed as ours: centred, mirrored at the ends, unscaled."""
    window = np.pad(signal.get_window("hann", length), ((size - length) // 2,))
    padded = np.pad(x, size // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    return np.sqrt(np.maximum(np.abs(np.fft.rfft(frames, axis=-1)) ** 2, 1e-8))


def test_stft_loss_is_its_definition():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 8192))
    expected = 0.0
    for size, hop, length in RESOLUTIONS:
        a, b = magnitudes(x, size, hop, length), magnitudes(y, size, hop, length)
        expected += np.linalg.norm(a - b) / np.linalg.norm(a) + np.mean(np.abs(np.log(a) - np.log(b)))
    got = multi_resolution_stft(torch.from_numpy(x)[None], torch.from_numpy(y)[None])
    assert float(got) == pytest.approx(expected / 3, rel=1e-9)


def test_stft_loss_has_a_gradient_in_silence():
    y = torch.zeros(1, 4096, requires_grad=True)
    multi_resolution_stft(torch.randn(1, 4096), y).backward()
    assert torch.isfinite(y.grad).all()


def test_pre_emphasis_is_a_fir():
    x = np.random.default_rng(0).standard_normal(100)
    expected = signal.lfilter([1, -0.85], [1], x)[1:]
    np.testing.assert_allclose(pre_emphasis(torch.from_numpy(x)).numpy(), expected)


def test_esr_scale():
    x = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert esr(x, x) == 0 and esr(x, 0 * x) == pytest.approx(1) and esr(x, -x) == pytest.approx(4)
    assert math.isinf(esr(0 * x, x)) and esr(0 * x, 0 * x) == 0
    with pytest.raises(ShapeError, match="one shape"):
        esr(x, x[:-1])


@pytest.mark.parametrize("limit,words", VERDICTS)
def test_every_verdict_is_reached(limit, words):
    assert verdict(limit * 0.999 if math.isfinite(limit) else 5.0) == words
    assert verdict(limit) != words or math.isinf(limit)


def test_levels():
    t = np.arange(48000) / 48000
    assert rms_db(np.sin(2 * np.pi * 100 * t)) == pytest.approx(-3.0103, abs=1e-3)
    assert rms_db(np.zeros(10)) == -200 and rms_db(np.zeros(0)) == -200


def test_bands_find_the_error():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(48000)
    hum = 0.5 * np.sin(2 * np.pi * 100 * np.arange(48000) / 48000)
    bands = error_by_band(x, x + hum, 48000)
    worst = max(bands, key=lambda band: band[2])
    assert worst[0] < 100 < worst[1]
    assert bands[-1][1] == 20000 and all(low < high for low, high, _ in bands)
    assert math.isnan(error_by_band(hum, hum, 48000)[-1][2])
