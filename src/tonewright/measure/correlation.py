"""Whether two things rise and fall together, whatever the curve that joins them."""

import numpy as np
from scipy.stats import rankdata

from tonewright.errors import ShapeError

FEWEST = 3  # of two numbers one is always larger
EQUAL = 1e-9  # of the largest spread: what moves by less than that stands still, and its ranks are those of rounding


def rank_correlation(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each row with the values: that of their ranks.

    It is 1 where a row grows whenever the values do, though it be along a curve, as a level does with its decibels.

    Args:
        rows: [K, N], finite.
        values: [N], finite.

    Returns:
        -1 to 1, [K]; 0 for a row, or values, that stand still beside the others, and for fewer than three numbers.

    Raises:
        ShapeError: when the shapes do not go together.

    >>> rank_correlation(np.array([[1.0, 10.0, 100.0], [3.0, 2.0, 1.0], [5.0, 5.0, 5.0]]), np.array([0.0, 1.0, 2.0]))
    array([ 1., -1.,  0.])
    """
    if rows.ndim != 2 or values.shape != rows.shape[1:]:
        raise ShapeError(
            f"a correlation wants rows [K, N] and values [N], and got {rows.shape} and {values.shape}"
        )
    if len(values) < FEWEST or not len(rows):
        return np.zeros(len(rows))
    spread = np.ptp(rows, axis=1)
    a, b = rankdata(rows, axis=1) - (len(values) + 1) / 2, rankdata(values) - (len(values) + 1) / 2
    product = np.sqrt((a * a).sum(axis=1) * (b @ b))
    moves = (spread > EQUAL * spread.max()) & (product > 0)
    return np.where(moves, a @ b / np.where(moves, product, 1.0), 0.0).clip(-1.0, 1.0)
