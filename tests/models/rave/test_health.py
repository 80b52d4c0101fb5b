"""A latent that collapsed, one that tells all, and one that is well."""

import pytest
import torch

from tonewright.models.rave.health import Watch, diagnose

F = 2000


def latent(used: int, dims: int = 128, scale: float = 1.0, offset: float = 0.0):
    """Means and deviations of which the first `used` dimensions tell something, the others nothing."""
    generator = torch.Generator().manual_seed(used)
    rows = torch.arange(dims)[:, None] < used
    means = torch.randn(1, dims, F, generator=generator) * torch.where(rows, scale, 0.01) + offset
    return means, torch.where(rows, 0.2, 1.0).expand(1, dims, F).clone()


@pytest.mark.parametrize(
    "used,words",
    [
        (0, "the latent has collapsed: none of its 128 dimensions tells anything"),
        (1, "the latent has collapsed to 1 dimension of 128"),
        (128, "128 of 128 dimensions of the latent are in use"),
    ],
)
def test_what_is_wrong_is_said(used, words):
    health = diagnose(*latent(used))
    assert health.informative == used and not health.well
    (sentence,) = health.sentences(beta=0.05)
    assert words in sentence
    assert f"--setting beta={'0.5' if used == 128 else '0.005'}" in sentence


@pytest.mark.parametrize("used", [2, 16, 60])
def test_a_latent_in_use_is_well(used):
    health = diagnose(*latent(used))
    assert health.well and health.sentences() == []
    assert health.informative == used and 0.9 * used <= health.effective <= used


def test_a_small_latent_may_be_full():
    assert diagnose(*latent(16, dims=16)).well


def test_one_direction_that_outweighs_all_is_named():
    means, stds = latent(6)
    means[:, 3] *= 100.0
    (sentence,) = diagnose(means, stds).sentences()
    assert "one direction of the latent holds 95 % of what varies, though 6 of 128" in sentence


def test_a_mean_that_stands_aside_tells_nothing():
    means, stds = latent(0, offset=3.0)
    health = diagnose(means, stds)
    assert float(health.kl.min()) > 0.1 and health.informative == 0


def test_in_pieces_it_is_the_same():
    means, stds = latent(5)
    whole, cut = diagnose(means, stds), diagnose(means.split([100, 1900], -1), stds.split([100, 1900], -1))
    assert (whole.informative, whole.effective) == (cut.informative, cut.effective)
    torch.testing.assert_close(whole.kl, cut.kl)


DEAD, WELL, ONE = (diagnose(*latent(used)) for used in (0, 16, 1))


def told(*healths, restored: bool = False) -> list[int]:
    """Which of the diagnoses made a person be told something."""
    watch, when = Watch(), []
    for n, health in enumerate(healths):
        if watch.see(health):
            when.append(n)
        if restored:
            again = Watch()
            again.restore(watch.state())
            watch = again
    return when


@pytest.mark.parametrize("restored", [False, True])
def test_a_person_is_told_once_and_when_it_stays(restored):
    assert told(*[DEAD] * 9, restored=restored) == [3]
    assert told(*[DEAD] * 3, WELL, *[DEAD] * 3, WELL, restored=restored) == []
    assert told(*[DEAD] * 4, *[ONE] * 4, restored=restored) == [3, 7]
    assert told(*[DEAD] * 4, *[WELL] * 4, *[DEAD] * 4, restored=restored) == [3, 11]
