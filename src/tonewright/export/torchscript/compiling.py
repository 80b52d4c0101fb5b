"""Compiling: without torch's advice, from source, and so that a model is quick to begin."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def compiling() -> Iterator[None]:
    """Without torch's advice to use something else: nothing else is read by the programs that this is for."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="torch")
        warnings.filterwarnings("ignore", message=".*torch.jit.*")
        yield


class Node(nn.Module):
    """What the nodes that hear one sound and remember have in common.

    Called through such an interface, a node is compiled once for all of its class, and not as a part of the model as
    often as it is there. It is some hundredths slower, and the first blocks of a large model come in a tenth of the
    time.
    """

    def begin(self, batch: int) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        pass


with compiling():
    torch.jit.interface(Node)


def function(head: str, lines: list[str]) -> str:
    """The source of a method."""
    return "\n".join([f"def {head}:", *(f"    {line}" for line in lines)]) + "\n"
