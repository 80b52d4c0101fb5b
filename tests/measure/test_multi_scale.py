"""The multi-scale spectral loss against numpy in double, and against a case worked out by hand."""

import math

import numpy as np
import pytest
import torch

from tonewright.errors import ShapeError
from tonewright.measure.multi_scale import WINDOWS, multi_scale_spectral, windows


def magnitudes(x: np.ndarray, size: int) -> np.ndarray:
    """[N, F] of x [T]: each frame cut, windowed and transformed by numpy."""
    window = np.sin(np.pi * np.arange(size) / size) ** 2  # Hann's, periodic
    mirrored = np.pad(x, size // 2, mode="reflect")
    return np.abs([np.fft.rfft(window * mirrored[at : at + size]) for at in range(0, len(x) + 1, size // 4)])


def distance(target: np.ndarray, estimate: np.ndarray, sizes: tuple[int, ...]) -> float:
    """The definition, for [B, T]."""
    total = 0.0
    for size in sizes:
        a, b = (np.array([magnitudes(item, size) for item in x]) for x in (target, estimate))
        total += np.mean(np.abs(a - b)) + np.mean(np.abs(np.log(a + 1e-7) - np.log(b + 1e-7)))
    return total


def sounds(items: int, samples: int, seed: int = 0) -> np.ndarray:
    """Two batches [2, B, T] of tones and noise that fade away, silent at the end."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples)
    tones = np.sin(0.05 * t * rng.uniform(0.5, 2, (2, items, 1)))
    x = (tones + 0.1 * rng.standard_normal((2, items, samples))) * np.exp(-8 * t / samples)
    x[..., samples - samples // 8 :] = 0
    return x


@pytest.mark.parametrize("rate,factor", [(16000, 1), (44100, 3), (48000, 3), (8000, 1), (96000, 6)])
def test_windows_follow_the_rate(rate, factor):
    assert windows(rate) == tuple(factor * size for size in WINDOWS)


@pytest.mark.parametrize("rate", [16000, 32000, 44100, 48000])
def test_is_its_definition(rate):
    x, y = sounds(2, 7001)
    got = multi_scale_spectral(torch.from_numpy(x), torch.from_numpy(y), rate)
    assert float(got) == pytest.approx(distance(x, y, windows(rate)), rel=1e-9)


def test_a_case_by_hand():
    """Ones and halves: mirrored ones are ones, so each frame is Hann's window, whose spectrum is N/2, N/4, 0, 0..."""
    x = torch.ones(1, 2049, dtype=torch.float64)
    expected = 0.0
    for size in WINDOWS:
        bins = size // 2 + 1
        # Of ones, what is 0 comes out as 1e-13 or so, and is silence beside 1e-7.
        expected += (size / 4 + size / 8) / bins + 2 * math.log(2) / bins
    assert float(multi_scale_spectral(x, 0.5 * x)) == pytest.approx(expected, rel=1e-5)


def test_silence_counts_by_its_logarithm():
    """Against silence a bin is as far as its magnitude, and its logarithm as far as it is from 1e-7."""
    x = np.random.default_rng(0).standard_normal((1, 3000))
    expected = distance(x, 0 * x, WINDOWS)
    got = float(multi_scale_spectral(torch.from_numpy(x), torch.zeros(1, 3000, dtype=torch.float64)))
    assert got == pytest.approx(expected, rel=1e-9) and got > 6 * 15


def test_has_the_gradient_of_its_differences():
    x, y = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 1, 1100)))
    y = y.clone().requires_grad_()
    (slope,) = torch.autograd.grad(multi_scale_spectral(x, y), y)
    direction = torch.randn(y.shape, dtype=y.dtype, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        step = 1e-8 * direction
        difference = multi_scale_spectral(x, y + step) - multi_scale_spectral(x, y - step)
    assert float((slope * direction).sum()) == pytest.approx(float(difference) / 2e-8, rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_and_equals_have_a_gradient_of_nothing(dtype):
    x = torch.randn(2, 2000, dtype=dtype)
    for target, estimate in ((x, 0 * x), (0 * x, 0 * x), (x, x.clone())):
        estimate.requires_grad_()
        loss = multi_scale_spectral(target, estimate)
        loss.backward()
        assert torch.isfinite(loss) and torch.all(estimate.grad == 0)


@pytest.mark.parametrize("shapes", [((1, 4096), (1, 4095)), ((4096,), (4096,)), ((1, 1024), (1, 1024))])
def test_says_what_it_wants(shapes):
    with pytest.raises(ShapeError, match="T above 1024"):
        multi_scale_spectral(*map(torch.zeros, shapes))
