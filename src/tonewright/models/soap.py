"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

A capture has a few thousand weights and steps of tens of milliseconds, so the eigenbases of its small matrices
cost next to nothing, and at equal time the error ends below that of the best rate of Adam that was tried
(benchmarks/RESULTS.md, "Optimiser").
"""

import torch
from torch import Tensor


class Soap:
    """Steps a list of parameters by given gradients; all that it remembers is in `state`.

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
    ...     soap.step([2 * weight], rate=0.1 * (1 - i / 200))
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
        self.state = [_begin(_matrix(p)) for p in self.parameters]

    @torch.no_grad()
    def step(self, gradients: list[Tensor], rate: float) -> None:
        """Move every parameter by about `rate` against its gradient."""
        self.steps += 1
        for parameter, gradient, memory in zip(self.parameters, gradients, self.state, strict=True):
            move = self._direction(_matrix(gradient), memory)
            parameter.sub_(move.reshape(parameter.shape), alpha=rate)

    def _direction(self, gradient: Tensor, memory: dict[str, Tensor]) -> Tensor:
        for side, moment in (("rows", gradient @ gradient.T), ("columns", gradient.T @ gradient)):
            if side in memory:
                self._learn_basis(memory, side, moment)
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
            order = torch.argsort((basis * (memory[side] @ basis)).sum(dim=0), descending=True)
            basis.copy_(torch.linalg.qr(memory[side] @ basis[:, order])[0])
            memory["square"].copy_(memory["square"].index_select(0 if side == "rows" else 1, order))


def _matrix(x: Tensor) -> Tensor:
    """[outputs, everything else]; a vector is one row."""
    return x.reshape(x.shape[0], -1) if x.ndim > 1 else x.reshape(1, -1)


def _begin(like: Tensor) -> dict[str, Tensor]:
    memory = {"mean": torch.zeros_like(like), "square": torch.zeros_like(like)}
    rows, columns = like.shape
    if rows > 1 and columns > 1:  # a vector needs no basis: what is left is Adam
        for side, size in (("rows", rows), ("columns", columns)):
            memory[side] = like.new_zeros(size, size)
            memory[f"{side}_basis"] = torch.eye(size, dtype=like.dtype)
    return memory


def _turn(x: Tensor, memory: dict[str, Tensor]) -> Tensor:
    return memory["rows_basis"].T @ x @ memory["columns_basis"] if "rows" in memory else x


def _turn_back(x: Tensor, memory: dict[str, Tensor]) -> Tensor:
    return memory["rows_basis"] @ x @ memory["columns_basis"].T if "rows" in memory else x
