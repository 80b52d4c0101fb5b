"""Gradients of a batch, item by item: on several threads or processes, and equal whatever their number."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.distributed as dist
from torch import Tensor

from tonewright.threads import cores

Losses = dict[str, float]


class ItemGradients:
    """Sums the gradients of items in the order of the items, whoever computed them.

    Every item is one task on one thread: on a CPU that is faster than one batched call (each item's
    activations stay in its core's cache), and a sum in a fixed order gives the same bits for 1 thread and for 16,
    in one process or in several under torchrun.

    Args:
        parameters: what to differentiate by.
        threads: of this process; None takes this process's share of the cores.
    """

    def __init__(self, parameters: list[Tensor], threads: int | None = None):
        self.parameters = parameters
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        self.threads = threads or max(1, cores() // local_processes())
        self._pool = ThreadPoolExecutor(self.threads, initializer=torch.set_num_threads, initargs=(1,))

    def __call__(
        self, loss_of: Callable[..., tuple[Tensor, Losses]], items: list, leaf: Tensor | None = None
    ) -> tuple[Tensor, Losses]:
        """The sum of the items' gradients, [P] in the order of the parameters, and of their losses.

        Args:
            loss_of: of one item, to the loss to differentiate and the losses to report.
            items: the whole batch; every process is given the same.
            leaf: all parameters in one row, where the loss was computed from that.
        """
        mine = (
            items[self.rank :: self.world] or items[:1]
        )  # a process too many does one again, which nobody adds
        leaves = self.parameters if leaf is None else [leaf]
        rows = list(self._pool.map(lambda item: _one(loss_of, item, leaves), mine))
        names = list(rows[0][1]) if rows else []
        if (
            self.world == 1
        ):  # large networks notice a table of all rows: it is memory, fetched anew at every step
            losses = rows[0][0].new_tensor([[losses[n] for n in names] for _, losses in rows])
            gradient, losses = _sum_in_order([row for row, _ in rows]), _sum_in_order(losses)
            return gradient, dict(zip(names, losses.tolist(), strict=True))
        table = torch.stack(
            [torch.cat([row, row.new_tensor([losses[n] for n in names])]) for row, losses in rows]
        )
        total = _sum_in_order(self._gather(table, len(items)))
        gradient, losses = total.split([len(total) - len(names), len(names)])
        return gradient, dict(zip(names, losses.tolist(), strict=True))

    def map(self, function: Callable, items: list) -> list:
        """function of each item, on the same threads; for measuring."""
        return list(self._pool.map(function, items))

    def _gather(self, table: Tensor, count: int) -> Tensor:
        """Every process's rows, back in the order of the items."""
        share = -(-count // self.world)
        padded = table.new_zeros(share, table.shape[1])
        padded[: len(table)] = table
        here = padded.device
        padded = padded.cpu()  # what the processes talk by knows no GPU
        parts = [torch.empty_like(padded) for _ in range(self.world)]
        dist.all_gather(parts, padded)
        return torch.stack(parts, dim=1).flatten(0, 1)[:count].to(here)


def _one(loss_of, item, leaves: list[Tensor]) -> tuple[Tensor, Losses]:
    loss, losses = loss_of(item)
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    flat = [torch.zeros_like(p) if g is None else g for g, p in zip(gradients, leaves, strict=True)]
    return torch.cat([g.reshape(-1) for g in flat]), losses


def local_processes() -> int:
    """Processes of this training on this machine, as torchrun says."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _sum_in_order(rows: Tensor | list[Tensor]) -> Tensor:
    """Into the first row."""
    total = rows[0]
    for row in rows[1:]:
        total += row
    return total
