"""Dry and wet recordings that line up, split into what is taught and what is held out, and cut into crops."""

from dataclasses import dataclass, field, replace

import numpy as np

from tonewright.errors import PairError

HELD_OUT_SHARE = 0.1
HELD_OUT_SECONDS = (1.0, 30.0)  # at least and at most, per pair


@dataclass(frozen=True)
class Pair:
    """One recording through a device at one setting of its knobs.

    Attributes:
        dry, wet: float32 [T], lined up.
        sample_rate: in Hz.
        knobs: settings of the device by name, each 0..1.
        leave_out: bool [T], True where the pair must not be learned from; None leaves nothing out.
        name: as an error calls it.
        lead: samples at the head that were there before; they warm a model up and count for nothing.
    """

    dry: np.ndarray
    wet: np.ndarray
    sample_rate: int
    knobs: dict[str, float] = field(default_factory=dict)
    leave_out: np.ndarray | None = None
    name: str = "the pair"
    lead: int = 0

    def part(self, start: int, end: int) -> "Pair":
        """The samples from start to end."""
        leave_out = None if self.leave_out is None else self.leave_out[start:end]
        return Pair(
            self.dry[start:end], self.wet[start:end], self.sample_rate, self.knobs, leave_out, self.name
        )

    @property
    def weight(self) -> np.ndarray:
        """float32 [T]: 1 where the pair counts, 0 where it is left out."""
        counts = np.ones(len(self.wet), np.float32)
        counts[: self.lead] = 0.0
        if self.leave_out is not None:
            counts[self.leave_out] = 0.0
        return counts


def split(pair: Pair, lead: int = 0) -> tuple[Pair, Pair]:
    """What is taught, and the end of the recording, which training never sees.

    Args:
        pair: the whole recording.
        lead: samples before the held-out end that a model must hear first to know what the device remembers.

    Raises:
        PairError: when the pair is too short for both.

    >>> pair = Pair(np.zeros(48000 * 20), np.zeros(48000 * 20), 48000)
    >>> [len(part.dry) / 48000 for part in split(pair)]
    [18.0, 2.0]
    """
    low, high = HELD_OUT_SECONDS
    seconds = min(max(HELD_OUT_SHARE * len(pair.dry) / pair.sample_rate, low), high)
    end = len(pair.dry) - round(seconds * pair.sample_rate)
    if end < seconds * pair.sample_rate:
        raise PairError(
            f"{pair.name} has {len(pair.dry) / pair.sample_rate:.1f} s in common, and learning wants at least "
            f"{2 * low:.0f} s (better a minute or more); record a longer pair"
        )
    lead = min(lead, end)
    return pair.part(0, end), replace(pair.part(end - lead, len(pair.dry)), lead=lead)


@dataclass(frozen=True)
class Crop:
    """A stretch of a pair to learn from, with the sound before it that the device still remembered.

    Attributes:
        dry: [context + n].
        wet, weight: [n].
        knobs: settings, in the order that the model wants.
    """

    dry: np.ndarray
    wet: np.ndarray
    weight: np.ndarray
    knobs: tuple[float, ...]


class Crops:
    """Random crops with their true left context: nothing is learned from a cold receptive field.

    Which crops a step gets depends on the seed and the step alone, so a resumed training goes on as it would have.

    Args:
        pairs: to cut from, each as often as its length.
        knobs: names, in the model's order.
        context: samples of dry sound before each crop.
        length: samples of a crop.
        seed: of the choice.

    Raises:
        PairError: when no pair is long enough for one crop.
    """

    def __init__(self, pairs: list[Pair], knobs: tuple[str, ...], context: int, length: int, seed: int):
        self.pairs, self.context, self.length, self.seed = pairs, context, length, seed
        self.knobs = [tuple(pair.knobs[name] for name in knobs) for pair in pairs]
        self.starts = [_starts(pair, context, length) for pair in pairs]
        self.ends = np.cumsum([len(starts) for starts in self.starts])
        if not self.ends[-1]:
            wanted = (context + length) / pairs[0].sample_rate
            raise PairError(
                f"{pairs[0].name} has no stretch of {wanted:.2f} s to learn from; record a longer pair or leave "
                f"less of it out"
            )

    def batch(self, step: int, count: int) -> list[Crop]:
        """`count` crops for this step."""
        return [
            crop(self.pairs[which], self.knobs[which], start, self.context, self.length)
            for which, start in zip(*(places.tolist() for places in self.places(step, count)), strict=True)
        ]

    def places(self, step: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Where the crops of this step begin: the number of a pair, and a sample of it, [count] each."""
        rng = np.random.default_rng((self.seed, step))
        chosen = rng.integers(self.ends[-1], size=count)
        which = np.searchsorted(self.ends, chosen, side="right")
        begin = np.concatenate([[0], self.ends])[which]
        starts = np.empty(count, np.int64)
        for pair in np.unique(which):
            of_pair = which == pair
            possible = self.starts[pair]
            place = chosen[of_pair] - begin[of_pair]
            starts[of_pair] = place + possible.start if isinstance(possible, range) else possible[place]
        return which, starts


def crop(pair: Pair, knobs: tuple[float, ...], start: int, context: int, length: int) -> Crop:
    """The crop of `pair` that begins at `start`; before the first sample is silence."""
    end = min(start + length, len(pair.dry))
    dry = pair.dry[max(0, start - context) : end]
    dry = np.pad(dry, (max(0, context - start), 0))
    return Crop(dry, pair.wet[start:end], pair.part(start, end).weight, knobs)


def _starts(pair: Pair, context: int, length: int) -> range | np.ndarray:
    """Where a crop may begin: behind its context, and with at least half of it to be learned from."""
    if pair.leave_out is None or len(pair.dry) < context + length:
        return range(context, len(pair.dry) - length + 1)  # an hour of numbers would be a gigabyte
    starts = np.arange(context, len(pair.dry) - length + 1)
    counted = np.concatenate([[0], np.cumsum(~pair.leave_out)])
    return starts[counted[starts + length] - counted[starts] >= length / 2]
