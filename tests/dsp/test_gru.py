"""A GRU's values are torch's, and its gradients those of autograd: in torch to float64, in the core to float32."""

import pytest
import torch

from tests.runtime.test_native import needs_core
from tonewright.dsp import gru as module
from tonewright.dsp.gru import gru
from tonewright.errors import ShapeError


def drawn(batch: int, inputs: int, hidden: int, samples: int, dtype=torch.float64) -> list[torch.Tensor]:
    torch.manual_seed(hidden)
    shapes = [(3 * hidden, inputs), (3 * hidden, hidden), (3 * hidden,), (3 * hidden,)]
    weights = [torch.randn(shape) * min(0.7, 2 / hidden**0.5) for shape in shapes]
    given = [torch.randn(batch, inputs, samples), torch.randn(batch, hidden), *weights]
    return [tensor.to(dtype).requires_grad_() for tensor in given]


def by_torch(x, h, *weights):
    y, after = torch.gru(x.permute(2, 0, 1), h[None], weights, True, 1, 0.0, True, False, False)
    return y.permute(1, 2, 0), after[0]


def with_gradients(run, given) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """What comes out, and the gradients of a sum of all of it with weights of its own."""
    made = run(*given)
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(part.shape, generator=generator).to(part) for part in made]
    total = sum((w * part).sum() for w, part in zip(weights, made, strict=True))
    return [part.detach() for part in made], torch.autograd.grad(total, given)


@pytest.mark.parametrize("batch,inputs,hidden,samples", [(1, 1, 1, 1), (2, 3, 5, 30), (3, 8, 20, 100)])
def test_float64_is_autograds(batch, inputs, hidden, samples):
    given = drawn(batch, inputs, hidden, samples)
    ours, theirs = with_gradients(gru, given), with_gradients(by_torch, given)
    for a, b in zip([*ours[0], *ours[1]], [*theirs[0], *theirs[1]], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10 * max(1.0, float(b.abs().max())))


@needs_core
@pytest.mark.parametrize(
    "batch,inputs,hidden,samples",
    [(1, 1, 1, 3), (7, 3, 5, 40), (16, 40, 33, 100), (9, 64, 50, 60), (16, 5, 128, 50), (3, 200, 100, 30)],
)
def test_the_core_is_as_near_to_it_as_float32_is(batch, inputs, hidden, samples):
    exact = with_gradients(by_torch, drawn(batch, inputs, hidden, samples))
    made = with_gradients(gru, drawn(batch, inputs, hidden, samples, torch.float32))
    for part, wanted in zip(made[0], exact[0], strict=True):
        assert (part - wanted).abs().max() < 3e-6
    for part, wanted in zip(made[1], exact[1], strict=True):
        assert (part - wanted).norm() < 1e-5 * wanted.norm()


@needs_core
def test_without_the_core_torch_does_the_same(monkeypatch):
    given = drawn(4, 6, 10, 30, torch.float32)
    core = with_gradients(gru, given)
    monkeypatch.setattr(module, "native", None)
    plain = with_gradients(gru, given)
    for a, b in zip([*core[0], *core[1]], [*plain[0], *plain[1]], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 * max(1.0, float(b.abs().max())))


@needs_core
def test_what_was_kept_is_not_used_up():
    given = drawn(2, 3, 4, 20, torch.float32)
    y, _ = gru(*given)
    first = torch.autograd.grad(y.sum(), given, retain_graph=True)
    for a, b in zip(first, torch.autograd.grad(y.sum(), given), strict=True):
        assert torch.equal(a, b)


def test_mistakes_are_told():
    x, h, *weights = drawn(2, 3, 4, 20)
    for wrong in [(x[0], h), (x[..., :0], h), (x, h[:1]), (x[:, :2], h), (x, h[:, :3])]:
        with pytest.raises(ShapeError, match="gru wants x"):
            gru(*wrong, *weights)
    with pytest.raises(ShapeError, match="gru wants x"):
        gru(x, h, *weights[:3], weights[3][1:])
