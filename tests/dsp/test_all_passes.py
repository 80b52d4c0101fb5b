"""All-passes equal scipy's, pass all that comes, and have the right gradients, by the core and by plain torch."""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from tonewright.dsp import all_passes as module
from tonewright.dsp.all_passes import all_passes
from tonewright.errors import ShapeError

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def some(seed: int = 0, samples: int = 12, stages: int = 3, one: bool = False) -> tuple[torch.Tensor, ...]:
    """Sound, a coefficient, a feedback and a memory, all to be differentiated by."""
    rng = np.random.default_rng(seed)
    x, state = rng.standard_normal((2, 3, samples)), rng.standard_normal((2, 3, stages + 1))
    a = np.array(0.4) if one else rng.uniform(-0.9, 0.9, (2, 1, samples))
    return tuple(torch.from_numpy(n).requires_grad_() for n in (x, a, np.array(-0.6), state))


def silence(channels: int, stages: int) -> torch.Tensor:
    return torch.zeros(1, channels, stages + 1, dtype=torch.float64)


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("a", [0.7, -0.3, 0.0])
def test_a_still_coefficient_is_a_filter(way, a):
    x = np.random.default_rng(1).standard_normal((1, 2, 500))
    expected = x
    for _ in range(4):
        expected = lfilter([a, 1.0], [1.0, a], expected)
    y, _ = all_passes(torch.from_numpy(x), number(a), number(0.0), silence(2, 4))
    np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-12)


def test_feedback_closes_the_loop(way):
    """y = A / (1 - f z^-1 A) of x, of the polynomials of two stages."""
    a, f, x = 0.6, 0.8, np.random.default_rng(2).standard_normal((1, 1, 800))
    above, below = np.polymul([a, 1.0], [a, 1.0]), np.polymul([1.0, a], [1.0, a])
    expected = lfilter(above, np.append(below, 0.0) - f * np.append(0.0, above), x)
    y, _ = all_passes(torch.from_numpy(x), number(a), number(f), silence(1, 2))
    np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-11)


def test_every_frequency_passes(way):
    x = torch.zeros(1, 1, 2048, dtype=torch.float64)
    x[..., 0] = 1.0
    y, _ = all_passes(x, number(0.8), number(0.0), silence(1, 6))
    np.testing.assert_allclose(torch.fft.rfft(y).abs().numpy(), 1.0, rtol=0, atol=1e-9)


def test_a_moving_coefficient_is_a_loop(way):
    x, a, feedback, state = (t.detach() for t in some(3, samples=200))
    y, after = all_passes(x, a, feedback, state)
    for b, c in np.ndindex(2, 3):
        *s, last = state[b, c].tolist()
        for t in range(200):
            last = float(x[b, c, t]) + float(feedback) * last
            for i in range(3):
                u, last = last, float(a[b, 0, t]) * last + s[i]
                s[i] = u - float(a[b, 0, t]) * last
            assert float(y[b, c, t]) == pytest.approx(last, abs=1e-11)
        np.testing.assert_allclose(after[b, c].numpy(), [*s, last], rtol=0, atol=1e-11)


@pytest.mark.parametrize("one", [False, True])
def test_gradients(way, one):
    assert torch.autograd.gradcheck(all_passes, some(one=one))


@needs_core
@pytest.mark.parametrize("samples", [63, 64, 65, 300])
def test_the_core_equals_torch(monkeypatch, samples):
    def answer():
        wanted = some(4, samples)
        y, after = all_passes(*wanted)
        weight = torch.from_numpy(np.random.default_rng(5).standard_normal(y.shape))
        return y, after, *torch.autograd.grad((y * weight).sum() + after.square().sum(), wanted)

    core = answer()
    monkeypatch.setattr(module, "native", None)
    for ours, plain in zip(core, answer(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-10)


def test_no_coefficient_reaches_one(way):
    x, _, feedback, state = (t.detach() for t in some(6))
    for wild, most in [(1.5, 0.99999), (-7.0, -0.99999)]:
        wild = number(wild).requires_grad_()
        y, _ = all_passes(x, wild, feedback, state)
        assert torch.equal(y, all_passes(x, number(most), feedback, state)[0])
        assert torch.autograd.grad(y.sum(), wild)[0] == 0


def test_any_layout_and_no_sound(way):
    x, a, feedback, state = (t.detach() for t in some(7))
    turned, loose = x.transpose(0, 2).contiguous().transpose(0, 2), state.mT.contiguous().mT
    assert not turned.is_contiguous() and not loose.is_contiguous()
    expected = all_passes(x, a, feedback, state)
    for ours, plain in zip(all_passes(turned, a, feedback.reshape(1, 1), loose), expected, strict=True):
        assert torch.equal(ours, plain)
    y, after = all_passes(x[..., :0], a[..., :0], feedback, state)
    assert y.shape == (2, 3, 0) and torch.equal(after, state)
    wanted = some(7)
    y, after = all_passes(wanted[0][..., :0], wanted[1][..., :0], *wanted[2:])
    assert torch.equal(torch.autograd.grad(after.sum(), wanted[3])[0], torch.ones(2, 3, 4))


def test_mistakes_are_told():
    x, a, feedback, state = some()
    for wrong in [
        (x[0], a, feedback, state),
        (x, a[..., :5], feedback, state),
        (x, a[:1], feedback, state),
        (x, a, a, state),
        (x, a, feedback, state[:1]),
        (x, a, feedback, state[..., :1]),
    ]:
        with pytest.raises(
            ShapeError, match=r"all_passes want x \[B, C, T\], coefficient \[B, 1, T\] or one"
        ):
            all_passes(*wrong)
