"""What a recipe with a carried state learns from: stretches of the recordings side by side, chunk by chunk."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.pairs import Crop, Crops, Pair
from tonewright.errors import ConfigError

MOST = 1 << 20


@dataclass(frozen=True)
class Truncation:
    """How time is cut. The defaults are few sounds and short chunks, because many small steps beat few large ones.

    Attributes:
        segments: played side by side; `Teaching.batch` and `Teaching.crop` are of recipes without a carried state.
        group: segments that one thread plays together. Groups are summed in order, so it is no matter of threads.
        warm_up: samples before a segment that only bring the state from silence to where it would be.
        chunk: samples that a step learns from, and through which gradients go back.
        chunks: of a segment.
    """

    segments: int = 16
    group: int = 16
    warm_up: int = 1024
    chunk: int = 1024
    chunks: int = 16

    def __post_init__(self):
        for name, least in (("segments", 1), ("group", 1), ("warm_up", 0), ("chunk", 2), ("chunks", 1)):
            if not least <= getattr(self, name) <= MOST:
                raise ConfigError(f"{name} is {least} to {MOST}, and not {getattr(self, name)}")


@dataclass
class Piece:
    """What a group of segments learns from in one step.

    Attributes:
        index: of the group.
        condition: [B, 1 + K, context + T].
        target, weight: [B, 1, T].
        context: samples before the first that counts.
    """

    index: int
    condition: Tensor
    target: Tensor
    weight: Tensor
    context: int


class Segments:
    """The pieces of each step; they depend on the seed and the step alone."""

    def __init__(self, pairs: list[Pair], knobs: tuple[str, ...], cut: Truncation, seed: int):
        self.cut = cut
        self.crops = Crops(pairs, knobs, cut.warm_up, cut.chunk * cut.chunks, seed)
        self._number, self._groups = -1, []

    def batch(self, step: int, count: int) -> list[Piece]:
        """One piece of each group; `count` is of recipes without segments."""
        cut = self.cut
        number, chunk = divmod(step, cut.chunks)
        if number != self._number:
            segments = self.crops.batch(number, cut.segments)
            self._groups = [stack(group, i) for i, group in enumerate(alike(segments, cut.group))]
            self._number = number
        here = slice(chunk * cut.chunk, (chunk + 1) * cut.chunk)
        heard = slice(here.start, here.stop + cut.warm_up)
        return [
            Piece(g.index, g.condition[..., heard], g.target[..., here], g.weight[..., here], cut.warm_up)
            for g in self._groups
        ]


def alike(crops: list[Crop], most: int) -> list[list[Crop]]:
    """In groups of at most so many, each of one length."""
    groups: list[list[Crop]] = []
    for item in crops:
        if not groups or len(groups[-1]) == most or len(groups[-1][0].dry) != len(item.dry):
            groups.append([])
        groups[-1].append(item)
    return groups


def stack(crops: list[Crop], index: int = 0) -> Piece:
    """Crops of one length side by side, as the group of that index."""
    rows = [np.stack([c.dry, *(np.full_like(c.dry, value) for value in c.knobs)]) for c in crops]
    target, weight = (np.stack([getattr(c, name) for c in crops])[:, None] for name in ("wet", "weight"))
    context = len(crops[0].dry) - len(crops[0].wet)
    return Piece(index, *map(torch.from_numpy, (np.stack(rows), target, weight)), context)
