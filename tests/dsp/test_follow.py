"""The follower goes the way that its rates say, with the right gradients, by the core and by plain torch."""

import numpy as np
import pytest
import torch

from tonewright.dsp import one_pole as module
from tonewright.dsp.follow import follow
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


def some(seed: int = 0, samples: int = 15) -> tuple[torch.Tensor, ...]:
    """Sound, rates and a state, all to be differentiated by, where no step is near to a change of the rate."""
    rng = np.random.default_rng(seed)
    x, state = rng.standard_normal((2, 3, samples)), rng.standard_normal((2, 3))
    level = state.copy()
    for t in range(samples):
        x[..., t] += 0.01 * np.sign(x[..., t] - level)
        level += np.where(x[..., t] < level, 0.3, 0.04) * (x[..., t] - level)
    made = (torch.from_numpy(x), number(0.3), number(0.04), torch.from_numpy(state))
    return tuple(t.requires_grad_() for t in made)


def test_equals_the_loop(way):
    rng = np.random.default_rng(1)
    x, state, y = rng.standard_normal((2, 3, 500)), rng.standard_normal((2, 3)), np.empty((2, 3, 500))
    for b, c in np.ndindex(2, 3):
        level = state[b, c]
        for t in range(500):
            kept = 1 - (0.2 if x[b, c, t] < level else 0.01)
            level = x[b, c, t] + kept * (level - x[b, c, t])
            y[b, c, t] = level
    got, after = follow(torch.from_numpy(x), number(0.2), number(0.01), torch.from_numpy(state))
    np.testing.assert_allclose(got.numpy(), y, rtol=0, atol=1e-13)
    np.testing.assert_allclose(after.numpy(), y[..., -1], rtol=0, atol=1e-13)


def test_a_step_is_an_exponential(way):
    """A gain that falls by 12 dB is there but for 1 / e after the attack, and comes back as slowly as the release."""
    attack, release = 1 - np.exp(-1 / 50), 1 - np.exp(-1 / 400)
    x = torch.zeros(1, 1, 3000, dtype=torch.float64)
    x[..., :1000] = -12.0
    y, _ = follow(x, number(attack), number(release), torch.zeros(1, 1, dtype=torch.float64))
    n = np.arange(1, 1001)
    np.testing.assert_allclose(y[0, 0, :1000].numpy(), -12 * (1 - np.exp(-n / 50)), rtol=0, atol=1e-12)
    back = y[0, 0, 999].item() * np.exp(-np.arange(1, 2001) / 400)
    np.testing.assert_allclose(y[0, 0, 1000:].numpy(), back, rtol=0, atol=1e-12)


def test_slow_rates_in_float32_stay_what_they_are(way):
    """Ten seconds at 48 kHz; what is kept from sample to sample is nearer to 1 than float32 can say."""
    rate, x = torch.tensor(-np.expm1(-1 / 480000), dtype=torch.float32), torch.ones(1, 1, 48000)
    y, _ = follow(x, rate, rate, torch.zeros(1, 1, dtype=torch.float64))
    assert float(y[0, 0, -1]) == pytest.approx(-np.expm1(-0.1), rel=1e-6)


def test_gradients(way):
    assert torch.autograd.gradcheck(follow, some())


@needs_core
def test_the_core_equals_torch(monkeypatch):
    def answer():
        wanted = some(3, samples=300)
        y, after = follow(*wanted)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape))
        return y, after, *torch.autograd.grad((y * weight).sum() + after.square().sum(), wanted)

    core = answer()
    monkeypatch.setattr(module, "native", None)
    for ours, plain in zip(core, answer(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-12)


def test_any_layout_and_no_sound(way):
    x, attack, release, state = (t.detach() for t in some(6))
    turned, loose = x.transpose(0, 2).contiguous().transpose(0, 2), state.T.contiguous().T
    assert not turned.is_contiguous() and not loose.is_contiguous()
    expected = follow(x, attack, release, state)
    for a, b in zip(follow(turned, attack.reshape(1, 1), release, loose), expected, strict=True):
        assert torch.equal(a, b)
    y, after = follow(x[..., :0], attack, release, state)
    assert y.shape == (2, 3, 0) and torch.equal(after, state)


def test_mistakes_are_told():
    x, attack, release, state = some()
    for wrong in [(x[0], attack, release, state), (x, x, release, state), (x, attack, release, state[:1])]:
        with pytest.raises(ShapeError, match=r"follow wants x \[B, C, T\], one attack, one release"):
            follow(*wrong)
