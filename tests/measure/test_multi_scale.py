"""The multi-scale spectral loss against numpy in double, and against a case worked out by hand."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from tonewright.dsp.native import native
from tonewright.errors import ShapeError
from tonewright.measure import multi_scale
from tonewright.measure.multi_scale import WINDOWS, multi_scale_spectral, windows

needs_core = pytest.mark.skipif(native is None, reason="the native core is not built")


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


def value_and_slope(
    x: np.ndarray, y: np.ndarray, rate: float, dtype: torch.dtype
) -> tuple[float, np.ndarray]:
    target, estimate = torch.from_numpy(x).to(dtype), torch.from_numpy(y).to(dtype).requires_grad_()
    value = multi_scale_spectral(target, estimate, rate)
    (slope,) = torch.autograd.grad(value, estimate)
    return float(value.detach()), slope.numpy()


def off(a: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(a - truth) / np.linalg.norm(truth))


@needs_core
@pytest.mark.parametrize("rate", [16000, 24000, 44100, 64000, 96000])
def test_core_has_value_and_gradient_of_double(rate, monkeypatch):
    """Where no bin is near silence or near its counterpart, to the rounding of float32."""
    x, y = np.zeros((2, 3, 20001), dtype=np.float32)
    x[:, 9777], y[:, 9777] = 1.0, (0.3, 2.0, -0.7)  # the spectrum of a click is flat
    value, slope = value_and_slope(x, y, rate, torch.float64)
    monkeypatch.setattr(multi_scale, "_plain", None)
    got, made = value_and_slope(x, y, rate, torch.float32)
    assert got == pytest.approx(value, rel=1e-6)
    assert off(made, slope) < 1e-5


@needs_core
@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("samples", [4000, 6144, 12345])
def test_core_has_the_gradient_of_noise(rate, samples):
    """Of bins near silence, rounding decides where their gradient points; torch in float32 has the same trouble."""
    x, y = (0.1 * np.random.default_rng(0).standard_normal((2, 2, samples))).astype(np.float32)
    value, slope = value_and_slope(x, y, rate, torch.float64)
    got, made = value_and_slope(x, y, rate, torch.float32)
    assert got == pytest.approx(value, rel=1e-6)
    assert off(made, slope) < 0.03


@needs_core
def test_core_hears_silence():
    x, y = sounds(2, 9000).astype(np.float32)
    for target, estimate in ((x, y), (0 * x, y), (x, 0 * y)):
        got, _ = value_and_slope(target, estimate, 16000, torch.float32)
        assert got == pytest.approx(value_and_slope(target, estimate, 16000, torch.float64)[0], rel=1e-5)


@needs_core
def test_core_has_the_same_value_without_a_gradient(monkeypatch):
    monkeypatch.setattr(multi_scale, "_plain", None)
    x, y = torch.randn(2, 3, 5000)
    with_slope = multi_scale_spectral(x, y.clone().requires_grad_())
    assert (
        float(multi_scale_spectral(x, y)) == float(with_slope.detach()) and with_slope.dtype == torch.float32
    )
    with torch.no_grad():
        assert not multi_scale_spectral(x, y.clone().requires_grad_()).requires_grad


@needs_core
def test_core_answers_several_threads_alike():
    batches = [sounds(2, 8000, seed).astype(np.float32) for seed in range(6)]
    with ThreadPoolExecutor(3) as threads:
        made = list(threads.map(lambda b: value_and_slope(*b, 16000, torch.float32), batches))
    for batch, (value, slope) in zip(batches, made, strict=True):
        alone, alone_slope = value_and_slope(*batch, 16000, torch.float32)
        assert value == alone and np.array_equal(slope, alone_slope)


@needs_core
def test_core_takes_signals_that_are_not_in_a_row(monkeypatch):
    monkeypatch.setattr(multi_scale, "_plain", None)
    x, y = torch.randn(2, 5000, 3)
    assert float(multi_scale_spectral(x.T, y.T)) == float(
        multi_scale_spectral(x.T.contiguous(), y.T.contiguous())
    )


def test_a_target_that_wants_a_gradient_gets_it():
    x, y = torch.randn(2, 1, 4000)
    x.requires_grad_()
    multi_scale_spectral(x, y).backward()
    assert x.grad.abs().max() > 0


@needs_core
@pytest.mark.parametrize("sizes", [[], [64, 100], [80], [320], [0], [16], [1 << 40]])
def test_core_refuses_windows_that_it_cannot_take(sizes):
    x = np.zeros((1, 4000), dtype=np.float32)
    with pytest.raises(ValueError, match="twos and threes"):
        native.spectral_loss(x, x, sizes, np.zeros_like(x))


@needs_core
def test_core_refuses_sizes_that_do_not_fit():
    x = np.zeros((2, 4000), dtype=np.float32)
    with pytest.raises(ValueError, match="d_estimate wants 8000"):
        native.spectral_loss(x, x, [64], np.zeros((2, 3999), dtype=np.float32))
    with pytest.raises(ValueError, match="estimate wants 8000"):
        native.spectral_loss(x, x[:1], [64], np.zeros_like(x))
    with pytest.raises(ValueError, match="longer than half"):
        native.spectral_loss(x, x, [64, 8192], np.zeros_like(x))
    with pytest.raises(TypeError):
        native.spectral_loss(x, x.astype(float), [64], np.zeros_like(x))


def test_a_rate_that_the_core_cannot_take_is_left_to_torch():
    x, y = sounds(1, 6000).astype(np.float32)
    value, _ = value_and_slope(x, y, 80000, torch.float64)
    assert value_and_slope(x, y, 80000, torch.float32)[0] == pytest.approx(value, rel=1e-4)
