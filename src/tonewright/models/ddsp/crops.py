"""What an instrument is taught from: crops of performances, of one length, in a random order."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.performance import Performance
from tonewright.audio.rates import resample
from tonewright.errors import TrainingError

SPEEDS = 10_000  # in steps of which a tape runs faster or slower
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
        bend: semitones by which a crop is played faster or slower at most, as a tape is, its pitch with it.

    Raises:
        TrainingError: when no performance is as long as a crop.
    """

    def __init__(
        self,
        taught: list[Performance],
        frames: int,
        live: float,
        seed: int,
        still: float = 0.0,
        bend: float = 0.0,
    ):
        # frames of a recording that a crop is made of, when it is played fastest
        self.reach = math.ceil(frames * 2 ** (bend / 12)) + (1 if bend else 0)
        self.taught = [p for p in taught if p.frames >= self.reach]
        if not self.taught:
            longest = max((p.seconds for p in taught), default=0.0)
            wanted = frames * taught[0].hop / taught[0].sample_rate if taught else 0.0
            raise TrainingError(
                f"the longest recording has {longest:.1f} s to learn from, and a crop with its lead has {wanted:g} "
                f"s; record more, or add --setting crop_s={max(0.2, longest / 2):.1f}"
            )
        self.frames, self.live, self.seed, self.still, self.bend = frames, live, seed, still, bend
        self.ends = np.cumsum([p.frames - self.reach + 1 for p in self.taught])

    def batch(self, step: int, count: int, together: int) -> list[Item]:
        """The crops of a step, some of them together in each item."""
        rng = np.random.default_rng((self.seed, step))
        places = rng.integers(self.ends[-1], size=count)
        live = rng.random(count) < self.live
        seeds = torch.from_numpy(rng.integers(2**62, size=count))
        still = torch.from_numpy(rng.random(count) < self.still)
        speeds = 2.0 ** (self.bend / 12 * rng.uniform(-1.0, 1.0, count))
        chosen = zip(places.tolist(), live.tolist(), speeds.tolist(), strict=True)
        rows = [self._row(*crop) for crop in chosen]
        frames, sound = (torch.stack(column) for column in zip(*rows, strict=True))
        parts = [part.split(together) for part in (frames, sound, seeds, still)]
        return [Item(*part) for part in zip(*parts, strict=True)]

    def _row(self, place: int, live: bool, speed: float) -> tuple[Tensor, Tensor]:
        which = int(np.searchsorted(self.ends, place, side="right"))
        start = place - (int(self.ends[which - 1]) if which else 0)
        if not self.bend:
            return row(self.taught[which].part(start, start + self.frames), live)
        return row(bent(self.taught[which].part(start, start + self.reach), speed, self.frames), live)


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


def bent(performance: Performance, speed: float, frames: int) -> Performance:
    """The beginning of a performance as a tape gives it that runs at another speed: so many frames.

    Args:
        performance: of at least frames * speed + 1 frames.
        speed: 1 is its own; the pitch goes with it.
        frames: of the result.
    """
    place = np.arange(frames) * speed
    nearest = np.round(place).astype(int)  # not between two notes
    sound = resample(performance.sound[None], round(SPEEDS * speed), SPEEDS)[0, : frames * performance.hop]
    return replace(
        performance,
        sound=np.pad(sound, (0, frames * performance.hop - len(sound))),
        f0_hz=performance.f0_hz[nearest] * speed,
        live_f0_hz=performance.live_f0_hz[nearest] * speed,
        voiced=performance.voiced[nearest],
        loudness_db=np.interp(place, np.arange(performance.frames), performance.loudness_db),
    )


def row(performance: Performance, live: bool) -> tuple[Tensor, Tensor]:
    """Frames [2, F] and sound [F * hop]; the pitch is that of the live tracker where it agrees, when asked for."""
    f0_hz = performance.f0_hz
    if live:
        agrees = np.abs(np.log2(performance.live_f0_hz / f0_hz)) < NEAR
        f0_hz = np.where(agrees, performance.live_f0_hz, f0_hz)
    frames = np.stack([f0_hz, performance.loudness_db]).astype(np.float32)
    sound = np.ascontiguousarray(performance.sound, dtype=np.float32)
    return torch.from_numpy(frames), torch.from_numpy(sound)
