"""What a loop learns from: many short windows, drawn from all over the recordings."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.pairs import Crops, Pair


@dataclass
class Windows:
    """Windows side by side, each `past` samples of what was and then T samples to make.

    Attributes:
        dry: [B, 1, past + T].
        wet: [B, 1, past + T]; the noise of a step is added to its past and nowhere else.
        weight: [B, 1, T], 1 where a sample counts.
        knobs: settings, [B, K, 1].
    """

    dry: Tensor
    wet: Tensor
    weight: Tensor
    knobs: Tensor

    def split(self, count: int) -> list["Windows"]:
        """In groups of at most so many."""
        parts = (part.split(count) for part in (self.dry, self.wet, self.weight, self.knobs))
        return [Windows(*group) for group in zip(*parts, strict=True)]


class Draw:
    """The windows of each step; they depend on the seed and the step alone.

    Args:
        pairs: to draw from, each as often as its length.
        knobs: names, in the model's order.
        past: samples before the first that is to be made.
        longest: samples that are to be made, at most.
        seed: of the choice and of the noise.

    Raises:
        PairError: when no pair is long enough for one window.
    """

    def __init__(self, pairs: list[Pair], knobs: tuple[str, ...], past: int, longest: int, seed: int):
        self.crops = Crops(pairs, knobs, past, longest, seed)
        self.past, self.seed = past, seed
        self.sounds = [(pair.dry, pair.wet, pair.weight) for pair in pairs]

    def windows(self, step: int, count: int, length: int, noise: float) -> Windows:
        """`count` windows of `length` samples to make, after a past with normal noise of that size on the wet."""
        which, starts = self.crops.places(step, count)
        shape = (count, self.past + length)
        dry, wet, weight = (np.empty(shape, np.float32) for _ in range(3))
        for number in np.unique(which):
            rows = which == number
            for out, sound in zip((dry, wet, weight), self.sounds[number], strict=True):
                out[rows] = _cut(sound, starts[rows] - self.past, shape[1])
        knobs = np.array([self.crops.knobs[number] for number in which], np.float32)
        if noise:
            rng = np.random.default_rng((self.seed, step, 1))
            wet[:, : self.past] += noise * rng.standard_normal((count, self.past), np.float32)
        rows = (torch.from_numpy(part)[:, None] for part in (dry, wet, weight[:, self.past :]))
        return Windows(*rows, torch.from_numpy(knobs)[..., None])


def _cut(sound: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """[n, length], each row from its start on."""
    return np.lib.stride_tricks.sliding_window_view(sound, length)[starts]
