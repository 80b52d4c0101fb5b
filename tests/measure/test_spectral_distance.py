"""The spectral distance of timbre models against torch in double, and against a case worked out by hand."""

import math

import numpy as np
import pytest
import torch

from tonewright.dsp.native import native
from tonewright.errors import ShapeError
from tonewright.measure import spectral_distance as module
from tonewright.measure.spectral_distance import WINDOWS, spectral_distance

needs_core = pytest.mark.skipif(native is None, reason="the native core is not built")


def by_definition(target, estimate, sizes=WINDOWS, epsilon=1e-7, floor_db=-40.0) -> torch.Tensor:
    """Of [B, C, T]; each channel by torch's own transform, one item after another."""
    total = 0.0
    for x, y in zip(target, estimate, strict=True):
        for size in sizes:
            window = torch.hann_window(size, dtype=x.dtype)
            a, b = (torch.stft(s, size, window=window, return_complex=True).abs() for s in (x, y))
            noise = 10 ** (floor_db / 10) * float(window.square().sum()) * a[0].numel()
            total = total + ((a - b) ** 2).sum() / max(float((a**2).sum()), noise)
            total = total + ((a + epsilon).log() - (b + epsilon).log()).abs().mean()
    return total / len(target)


def value_and_slope(x, y, dtype, distance=spectral_distance, **settings):
    target, estimate = (torch.from_numpy(s).to(dtype) for s in (x, y))
    value = distance(target, estimate.requires_grad_(), **settings)
    (slope,) = torch.autograd.grad(value, estimate)
    return float(value.detach()), slope.numpy()


def off(a, truth) -> float:
    return float(np.linalg.norm(a - truth) / np.linalg.norm(truth))


