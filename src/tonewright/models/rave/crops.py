"""Crops of what is taught, as a step hears them."""

import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from tonewright.audio.corpus import Corpus
from tonewright.audio.crop_loader import CropLoader
from tonewright.errors import TrainingError
from tonewright.models.rave.augment import augment
from tonewright.models.rave.course import Course
from tonewright.models.rave.model import Timbre

LOOKED_AT = 48  # crops before the first step
MEASURED = 24  # crops at most that the model is measured by


@dataclass(frozen=True)
class Item:
    """Crops that one thread teaches at once.

    Attributes:
        sound: [B, 1, T].
        seeds: of the noise that each is played with, [B] int64.
        draw: seed of what is drawn of the latents.
    """

    sound: Tensor
    seeds: Tensor
    draw: int

    def generator(self) -> torch.Generator:
        """Draws the same numbers each time that it is asked for."""
        return torch.Generator().manual_seed(self.draw)


class Crops:
    """The items of each step. What a step hears depends on the seed and its number alone.

    Attributes:
        lead: samples of each crop that do not count.
        length: of a crop with all that is heard of it, in whole frames.
    """

    def __init__(self, corpus: Corpus, model: Timbre, course: Course, seed: int, device: torch.device):
        self.corpus, self.course, self.seed, self.device = corpus, course, seed, device
        self.sample_rate, frame = model.config.sample_rate, model.block
        self.lead = min(course.lead, model.settle)
        self.length = -(-(self.lead + course.crop + model.latency) // frame) * frame
        self.heard = course.augmentation.wants(self.length)
        share = -(-course.batch // (dist.get_world_size() if dist.is_initialized() else 1))
        self.together = course.together if device.type == "cpu" else share
        self.ahead = device.type != "cpu"  # one is quicker than whoever reads for it
        self.loader: CropLoader | None = None
        self.next, self.reading_s, self.began = -1, 0.0, time.monotonic()

    @property
    def waited(self) -> float:
        """The share of the time in which a step waited for its crops, 0 to 1."""
        if self.loader is not None:
            return self.loader.waited
        return self.reading_s / max(time.monotonic() - self.began, 1e-9)

    def batch(self, step: int) -> list[Item]:
        """The items of a step; on a device, those of the next ones are read meanwhile."""
        if not self.ahead:
            before = time.monotonic()
            items = self._items(self._drawn(step), step)
            self.reading_s += time.monotonic() - before
            return items
        if self.loader is None or self.next != step:
            self.close()
            course = self.course
            count = course.batch * course.places
            self.loader = CropLoader(
                self.corpus, self.seed, count, self.heard, step, threads=2, then=self._items
            )
        self.next = step + 1
        return next(self.loader)

    def some(self) -> list[Tensor]:
        """Crops for a look at what the recordings are like, [B, 1, T] each; no step hears them."""
        steps = range(1 << 62, (1 << 62) + -(-LOOKED_AT // self.course.batch))
        return [item.sound for step in steps for item in self._items(self._drawn(step), step)]

    def close(self) -> None:
        """Stop reading ahead."""
        if self.loader is not None:
            self.loader.close()
            self.loader = None

    def _drawn(self, step: int) -> np.ndarray:
        return self.corpus.crops(self.seed, step, self.course.batch * self.course.places, self.heard)

    def _items(self, crops: np.ndarray, step: int) -> list[Item]:
        rng = np.random.default_rng([self.seed, step])
        crops = loudest(crops[:, 0], self.course.places)
        crops = augment(crops, self.length, self.course.augmentation, self.sample_rate, rng)
        sound = torch.from_numpy(crops)[:, None].to(self.device)
        seeds = torch.from_numpy(rng.integers(0, 1 << 62, len(crops))).to(self.device)
        groups = zip(sound.split(self.together), seeds.split(self.together), strict=True)
        return [Item(x, s, int(s[0])) for x, s in groups]

    def measured(self, held_out: Corpus) -> list[Item]:
        """Crops of what is held out, evenly over all of it and as they were recorded."""
        count = min(MEASURED, held_out.samples // self.course.crop)
        if not count:
            seconds = self.course.crop / self.sample_rate
            raise TrainingError(
                f"what is held out lasts {held_out.seconds:.1f} s and a crop {seconds:.1f} s; record more, or add "
                f"--setting crop={max(4096, held_out.samples // 4096 * 4096)}"
            )
        starts = [held_out.samples * i // count for i in range(count)]
        rows = [torch.from_numpy(held_out.crop(start, self.length))[None, None] for start in starts]
        return [
            Item(row.to(self.device), torch.zeros(1, dtype=torch.int64, device=self.device), 0)
            for row in rows
        ]


def loudest(crops: np.ndarray, places: int) -> np.ndarray:
    """Of each `places` crops [B * places, T] that follow each other the one with the most energy, [B, T].

    >>> loudest(np.float32([[0, 0], [1, 0], [0, 3], [2, 2]]), 2)
    array([[1., 0.],
           [0., 3.]], dtype=float32)
    """
    groups = crops.reshape(-1, places, crops.shape[-1])
    best = np.einsum("bpt,bpt->bp", groups, groups).argmax(axis=1)
    return groups[np.arange(len(groups)), best]
