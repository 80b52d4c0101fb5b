"""The filters are the cookbook's, their gradients are right, and the core gives what plain torch gives."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from tonewright.dsp import filters as module
from tonewright.dsp.filters import filters
from tonewright.errors import ShapeError

RATE = 48000

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def cookbook(kind: str, hz: float, q: float, gain_db: float) -> tuple[list[float], list[float]]:
    """b and a of Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients", 2005."""
    w, up = 2 * math.pi * hz / RATE, 10 ** (gain_db / 40)
    c, alpha, root = math.cos(w), math.sin(w) / (2 * q), 2 * math.sqrt(up) * math.sin(w) / (2 * q)
    match kind:
        case "low_pass":
            return [(1 - c) / 2, 1 - c, (1 - c) / 2], [1 + alpha, -2 * c, 1 - alpha]
        case "high_pass":
            return [(1 + c) / 2, -1 - c, (1 + c) / 2], [1 + alpha, -2 * c, 1 - alpha]
        case "bell":
            b = [1 + alpha * up, -2 * c, 1 - alpha * up]
            return b, [1 + alpha / up, -2 * c, 1 - alpha / up]
        case "low_shelf":
            less, more = up + 1 - (up - 1) * c, up + 1 + (up - 1) * c
            b = [up * (less + root), 2 * up * (up - 1 - (up + 1) * c), up * (less - root)]
            return b, [more + root, -2 * (up - 1 + (up + 1) * c), more - root]
        case "high_shelf":
            less, more = up + 1 - (up - 1) * c, up + 1 + (up - 1) * c
            b = [up * (more + root), -2 * up * (up - 1 + (up + 1) * c), up * (more - root)]
            return b, [less + root, 2 * (up - 1 - (up + 1) * c), less - root]


def simper(kind: str, hz: float, q: float, gain_db: float) -> list[float]:
    """The same filter as a section: Simper, "Solving the continuous SVF equations using trapezoidal integration"."""
    g, k, up = math.tan(math.pi * hz / RATE), 1 / q, 10 ** (gain_db / 40)
    return {
        "low_pass": [g, k, 0, 0, 1],
        "high_pass": [g, k, 1, -k, -1],
        "bell": [g, k / up, 1, k / up * (up**2 - 1), 0],
        "low_shelf": [g / math.sqrt(up), k, 1, k * (up - 1), up**2 - 1],
        "high_shelf": [g * math.sqrt(up), k, up**2, k * (1 - up) * up, 1 - up**2],
    }[kind]


KINDS = ["low_pass", "high_pass", "bell", "low_shelf", "high_shelf"]
SETTINGS = [(30.0, 0.5, 6.0), (800.0, 0.7071, -9.0), (5000.0, 4.0, 15.0), (20000.0, 1.0, -3.0)]


def silence(batch: int, channels: int, sections: int) -> torch.Tensor:
    return torch.zeros(batch, channels, sections, 2, dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hz,q,gain_db", SETTINGS)
def test_equals_the_cookbook(kind, hz, q, gain_db, way):
    x = np.random.default_rng(0).standard_normal((2, 3, 2000))
    section = torch.tensor([simper(kind, hz, q, gain_db)], dtype=torch.float64)
    y, _ = filters(torch.from_numpy(x), section, silence(2, 3, 1))
    b, a = cookbook(kind, hz, q, gain_db)
    np.testing.assert_allclose(y.numpy(), lfilter(b, a, x), rtol=0, atol=1e-9)


def test_sections_stand_in_a_row(way):
    expected = x = np.random.default_rng(1).standard_normal((1, 1, 1000))
    for kind in KINDS:
        expected = lfilter(*cookbook(kind, 1000, 0.9, 4.0), expected)
    sections = torch.tensor([simper(kind, 1000, 0.9, 4.0) for kind in KINDS], dtype=torch.float64)
    y, _ = filters(torch.from_numpy(x), sections, silence(1, 1, len(KINDS)))
    np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-9)


def some(seed: int = 0, batch: int = 2, channels: int = 2, samples: int = 12) -> tuple[torch.Tensor, ...]:
    """A sound, two sections and a memory that is not silent, all to be differentiated by."""
    rng = np.random.default_rng(seed)
    sections = [[0.3, 0.9, 0.4, -0.8, 1.1], [1.4, 1.7, 1.0, 0.5, -0.2]]
    x = torch.from_numpy(rng.standard_normal((batch, channels, samples)))
    state = torch.from_numpy(rng.standard_normal((batch, channels, 2, 2)))
    return tuple(t.requires_grad_() for t in (x, torch.tensor(sections, dtype=torch.float64), state))


def test_gradients(way):
    assert torch.autograd.gradcheck(filters, some())


@needs_core
def test_the_core_equals_torch(monkeypatch):
    def answer():
        wanted = some(3, samples=300)
        y, after = filters(*wanted)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape))
        return y, after, *torch.autograd.grad((y * weight).sum() + after.square().sum(), wanted)

    core = answer()
    monkeypatch.setattr(module, "native", None)
    for ours, plain in zip(core, answer(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-10)


def test_float32_is_computed_in_float64(way):
    """A bell at 20 Hz would be all rounding in a direct form of float32."""
    x = torch.from_numpy(np.random.default_rng(5).standard_normal((1, 1, 3000))).float()
    section = torch.tensor([simper("bell", 20.0, 2.0, 12.0)]).float()
    y, after = filters(x, section, silence(1, 1, 1))
    wide, _ = filters(x.double(), section.double(), silence(1, 1, 1))
    assert y.dtype == torch.float32 and after.dtype == torch.float64
    assert float((y - wide).abs().max()) < 1e-6 * float(wide.abs().max())


def test_any_layout_and_no_sound(way):
    x, sections, state = (t.detach() for t in some(6, batch=3))
    turned = x.transpose(0, 1).contiguous().transpose(0, 1)
    assert not turned.is_contiguous()
    loose = state.transpose(0, 3).contiguous().transpose(0, 3)
    for a, b in zip(filters(turned, sections, loose), filters(x, sections, state), strict=True):
        assert torch.equal(a, b)
    y, after = filters(x[..., :0], sections, state)
    assert y.shape == (3, 2, 0) and torch.equal(after, state)


def test_mistakes_are_told():
    x, sections, state = some()
    for wrong in [(x[0], sections, state), (x, sections[:, :4], state), (x, sections, state[:, :1])]:
        with pytest.raises(ShapeError, match=r"filters want x \[B, C, T\], sections \[S, 5\]"):
            filters(*wrong)