def clicks(items: int, channels: int, samples: int) -> np.ndarray:
    """Targets and estimates [2, B, C, T] whose spectra are flat: no bin is near silence or near its counterpart."""
    sound = np.zeros((2, items, channels, samples), dtype=np.float32)
    size = np.linspace(0.2, 0.9, items * channels).reshape(items, channels)
    sound[0, ..., samples // 2 + 1], sound[1, ..., samples // 2 + 1] = 1.0, -size
    return sound


def noise(items: int, channels: int, samples: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((2, items, channels, samples))).astype(np.float32)


@pytest.mark.parametrize("settings", [{}, {"epsilon": 1.0}, {"floor_db": 0.0}, {"windows": (512, 64)}])
def test_is_its_definition(settings):
    x, y = noise(3, 2, 5001).astype(float)
    named = {"sizes" if name == "windows" else name: value for name, value in settings.items()}
    value, slope = value_and_slope(x, y, torch.float64, by_definition, **named)
    got, made = value_and_slope(x, y, torch.float64, **settings)
    assert got == pytest.approx(value, rel=1e-12) and off(made, slope) < 1e-9


def test_a_case_by_hand():
    """Of halves beside ones each bin is half as large: a quarter of the energy, and log 2 in bins that are not 0."""
    x = torch.ones(2, 4096, dtype=torch.float64)
    logarithms = sum(2 * math.log(2) / (size // 2 + 1) for size in WINDOWS)
    assert float(spectral_distance(x, 0.5 * x)) == pytest.approx(5 * 0.25 + logarithms, rel=1e-4)


def test_a_batch_is_the_mean_of_its_items():
    x, y = torch.from_numpy(noise(4, 1, 4096)[:, :, 0]).double()
    x = x * torch.tensor([[1.0], [0.1], [0.01], [0.0]])
    alone = [spectral_distance(x[i : i + 1], y[i : i + 1]) for i in range(4)]
    assert float(spectral_distance(x, y)) == pytest.approx(float(sum(alone)) / 4, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_weighs_as_faint_noise_does(dtype):
    """Noise where there should be silence is as far as it is louder than the floor: 20 dB are a factor of 100."""
    y = (0.1 * torch.randn(1, 65536, generator=torch.Generator().manual_seed(0))).to(dtype)
    silence, scale = torch.zeros_like(y), (512,)
    fainter = float(spectral_distance(silence, y, scale)) - float(spectral_distance(silence, 0.5 * y, scale))
    assert fainter == pytest.approx(75 + math.log(2), rel=0.02)
    y.requires_grad_()
    value = spectral_distance(silence, y)
    (slope,) = torch.autograd.grad(value, y)
    assert torch.isfinite(value) and torch.isfinite(slope).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_and_equals_have_a_gradient_of_nothing(dtype):
    x = torch.randn(2, 3, 3000, dtype=dtype)
    for target, estimate in ((x, 0 * x), (0 * x, 0 * x), (x, x.clone())):
        estimate.requires_grad_()
        loss = spectral_distance(target, estimate)
        loss.backward()
        assert torch.isfinite(loss) and torch.all(estimate.grad == 0)


@pytest.mark.parametrize("samples,longest", [(1025, 2048), (1024, 1024), (513, 1024), (100, 128)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scales_that_do_not_fit_are_left_out(samples, longest, dtype):
    x, y = torch.from_numpy(noise(1, 3, samples)).to(dtype)
    fitting = tuple(size for size in WINDOWS if size <= longest)
    assert float(spectral_distance(x, y)) == float(spectral_distance(x, y, fitting)) > 0
    assert float(spectral_distance(x, y)) == pytest.approx(float(by_definition(x, y, fitting)), rel=1e-5)


@pytest.mark.parametrize(
    "shapes", [((1, 4096), (1, 4095)), ((4096,), (4096,)), ((1, 64), (1, 64)), ((1, 1, 1, 99),) * 2]
)
def test_says_what_it_wants(shapes):
    with pytest.raises(ShapeError, match="T above 64"):
        spectral_distance(*map(torch.zeros, shapes))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_numbers_are_compared_as_longer_ones(dtype):
    x, y = torch.from_numpy(noise(1, 1, 4096)).to(dtype)
    value = spectral_distance(x, y)
    assert value.dtype == torch.float32 and value == spectral_distance(x.float(), y.float())


def test_a_target_that_wants_a_gradient_gets_it():
    x, y = torch.randn(2, 1, 4000)
    spectral_distance(x.requires_grad_(), y).backward()
    assert x.grad.abs().max() > 0


@needs_core
@pytest.mark.parametrize("shape", [(3, 1, 20001), (2, 16, 4096), (2, 5, 1100)])
@pytest.mark.parametrize("epsilon", [1e-7, 1.0])
def test_core_has_value_and_gradient_of_double(shape, epsilon, monkeypatch):
    x, y = clicks(*shape)
    sizes = tuple(size for size in WINDOWS if size // 2 < shape[-1])
    value, slope = value_and_slope(x, y, torch.float64, by_definition, sizes=sizes, epsilon=epsilon)
    monkeypatch.setattr(module, "_plain", None)
    got, made = value_and_slope(x, y, torch.float32, epsilon=epsilon)
    assert got == pytest.approx(value, rel=2e-6) and off(made, slope) < 2e-5


@needs_core
@pytest.mark.parametrize("shape", [(2, 1, 12345), (1, 16, 4096)])
def test_core_has_the_gradient_of_noise(shape):
    """Of bins near silence, rounding decides where their gradient points; torch in float32 has the same trouble."""
    x, y = noise(*shape)
    value, slope = value_and_slope(x, y, torch.float64)
    got, made = value_and_slope(x, y, torch.float32)
    assert got == pytest.approx(value, rel=2e-6) and off(made, slope) < 0.03


@needs_core
def test_core_has_the_same_value_without_a_gradient(monkeypatch):
    monkeypatch.setattr(module, "_plain", None)
    x, y = torch.randn(2, 3, 4, 3000)
    assert float(spectral_distance(x, y)) == float(spectral_distance(x, y.clone().requires_grad_()).detach())
    across = spectral_distance(x.transpose(0, 1), y.transpose(0, 1))  # not in a row
    assert float(across) == float(spectral_distance(*(s.transpose(0, 1).contiguous() for s in (x, y))))


@needs_core
def test_core_refuses_what_does_not_fit():
    x = np.zeros((2, 3, 4000), dtype=np.float32)
    for sizes, epsilon, floor, match in (
        ([100], 1e-7, 1e-4, "twos and threes"),
        ([8192], 1e-7, 1e-4, "longer than half"),
        ([64], 0.0, 1e-4, "above 0"),
        ([64], 1e-7, float("nan"), "above 0"),
    ):
        with pytest.raises(ValueError, match=match):
            native.spectral_distance(x, x, sizes, epsilon, floor, np.zeros_like(x))
    with pytest.raises(ValueError, match="d_estimate wants 24000"):
        native.spectral_distance(x, x, [64], 1e-7, 1e-4, np.zeros(5, dtype=np.float32))
    with pytest.raises(ValueError, match="estimate wants 24000"):
        native.spectral_distance(x, x[:1], [64], 1e-7, 1e-4, np.zeros_like(x))
    with pytest.raises(ValueError, match="got none"):
        native.spectral_distance(x[:0], x[:0], [64], 1e-7, 1e-4, np.zeros(0, dtype=np.float32))
    with pytest.raises(TypeError):
        native.spectral_distance(x.astype(float), x, [64], 1e-7, 1e-4, np.zeros_like(x))
