"""Losses and metrics against scipy and against their definitions."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from tonewright.errors import ShapeError
from tonewright.measure.losses import RESOLUTIONS, SIZES, multi_resolution_stft, pre_emphasis, spectral
from tonewright.measure.metrics import (
    VERDICTS,
    error_by_band,
    esr,
    f0_errors,
    loudness_l1_db,
    rms_db,
    verdict,
)


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


def powers(x: np.ndarray, size: int) -> np.ndarray:
    """Power spectra of the frames of `spectral`, each frame cut, windowed and transformed by numpy."""
    window = np.sin(np.pi * np.arange(size) / size) ** 2  # Hann's, periodic
    frames = [np.fft.rfft(window * x[at : at + size]) for at in range(0, len(x) - size + 1, size // 4)]
    return np.abs(frames) ** 2 / np.sum(window**2)


@pytest.mark.parametrize("power", [0.5, 1, 2])
@pytest.mark.parametrize("sizes", [SIZES, (256,)])
def test_spectral_loss_is_its_definition(power, sizes):
    x, y = np.random.default_rng(0).standard_normal((2, 5000))
    differences = [powers(x, size) ** (power / 2) - powers(y, size) ** (power / 2) for size in sizes]
    expected = np.mean([np.mean(np.abs(difference)) for difference in differences])
    got = spectral(torch.from_numpy(x)[None], torch.from_numpy(y)[None], power, sizes)
    assert float(got) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("power", [1, 2])
def test_spectral_loss_is_blind_to_sign(power):
    x, y = torch.randn(2, 3, 4096)
    assert spectral(x, x, power) == 0 and spectral(x, -x, power) == 0
    assert spectral(x, -y, power) == spectral(x, y, power) > 0.1


@pytest.mark.parametrize("power", [1, 2])
def test_spectral_loss_is_blind_to_the_phase_of_a_tone(power):
    t = 2 * math.pi * 300 / 44100 * torch.arange(22050.0)
    sine, cosine = torch.sin(t)[None], torch.cos(t)[None]
    assert spectral(sine, cosine, power) < 0.005 * spectral(sine, 0 * sine, power)
    assert (
        sine - cosine
    ).abs().mean() > sine.abs().mean()  # the waveforms are further apart than from silence


@pytest.mark.parametrize("power", [1, 2])
def test_spectral_loss_grows_with_the_level_to_its_power(power):
    x, y = torch.randn(2, 1, 4096, dtype=torch.float64)
    whole = float(spectral(x, y, power))
    assert float(spectral(10 * x, 10 * y, power)) == pytest.approx(10**power * whole, rel=1e-5)


@pytest.mark.parametrize("power", [1, 2])
def test_spectral_loss_has_the_gradient_of_its_differences(power):
    x, y = torch.randn(2, 1, 96, dtype=torch.float64)
    y.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: spectral(x, y, power, (64, 32)), y)


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_spectral_loss_has_a_gradient_in_silence(power):
    y = torch.zeros(1, 4096, requires_grad=True)
    spectral(torch.randn(1, 4096), y, power).backward()
    assert torch.isfinite(y.grad).all()


@pytest.mark.parametrize("shapes", [((1, 4096), (1, 4095)), ((4096,), (4096,)), ((1, 2047), (1, 2047))])
def test_spectral_loss_says_what_it_wants(shapes):
    with pytest.raises(ShapeError, match="T at least 2048"):
        spectral(*map(torch.zeros, shapes))


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


def test_loudness_is_as_far_as_its_frames():
    a = np.linspace(-60, -20, 101, dtype=np.float32)
    wobble = np.resize([1.0, -3.0], 101)
    assert loudness_l1_db(a, a) == 0
    assert loudness_l1_db(a, a + wobble) == pytest.approx(np.abs(wobble).mean(), rel=1e-6)
    for wrong in (a[:-1], np.zeros((1, 101))):
        with pytest.raises(ShapeError, match="one shape"):
            loudness_l1_db(a, wrong)
    with pytest.raises(ShapeError):
        loudness_l1_db(a[:0], a[:0])


def test_pitch_is_as_far_as_its_semitones():
    hz = np.geomspace(200, 800, 100)
    semitones = np.where(np.arange(100) < 88, 0.07, -12.0)
    other = hz * 2 ** (semitones / 12)
    voiced = np.ones(100, dtype=bool)
    assert f0_errors(hz, other, voiced) == pytest.approx((0.07, 0.12))
    assert f0_errors(other, hz, voiced) == pytest.approx((0.07, 0.12))
    voiced[88:] = False
    assert f0_errors(hz, other, voiced) == pytest.approx((0.07, 0.0))


def test_a_pitch_that_is_missing_is_off():
    hz, missing = np.full(10, 440.0), np.full(10, 440.0)
    missing[:2], missing[2] = 0.0, math.nan
    assert f0_errors(hz, missing, np.ones(10)) == pytest.approx((0.0, 0.3))
    assert all(map(math.isnan, f0_errors(hz, missing, np.zeros(10))))
    with pytest.raises(ShapeError, match="one shape"):
        f0_errors(hz, missing[:-1], np.ones(10))
