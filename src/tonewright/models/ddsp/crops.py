"""What an instrument is taught from: crops of performances, of one length, in a random order."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.performance import Performance
from tonewright.errors import TrainingError

LEAST = 20  # frames that are measured at once: of fewer there is no spectrum
NEAR = 1.0 / 12  # octaves by which the live tracker may be off and is still believed


@dataclass(frozen=True)
class Item:
    """Some crops that are played together.

    Attributes:
        frames: f0_hz and loudness_db, [B, 2, F].
        sound: the recording, [B, F * hop].
        seeds: of the noise, [B] int64.
        still: those whose timbre stands still, [B] bool; None for none.
    """

    frames: Tensor
    sound: Tensor
    seeds: Tensor
    still: Tensor | None = None


class Crops:
    """Random crops; those of a step depend on the seed and the step and on nothing else.

    Args:
        taught: performances, of one rate.
        frames: length of a crop.
        live: share of the crops whose pitch is that of the live tracker.
        seed: of all that is random.
        still: share of the crops whose timbre stands still.

    Raises:
        TrainingError: when no performance is as long as a crop.
    """

    def __init__(self, taught: list[Performance], frames: int, live: float, seed: int, still: float = 0.0):
        self.taught = [p for p in taught if p.frames >= frames]
        if not self.taught:
            longest = max((p.seconds for p in taught), default=0.0)
            wanted = frames * taught[0].hop / taught[0].sample_rate if taught else 0.0
            raise TrainingError(
                f"the longest recording has {longest:.1f} s to learn from, and a crop with its lead {wanted:g} s; "
                f"record more, or add --setting crop_s={max(0.2, longest / 2):.1f}"
            )
        self.frames, self.live, self.seed, self.still = frames, live, seed, still
        self.ends = np.cumsum([p.frames - frames + 1 for p in self.taught])

    def batch(self, step: int, count: int, together: int) -> list[Item]:
        """The crops of a step, some of them together in each item."""
        rng = np.random.default_rng((self.seed, step))
        places = rng.integers(self.ends[-1], size=count)
        live = rng.random(count) < self.live
        seeds = torch.from_numpy(rng.integers(2**62, size=count))
        still = torch.from_numpy(rng.random(count) < self.still)
        rows = [self._row(*crop) for crop in zip(places.tolist(), live.tolist(), strict=True)]
        frames, sound = (torch.stack(column) for column in zip(*rows, strict=True))
        parts = [part.split(together) for part in (frames, sound, seeds, still)]
        return [Item(*part) for part in zip(*parts, strict=True)]

    def _row(self, place: int, live: bool) -> tuple[Tensor, Tensor]:
        which = int(np.searchsorted(self.ends, place, side="right"))
        start = place - (int(self.ends[which - 1]) if which else 0)
        return row(self.taught[which].part(start, start + self.frames), live)


def whole_crops(held_out: list[Performance], frames: int, lead: int = 0) -> list[Item]:
    """All of these performances, cut into crops; what is left at an end is part of none, unless there is no other.

    What lasts hardly longer than the lead is in none, either.

    Args:
        held_out: performances.
        frames: length of a crop.
        lead: frames at the beginning of a crop that belong to the one before, too.
    """
    items = []
    for performance in held_out:
        length = min(frames, performance.frames)
        if length - lead < LEAST:
            continue
        for start in range(0, performance.frames - length + 1, length - lead):
            parts = row(performance.part(start, start + length), live=False)
            items.append(Item(*(part[None] for part in parts), torch.zeros(1, dtype=torch.int64)))
    return items


def row(performance: Performance, live: bool) -> tuple[Tensor, Tensor]:
    """Frames [2, F] and sound [F * hop]; the pitch is that of the live tracker where it agrees, when asked for."""
    f0_hz = performance.f0_hz
    if live:
        agrees = np.abs(np.log2(performance.live_f0_hz / f0_hz)) < NEAR
        f0_hz = np.where(agrees, performance.live_f0_hz, f0_hz)
    frames = np.stack([f0_hz, performance.loudness_db]).astype(np.float32)
    sound = np.ascontiguousarray(performance.sound, dtype=np.float32)
    return torch.from_numpy(frames), torch.from_numpy(sound)
