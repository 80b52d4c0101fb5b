"""The bell curves of the latent: their penalty, their draws and the weight that rises."""

import math

import numpy as np
import pytest
import torch

from tonewright.errors import ConfigError, ShapeError
from tonewright.models.rave.latent import beta, kl, kl_by_dimension, sample, spread


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_divergence_is_that_of_torch_without_the_half():
    mean, std = drawn(3, 5, 7), spread(drawn(3, 5, 7, seed=1))
    normal = torch.distributions.Normal
    per_number = torch.distributions.kl_divergence(normal(mean, std), normal(0.0, 1.0))
    torch.testing.assert_close(kl_by_dimension(mean, std), 2 * per_number.mean(dim=(0, 2)))
    torch.testing.assert_close(kl(mean, std), 2 * per_number.sum(dim=1).mean())


def test_the_gradient_of_the_divergence_is_what_numbers_say():
    mean, scale = drawn(1, 2, 3).requires_grad_(), drawn(1, 2, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda mean, scale: kl(mean, spread(scale)), (mean, scale))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_no_scale_gives_a_divergence_that_is_no_number(dtype):
    scale = torch.tensor([[[-1e4, -30.0, 0.0, 30.0, 200.0]]], dtype=dtype)
    std = spread(scale)
    assert std.dtype == torch.float32 and bool((std >= 1e-4).all())
    assert math.isfinite(float(kl(torch.zeros_like(scale), std)))


def test_draws_have_the_mean_and_the_spread_that_were_asked_for():
    mean, std = torch.tensor([[[2.0], [-1.0]]]), torch.tensor([[[0.5], [3.0]]])
    shape = (1, 2, 100_000)
    z = sample(mean.expand(shape), std.expand(shape), torch.Generator().manual_seed(1))
    np.testing.assert_allclose(z.mean(-1)[0], [2.0, -1.0], atol=0.03)
    np.testing.assert_allclose(z.std(-1)[0], [0.5, 3.0], rtol=0.02)


def test_a_draw_teaches_both_and_is_the_same_again():
    mean, std = torch.zeros(1, 2, 3, requires_grad=True), torch.ones(1, 2, 3, requires_grad=True)
    z = sample(mean, std, torch.Generator().manual_seed(1))
    z.sum().backward()
    assert torch.equal(mean.grad, torch.ones(1, 2, 3)) and torch.equal(std.grad, z.detach())


def test_the_weight_rises_by_equal_ratios_and_then_stays():
    weights = [beta(step, 1e-6, 5e-2, 20_000) for step in range(0, 20_001, 1000)]
    ratios = np.divide(weights[1:], weights[:-1])
    np.testing.assert_allclose(ratios, (5e-2 / 1e-6) ** (1 / 20))
    assert (weights[0], weights[-1]) == (pytest.approx(1e-6), 5e-2)
    assert beta(10**9, 1e-6, 5e-2, 20_000) == beta(0, 0.3, 5e-2, 0) == 5e-2


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 5), (1e-6, -1.0, 5), (1e-6, math.inf, 5), (1e-6, 1.0, -1)])
def test_a_weight_that_cannot_rise_is_refused(wrong):
    with pytest.raises(ConfigError, match="beta rises from a number above 0"):
        beta(0, *wrong)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((1, 2, 3), (1, 2, 4)), ((1, 0, 3), (1, 0, 3))])
def test_what_is_no_latent_is_refused(shapes):
    with pytest.raises(ShapeError, match=r"a latent \[B, K, F\]"):
        kl(*map(torch.ones, shapes))
