"""Products by the core are those in double, for every shape and any strides; so are a linear layer's gradients."""

import numpy as np
import pytest
import torch

from tests.runtime.test_native import needs_core
from tonewright.dsp import products
from tonewright.dsp.products import linear, product
from tonewright.errors import ShapeError
from tonewright.threads import one_thread

SIZES = [(1, 1, 1), (8, 5, 48), (9, 257, 49), (100, 300, 33), (97, 64, 96), (50, 0, 20), (193, 513, 7)]


@pytest.fixture(autouse=True)
def by_the_core(monkeypatch):
    monkeypatch.setattr(products, "MANY", 0)
    with one_thread():
        yield


@pytest.mark.parametrize("m,k,n", SIZES)
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
def test_products_are_exact_to_rounding(m, k, n, turned):
    rng = np.random.default_rng(m + k + n)
    a, b = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32)
    exact = a.astype(float) @ b.astype(float)
    left = torch.from_numpy(a.T.copy()).t() if "a" in turned else torch.from_numpy(a)
    right = torch.from_numpy(b.T.copy()).t() if "b" in turned else torch.from_numpy(b)
    made = product(left, right).numpy()
    assert made.shape == (m, n) and np.abs(made - exact).max() < 3e-7 * (k + 8)


def test_parts_of_rows_are_multiplied_where_they_lie():
    wide = torch.randn(60, 100)
    a, b = wide[:, 10:50], wide[:40, 3:97:2]
    torch.testing.assert_close(product(a, b), a @ b, rtol=1e-4, atol=1e-4)


@needs_core
def test_the_core_refuses_what_does_not_fit():
    a, b = np.zeros((3, 4), np.float32), np.zeros((5, 6), np.float32)
    with pytest.raises(ValueError, match="multiply wants"):
        products.native.multiply(a, b, np.zeros((3, 6), np.float32))
    with pytest.raises(TypeError):
        products.native.multiply(a.astype(float), a.T.astype(float), np.zeros((3, 3)))
    with pytest.raises(ShapeError, match="product wants"):
        product(torch.zeros(3, 4), torch.zeros(5, 6))


@pytest.mark.parametrize("shape", [(40,), (3, 50), (2, 3, 4)])
def test_linear_has_torchs_gradients(shape):
    torch.manual_seed(0)
    given = [torch.randn(*shape, 30), torch.randn(20, 30), torch.randn(20)]
    ours = [tensor.requires_grad_() for tensor in given]
    theirs = [tensor.detach().double().requires_grad_() for tensor in given]
    y, exact = linear(*ours), torch.nn.functional.linear(*theirs)
    dy = torch.randn(y.shape)
    assert y.shape == exact.shape
    torch.testing.assert_close(y.double(), exact, rtol=1e-5, atol=1e-5)
    for a, b in zip(
        torch.autograd.grad(y, ours, dy), torch.autograd.grad(exact, theirs, dy.double()), strict=True
    ):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=2e-5)
