"""What the nodes with a memory share. Everything in this folder but the builder is compiled by torch.jit.script."""

import torch
from torch import Tensor, nn


def many(start: Tensor, batch: int) -> Tensor:
    """What one sound [1, ...] begins with, for so many, [batch, ...]; nothing ever writes into it."""
    return start.expand([batch] + start.shape[1:])  # noqa: RUF005 (TorchScript knows no unpacking)


class Remembering(nn.Module):
    """One memory, which begins as `start` [1, ...] and is replaced, never written into, by every block."""

    def __init__(self, start: Tensor):
        super().__init__()
        self.register_buffer("start", start)
        self.register_buffer("memory", start)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.memory = many(self.start, batch)


class RememberingTwo(nn.Module):
    """Two memories, as above."""

    def __init__(self, start: Tensor, other_start: Tensor):
        super().__init__()
        self.register_buffer("start", start)
        self.register_buffer("memory", start)
        self.register_buffer("other_start", other_start)
        self.register_buffer("other", other_start)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.memory = many(self.start, batch)
        self.other = many(self.other_start, batch)
