"""The lag depends on where it is, with the right gradients, by the core and by plain torch."""

import numpy as np
import pytest
import torch

from tonewright.dsp import one_pole as module
from tonewright.dsp.lag import lag
from tonewright.errors import ShapeError

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def loop(x: np.ndarray, slow: float, fast: float, state: np.ndarray) -> np.ndarray:
    y = np.empty_like(x)
    for b, c in np.ndindex(x.shape[:2]):
        level = state[b, c]
        for t in range(x.shape[2]):
            place = min(max(level, 0.0), 1.0)
            tau = slow ** (1 - place) * fast**place
            level = (tau * level + x[b, c, t]) / (1 + tau)
            y[b, c, t] = level
    return y


def some(seed: int = 0, samples: int = 15) -> tuple[torch.Tensor, ...]:
    """Sound that leads beyond 0 and 1, time constants and a state, all to be differentiated by."""
    rng = np.random.default_rng(seed)
    x, state = rng.uniform(-1.0, 2.0, (2, 3, samples)), rng.uniform(-0.5, 1.5, (2, 3))
    made = (torch.from_numpy(x), number(5.0), number(0.7), torch.from_numpy(state))
    return tuple(t.requires_grad_() for t in made)


@pytest.mark.parametrize("slow,fast", [(300.0, 4.0), (2.0, 90.0), (10.0, 10.0), (1.0, 1e-3)])
def test_equals_the_loop(way, slow, fast):
    rng = np.random.default_rng(1)
    x, state = rng.uniform(-1.0, 2.0, (2, 3, 500)), rng.uniform(-0.5, 1.5, (2, 3))
    y = loop(x, slow, fast, state)
    got, after = lag(torch.from_numpy(x), number(slow), number(fast), torch.from_numpy(state))
    np.testing.assert_allclose(got.numpy(), y, rtol=0, atol=1e-12)
    np.testing.assert_allclose(after.numpy(), y[..., -1], rtol=0, atol=1e-12)


def test_it_is_slow_in_the_dark_and_fast_in_the_light(way):
    """A glimmer fades by 1 / e in the dark's time, a flicker of the full light in the light's."""
    x = torch.zeros(1, 2, 4000, dtype=torch.float64)
    x[:, 1] = 1.0
    y, _ = lag(x, number(400.0), number(50.0), torch.tensor([[1e-6, 1.0 - 1e-6]], dtype=torch.float64))
    dark, light = (y[0, 0] / 1e-6).numpy(), ((1.0 - y[0, 1]) / 1e-6).numpy()
    n = np.arange(1, 4001)
    np.testing.assert_allclose(dark, (400 / 401) ** n, rtol=0, atol=1e-5)
    np.testing.assert_allclose(light, (50 / 51) ** n, rtol=0, atol=1e-5)


def test_equal_times_are_a_plain_one_pole(way):
    x = torch.ones(1, 1, 1000, dtype=torch.float64)
    y, _ = lag(x, number(80.0), number(80.0), torch.zeros(1, 1, dtype=torch.float64))
    np.testing.assert_allclose(y[0, 0].numpy(), 1 - (80 / 81) ** np.arange(1, 1001), rtol=0, atol=1e-12)


def test_gradients(way):
    x, slow, fast, state = some()
    y = loop(*(t.detach().numpy() for t in (x, slow, fast, state)))
    places = np.concatenate([state.detach().numpy()[..., None], y[..., :-1]], axis=-1)
    for end in (0.0, 1.0):  # passed, but not so near that a difference is of both sides
        assert places.min() < end < places.max() and np.abs(places - end).min() > 1e-4
    assert torch.autograd.gradcheck(lag, (x, slow, fast, state))


@needs_core
def test_the_core_equals_torch(monkeypatch):
    def answer():
        wanted = some(3, samples=300)
        y, after = lag(*wanted)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape))
        return y, after, *torch.autograd.grad((y * weight).sum() + after.square().sum(), wanted)

    core = answer()
    monkeypatch.setattr(module, "native", None)
    for ours, plain in zip(core, answer(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-12)


def test_the_ends_are_within(way):
    """A lamp that is full on stands at 1, and there what comes before still turns the speed."""
    for place, swing in [(0.0, 1.0), (1.0, 1.0), (-1e-9, 0.0), (1.0 + 1e-9, 0.0)]:
        state = torch.full((1, 1), place, dtype=torch.float64, requires_grad=True)
        x = torch.full((1, 1, 1), 0.5, dtype=torch.float64)
        y, _ = lag(x, number(4.0), number(1.0), state)
        tau = 4.0 ** (1 - place)
        expect = tau / (1 + tau) - swing * tau * np.log(1 / 4) * (0.5 - place) / (1 + tau) ** 2
        (slope,) = torch.autograd.grad(y.sum(), state)
        assert float(slope) == pytest.approx(expect, abs=1e-8)


def test_any_layout_and_no_sound(way):
    x, slow, fast, state = (t.detach() for t in some(6))
    turned, loose = x.transpose(0, 2).contiguous().transpose(0, 2), state.T.contiguous().T
    assert not turned.is_contiguous() and not loose.is_contiguous()
    expected = lag(x, slow, fast, state)
    for a, b in zip(lag(turned, slow.reshape(1, 1), fast, loose), expected, strict=True):
        assert torch.equal(a, b)
    y, after = lag(x[..., :0], slow, fast, state)
    assert y.shape == (2, 3, 0) and torch.equal(after, state)


def test_mistakes_are_told():
    x, slow, fast, state = some()
    for wrong in [
        (x[0], slow, fast, state),
        (x, x, fast, state),
        (x, slow, x, state),
        (x, slow, fast, state[:1]),
    ]:
        with pytest.raises(ShapeError, match=r"lag wants x \[B, C, T\], one slow, one fast"):
            lag(*wrong)
