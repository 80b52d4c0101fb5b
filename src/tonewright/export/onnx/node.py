"""A node of a layer graph, as those who translate it see it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tonewright.export.onnx.sheet import Sheet


@dataclass
class Node:
    """One operation, what goes into it, and where its translation is written down.

    Attributes:
        op, name: which, and in which layer.
        sheet: to write on.
        inputs: names of the values that go in, each [1, channels, samples], a number, or a weight.
        attributes: as the graph has them.
        weights: names of its tensors, by what they are to it.
        tensors: all of them, by name.
        state: names of what it remembers, each with a first axis of 1.
        shapes, kinds: of what it remembers, the shapes without that axis.
        after: what it remembers afterwards; to be filled.
    """

    op: str
    name: str
    sheet: "Sheet"
    inputs: list[str]
    attributes: dict
    weights: dict[str, str]
    tensors: dict[str, np.ndarray]
    state: list[str]
    shapes: list[list[int]]
    kinds: list[type]
    after: list[str] = field(default_factory=list)

    def weight(self, key: str) -> str:
        """The name of a weight, kept in the file as it is."""
        name = self.weights[key]
        return self.sheet.tensor(name, self.tensors[name])

    def array(self, key: str) -> np.ndarray:
        """A weight in float64, to compute with."""
        return self.tensors[self.weights[key]].astype(np.float64)

    def number(self, key: str) -> float:
        """A weight that is one number."""
        return float(self.array(key).reshape(()))

    def remembering(self, memory: int) -> str:
        """The block behind what is remembered; the last `memory` samples of both are for the block after."""
        if memory == 0:
            return self.inputs[0]
        heard = self.sheet.cat(self.state[0], self.inputs[0])
        self.after = [self.sheet.slice(heard, -memory)]
        return heard
