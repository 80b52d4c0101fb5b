"""What judges and judged teach each other: worked out by hand, item by item, and to whom the gradients go."""

import pytest
import torch

from tonewright.models.rave.discriminators import PERIODS, Discriminators, Judgement
from tonewright.models.rave.losses import (
    adversarial,
    halves,
    hinge,
    matching,
    to_convince,
    to_tell_apart,
)


def judgement(scores: list[float], *features: list[list[float]]) -> Judgement:
    return Judgement(torch.tensor(scores)[:, None], [torch.tensor(feature) for feature in features])


def test_hinge_by_hand():
    """Scores beyond 1 and -1 are right enough and teach nothing more."""
    real, fake = judgement([2.0, 0.5]), judgement([-3.0, 1.0])
    assert float(hinge([real], [fake])) == pytest.approx((0 + 0.5) / 2 + (0 + 2.0) / 2)
    assert float(hinge([real, real], [fake, fake])) == pytest.approx(2 * 1.25)
    assert float(adversarial([fake, real])) == pytest.approx(1.0 - 1.25)


def test_matching_by_hand():
    real = judgement([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], [[2.0, -2.0], [10.0, 0.0]])
    fake = judgement([0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]], [[1.0, -1.0], [10.0, 10.0]])
    assert float(matching([real], [fake], relative=False)) == pytest.approx((1.0 + (1 + 1 + 0 + 10) / 4) / 2)
    assert float(matching([real], [fake], relative=True)) == pytest.approx((0.5 + 5 / 5) / 2)


def test_relative_matching_does_not_know_how_large_features_are_nor_the_first_layer():
    torch.manual_seed(0)
    judges = Discriminators(2, (2,))
    real, fake = judges(torch.randn(2, 1, 512)), judges(torch.randn(2, 1, 512))
    expected = matching(real, fake, relative=True)
    larger = [[Judgement(j.score, [100 * f for f in j.features]) for j in side] for side in (real, fake)]
    torch.testing.assert_close(matching(*larger, relative=True), expected)
    other = [Judgement(j.score, [torch.randn_like(j.features[0]), *j.features[1:]]) for j in fake]
    assert matching(real, other, relative=True) == expected
    assert matching(real, other, relative=False) != matching(real, fake, relative=False)


def test_features_of_nothing_are_no_number_too_large():
    real = judgement([0.0], [[0.0]], [[0.0]])
    fake = judgement([0.0], [[0.0]], [[0.1]])
    assert torch.isfinite(matching([real], [fake], relative=True))


@pytest.mark.parametrize("relative", [True, False])
def test_a_batch_is_the_mean_of_its_items(relative):
    torch.manual_seed(0)
    judges = Discriminators(2, PERIODS).double()
    target, estimate = torch.randn(2, 3, 1, 777, dtype=torch.float64)
    target[1] *= 0.01

    def losses(part: slice) -> torch.Tensor:
        told = to_tell_apart(judges, target[part], estimate[part])
        return torch.stack([told, *to_convince(judges, target[part], estimate[part], relative)])

    alone = torch.stack([losses(slice(i, i + 1)) for i in range(3)])
    torch.testing.assert_close(losses(slice(None)), alone.mean(dim=0))


def test_gradients_go_to_whom_they_are_for():
    judges = Discriminators(2, (2,))
    target, estimate = torch.randn(1, 1, 512), torch.randn(1, 1, 512, requires_grad=True)
    to_tell_apart(judges, target, estimate).backward()
    assert estimate.grad is None and all(p.grad is not None for p in judges.parameters())
    judged, close = to_convince(judges, target, estimate)
    for loss in (judged, close):
        (slope,) = torch.autograd.grad(loss, estimate, retain_graph=True)
        assert torch.isfinite(slope).all() and slope.abs().max() > 0


def test_losses_of_short_numbers_are_long():
    judges = Discriminators(2, (3,))
    x, y = torch.randn(2, 1, 1, 600)
    with torch.autocast("cpu", torch.bfloat16):
        assert judges(x)[0].score.dtype == torch.bfloat16
        short = [to_tell_apart(judges, x, y), *to_convince(judges, x, y, relative=True)]
    long = [to_tell_apart(judges, x, y), *to_convince(judges, x, y, relative=True)]
    assert all(loss.dtype == torch.float32 for loss in short)
    torch.testing.assert_close(short, long, rtol=0.02, atol=0.01)


def test_halves_are_those_of_the_batch():
    judges = Discriminators(2, (3,))
    x = torch.randn(4, 1, 600)
    for half, part in zip(halves(judges(x)), (x[:2], x[2:]), strict=True):
        for got, expected in zip(half, judges(part), strict=True):
            torch.testing.assert_close(got, expected)
