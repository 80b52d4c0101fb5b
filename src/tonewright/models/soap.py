"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

A capture has a few thousand weights in a hundred small tensors. Matrices of one shape are worked on together, so that
a step costs less than the gradients of its crops; and at equal time the error ends below that of the best rate of
Adam that was tried (benchmarks/RESULTS.md, "Optimiser").
"""

import math

import torch
from torch import Tensor


class Soap:
    """Steps a list of parameters by their gradient; all that it remembers is in `state`.

    Args:
        parameters: tensors, changed in place by `step`.
        momentum: decay of the mean gradient.
        scale_decay: decay of the mean square in the eigenbasis.
        basis_decay: decay of the gradient's second moments, rows and columns.
        refresh: steps between two updates of the eigenbases.

    Source: Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", 2024, algorithm 3.

    >>> weight = torch.ones(2, 3)
    >>> soap = Soap([weight])
    >>> for i in range(200):
    ...     soap.step(2 * weight.reshape(-1), rate=0.1 * (1 - i / 200))
    >>> bool(weight.abs().max() < 0.01)
    True
    """

    def __init__(
        self,
        parameters: list[Tensor],
        momentum: float = 0.9,
        scale_decay: float = 0.99,
        basis_decay: float = 0.98,
        refresh: int = 5,
    ):
        self.parameters = [p.detach() for p in parameters]  # the same storage, outside of autograd
        self.momentum, self.scale_decay = momentum, scale_decay
        self.basis_decay, self.refresh = basis_decay, refresh
        self.steps = 0
        groups = _groups(self.parameters)
        self.shapes = [shape for shape, _ in groups]
        self.order = torch.cat([places for _, places in groups])  # of all weights, group by group
        self.back = torch.argsort(self.order)
        self.state = [_begin(torch.zeros(shape)) for shape in self.shapes]

    @torch.no_grad()
    def step(self, gradient: Tensor, rate: float) -> None:
        """Move every parameter by about `rate` against the gradient of all, [P] in their order."""
        self.steps += 1
        parts = gradient[self.order].split([math.prod(shape) for shape in self.shapes])
        moves = [  # a copy begins where memory is aligned, on which the rounding of a product may depend
            self._direction(part.clone().view(shape), memory).reshape(-1)
            for part, shape, memory in zip(parts, self.shapes, self.state, strict=True)
        ]
        moves = torch.cat(moves)[self.back].split([p.numel() for p in self.parameters])
        moves = [move.view(p.shape) for move, p in zip(moves, self.parameters, strict=True)]
        torch._foreach_sub_(self.parameters, moves, alpha=rate)  # one call, and not one for every tensor

    def _direction(self, gradient: Tensor, memory: dict[str, Tensor]) -> Tensor:
        if "rows" in memory:
            self._learn_basis(memory, "rows", gradient @ gradient.mT)
            self._learn_basis(memory, "columns", gradient.mT @ gradient)
        memory["mean"].lerp_(gradient, 1 - self.momentum)
        turned = _turn(gradient, memory)
        memory["square"].mul_(self.scale_decay).addcmul_(turned, turned, value=1 - self.scale_decay)
        mean = _turn(memory["mean"], memory) / (1 - self.momentum**self.steps)
        square = memory["square"] / (1 - self.scale_decay**self.steps)
        return _turn_back(mean / (square.sqrt() + 1e-8), memory)

    def _learn_basis(self, memory: dict[str, Tensor], side: str, moment: Tensor) -> None:
        if self.steps == 1:
            memory[side].copy_(moment)
            memory[f"{side}_basis"].copy_(torch.linalg.eigh(moment)[1])
            return
        memory[side].lerp_(moment, 1 - self.basis_decay)
        if self.steps % self.refresh == 0:
            # One step of the power method from the last basis, which is nearly right already. Sorted by what
            # they explain, and the mean squares with them, the QR keeps the strong directions exact.
            basis = memory[f"{side}_basis"]
            powered = memory[side] @ basis
            order = torch.argsort((basis * powered).sum(dim=1), descending=True)
            basis.copy_(torch.linalg.qr(powered.take_along_dim(order[:, None], dim=2))[0])
            order = order[:, :, None] if side == "rows" else order[:, None]
            memory["square"].copy_(memory["square"].take_along_dim(order, dim=1 if side == "rows" else 2))


def _groups(parameters: list[Tensor]) -> list[tuple[tuple[int, int, int], Tensor]]:
    """Matrices of one shape together, and all vectors in one row: (count, rows, columns), and which weights."""
    groups: dict[tuple, list[Tensor]] = {}
    first = 0
    for parameter in parameters:
        rows, columns = _matrix(parameter).shape
        shape = (rows, columns) if rows > 1 and columns > 1 else ()
        groups.setdefault(shape, []).append(torch.arange(first, first + parameter.numel()))
        first += parameter.numel()
    joined = [(shape, len(places), torch.cat(places)) for shape, places in groups.items()]
    return [((count, *shape) if shape else (1, 1, len(all_)), all_) for shape, count, all_ in joined]


def _matrix(x: Tensor) -> Tensor:
    """[outputs, everything else]; a vector is one row."""
    return x.reshape(x.shape[0], -1) if x.ndim > 1 else x.reshape(1, -1)


def _begin(like: Tensor) -> dict[str, Tensor]:
    memory = {"mean": torch.zeros_like(like), "square": torch.zeros_like(like)}
    count, *sizes = like.shape
    if 1 not in sizes:  # a vector needs no basis: what is left is Adam
        for side, size in zip(("rows", "columns"), sizes, strict=True):
            memory[side] = like.new_zeros(count, size, size)
            memory[f"{side}_basis"] = torch.eye(size, dtype=like.dtype).repeat(count, 1, 1)
    return memory


def _turn(x: Tensor, memory: dict[str, Tensor]) -> Tensor:
    return memory["rows_basis"].mT @ x @ memory["columns_basis"] if "rows" in memory else x


def _turn_back(x: Tensor, memory: dict[str, Tensor]) -> Tensor:
    return memory["rows_basis"] @ x @ memory["columns_basis"].mT if "rows" in memory else x
