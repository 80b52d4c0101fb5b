"""Means and covariances of more rows than memory holds, and some of the rows, chunk by chunk."""

import torch
from torch import Tensor

MOST = 20_000  # rows that are kept


class Moments:
    """Sums of rows and of their products, in float64, counted from the first chunk's mean.

    What is far from 0 and varies little would lose its variance in the difference of two large sums; counted from
    near its mean it keeps it.

    >>> moments = Moments()
    >>> moments.add(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    >>> moments.add(torch.tensor([[5.0, 10.0]]))
    >>> moments.mean.tolist(), moments.covariance.tolist()
    ([3.0, 6.0], [[4.0, 8.0], [8.0, 16.0]])
    """

    def __init__(self):
        self.count = 0
        self._origin: Tensor | None = None
        self._sum: Tensor | float = 0.0
        self._products: Tensor | float = 0.0

    def add(self, rows: Tensor) -> None:
        """Another chunk, [N, K]; K is the same for all, N any number."""
        if not len(rows):
            return
        rows = rows.detach().to("cpu", torch.float64)
        if self._origin is None:
            self._origin = rows.mean(dim=0)
        rows = rows - self._origin
        self.count += len(rows)
        self._sum = self._sum + rows.sum(dim=0)
        self._products = self._products + rows.T @ rows

    @property
    def mean(self) -> Tensor:
        """[K], once there is a row."""
        return self._origin + self._sum / self.count

    @property
    def covariance(self) -> Tensor:
        """[K, K], of the sample (N - 1); 0 for a single row."""
        shift = self._sum / self.count
        return (self._products - self.count * torch.outer(shift, shift)) / max(1, self.count - 1)


class Kept:
    """Some of all rows, evenly: every one, every second, every fourth, so that they are never more than 20,000.

    Which ones does not depend on how the rows were cut into chunks.

    >>> kept = Kept()
    >>> for start in (0, 30_000):
    ...     kept.add(torch.arange(start, start + 30_000)[:, None])
    >>> kept.rows[:3, 0].tolist(), len(kept.rows)
    ([0, 4, 8], 15000)
    """

    def __init__(self):
        self._count, self._every, self._held = 0, 1, 0
        self._chunks: list[Tensor] = []

    def add(self, rows: Tensor) -> None:
        """Another chunk, [N, K]; K is the same for all, N any number."""
        rows, self._count = rows[-self._count % self._every :: self._every], self._count + len(rows)
        self._chunks.append(rows.clone())
        self._held += len(rows)
        while self._held > MOST:
            self._chunks = [self.rows[::2].clone()]
            self._every, self._held = 2 * self._every, len(self._chunks[0])

    @property
    def rows(self) -> Tensor:
        """Those that are kept, [at most 20,000, K], once a chunk was added."""
        return torch.cat(self._chunks)
