"""Correlation of ranks against scipy's."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from tonewright.errors import ShapeError
from tonewright.measure.correlation import rank_correlation


@pytest.mark.parametrize("ties", [False, True])
def test_is_spearmans(ties):
    random = np.random.default_rng(0)
    rows, values = random.standard_normal((5, 300)), random.standard_normal(300)
    rows[0] += 2 * values
    if ties:
        rows, values = rows.round(), values.round()
    expected = [spearmanr(row, values).statistic for row in rows]
    np.testing.assert_allclose(rank_correlation(rows, values), expected, atol=1e-12)


def test_a_curve_that_rises_is_as_good_as_a_line():
    db = np.linspace(-80.0, 0.0, 200)
    assert rank_correlation(10 ** (db / 20)[None], db).tolist() == [1.0]


def test_what_stands_still_goes_with_nothing():
    values = np.arange(50.0)
    rows = np.stack([values, np.full(50, 3.0), 1e-13 * values, -values])
    assert rank_correlation(rows, values).tolist() == pytest.approx([1.0, 0.0, 0.0, -1.0])
    assert rank_correlation(rows, np.ones(50)).tolist() == [0.0] * 4
    assert rank_correlation(rows[:, :2], values[:2]).tolist() == [0.0] * 4
    assert rank_correlation(np.zeros((0, 5)), values[:5]).tolist() == []


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ShapeError, match="a correlation wants rows"):
        rank_correlation(np.zeros((2, 3)), np.zeros(4))
