"""The basis of a latent against numpy, on latents whose directions are known."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from tonewright.errors import ConfigError, ShapeError, TrainingError
from tonewright.models.rave.basis import Gathering, basis_of, dims_for, heard_in
from tonewright.models.rave.moments import Kept

K, F = 12, 4000


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def of_rank(rank: int, noise: float = 0.0, offset: float = 0.0) -> np.ndarray:
    """[K, F] that varies along `rank` directions, ever less."""
    falling = 0.7 ** np.arange(rank)[:, None]
    return random(K, rank) @ (falling * random(rank, F, seed=1)) + noise * random(K, F, seed=2) + offset


def chunked(z: np.ndarray, *cuts: int) -> list[torch.Tensor]:
    return [torch.from_numpy(part)[None] for part in np.split(z, cuts, axis=1)]


def reference(z: np.ndarray):
    """Variance and directions by numpy, the largest first."""
    variance, columns = np.linalg.eigh(np.cov(z))
    return variance[::-1], columns.T[::-1]


def test_is_what_numpy_says_however_it_was_cut():
    z = of_rank(K)
    variance, directions = reference(z)
    for chunks in (chunked(z), chunked(z, 1, 17, 3000)):
        basis = basis_of(chunks)
        np.testing.assert_allclose(basis.variance, variance, rtol=1e-5)
        np.testing.assert_allclose(np.abs((basis.directions.numpy() * directions).sum(1)), 1.0, rtol=1e-5)
        np.testing.assert_allclose(basis.centre, z.mean(1), atol=1e-6)
        np.testing.assert_allclose(basis.directions @ basis.directions.T, np.eye(K), atol=1e-5)


def test_a_batch_is_so_many_more_frames():
    z = torch.from_numpy(of_rank(K))
    apart, together = basis_of([z[None]]), basis_of([z.reshape(K, 4, -1).transpose(0, 1)])
    torch.testing.assert_close(apart.directions, together.directions)


def test_a_latent_far_from_0_keeps_its_variance():
    z = of_rank(3, offset=1e6)
    np.testing.assert_allclose(
        basis_of(chunked(z, 10, 500)).variance[:3], reference(of_rank(3))[0][:3], rtol=1e-4
    )


@pytest.mark.parametrize("rank", [1, 3, 7, K])
def test_as_many_dimensions_as_there_are(rank):
    basis = basis_of(chunked(of_rank(rank)))
    shares = np.cumsum(reference(of_rank(rank))[0])
    shares /= shares[-1]
    assert dims_for(basis.variance, 1.0) == rank
    for fidelity in (0.3, 0.9, 0.95, 0.99):
        assert dims_for(basis.variance, fidelity) == int(np.argmax(shares >= fidelity)) + 1


def test_a_latent_that_stands_still_has_one_dimension():
    basis = basis_of([torch.full((1, K, 9), 3.0)])
    assert dims_for(basis.variance, 0.95) == 1 and basis.share.tolist() == [0.0] * K
    assert torch.equal(basis.centre, torch.full((K,), 3.0))


@pytest.mark.parametrize("fidelity", [0.0, -1.0, 1.01, float("nan")])
def test_an_impossible_fidelity_is_refused(fidelity):
    with pytest.raises(ConfigError, match="a fidelity is above 0 and at most 1"):
        dims_for(basis_of(chunked(of_rank(2))).variance, fidelity)


@pytest.mark.parametrize("seed", range(4))
def test_louder_is_up_whatever_sign_the_latent_has(seed):
    level = torch.from_numpy(random(1, F, seed=seed))
    other = torch.from_numpy(random(1, F, seed=seed + 10))
    for sign in (1.0, -1.0):
        z = torch.stack([0.1 * other, sign * 2.0 * level, 0.01 * other], dim=1)
        measured = {"loudness": -40.0 + 9.0 * level + 3.0 * other, "brightness": other}
        basis = basis_of([z], [measured])
        expected = spearmanr(level[0], measured["loudness"][0]).statistic
        assert float(basis.goes_with["loudness"][0]) == pytest.approx(expected, abs=1e-3)
        assert basis.words(0) == f"latent_0: loudness (r = {expected:.2f})"
        assert float(basis.directions[0, 1]) * sign > 0.99
        assert basis.words(1).startswith("latent_1: brightness (r = 1.00)")


def test_without_loudness_the_sign_is_the_same_every_time():
    z = of_rank(5)
    for latent in (z, -z):
        directions = basis_of(chunked(latent)).directions[:5]
        largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
        assert bool((largest > 0).all())


def test_frames_that_are_no_number_do_not_count():
    level = torch.from_numpy(random(1, F))
    bright = torch.where(level > 0, level, torch.nan)
    basis = basis_of([torch.stack([level, level * 0], dim=1)], [{"brightness": bright}])
    assert basis.goes_with["brightness"].tolist() == pytest.approx([1.0, 0.0])
    silent = basis_of([torch.randn(1, 3, 9)], [{"brightness": torch.full((1, 9), torch.nan)}])
    assert silent.goes_with["brightness"].tolist() == [0.0] * 3


@pytest.mark.parametrize("late", [0, 2048, 500, -1024])
def test_what_is_heard_lines_up_with_the_frames(late):
    hop, rate = 2048, 48000
    samples = torch.arange(8 * hop)
    swell = torch.exp(-(((samples - 4 * hop + late) / 200) ** 2))
    x = torch.sin(2 * torch.pi * 3000 / rate * samples) * torch.where(swell > 1e-3, swell, 0.0)
    heard = heard_in(x[None, None], rate, hop, late)
    assert heard["loudness"].shape == heard["brightness"].shape == (1, 8)
    assert int(heard["loudness"][0].nan_to_num(-99.0).argmax()) == 4
    assert 2 ** float(heard["brightness"][0, 4]) == pytest.approx(3000, rel=0.2)
    assert int(heard["brightness"][0].isnan().sum()) == 7


def test_what_does_not_fit_is_refused():
    gathering = Gathering()
    with pytest.raises(TrainingError, match="there is no sound"):
        gathering.basis()
    with pytest.raises(ShapeError, match="loudness of these frames"):
        gathering.add(torch.zeros(1, 3, 5), {"loudness": torch.zeros(1, 4)})
    with pytest.raises(TrainingError, match="no numbers"):
        gathering.add(torch.full((1, 3, 5), torch.nan))


def test_what_is_kept_of_many_rows_does_not_depend_on_the_cuts():
    rows = torch.arange(90_001)[:, None]
    for cuts in ([], [1], [7, 19_999, 20_000, 20_001, 60_000]):
        kept = Kept()
        for part in torch.tensor_split(rows, cuts):
            kept.add(part)
        assert torch.equal(kept.rows, rows[::8])
    few = Kept()
    few.add(rows[:0])
    few.add(rows[:20_000])
    assert torch.equal(few.rows, rows[:20_000])
