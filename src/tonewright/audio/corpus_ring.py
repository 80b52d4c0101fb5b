"""Sounds as one endless ring of samples that crops are cut from; a part of it is taught, the other held out."""

import hashlib
from dataclasses import dataclass

import numpy as np

from tonewright.audio.corpus_source import Source
from tonewright.audio.corpus_store import Index
from tonewright.errors import ConfigError

JOINT_S = 0.005  # over which the end of a source goes to where the next one begins
MANY = 10  # files from which on whole ones are held out
MOST_HELD_S = 600.0
HELD_FROM_S = 2.0  # shorter sources are not cut


@dataclass(frozen=True)
class Span:
    """Samples start .. start + length - 1 of a source."""

    source: Source
    start: int
    length: int


class Corpus:
    """Sounds one after another, and after the last the first again.

    Every sample of every source is in it, so that a random crop meets each of them equally often, the tails and the
    shortest sounds too. Where one source ends and the next begins, the last 5 ms of the one (a quarter of it, where
    it is shorter than 20 ms) bend to the first value of the other: no click is taught, no attack is touched, and no
    sample is added or lost.

    Args:
        data: the stored samples of all sources, int16 [T].
        index: what they are.
        spans: the parts of it that this one is of; all of it when None.

    Attributes:
        sample_rate: in Hz.
        samples: the length.
        sources: that it has something of, in their order.
    """

    def __init__(self, data: np.ndarray, index: Index, spans: list[Span] | None = None):
        self.data, self.index = data, index
        if spans is None:
            spans = [Span(source, 0, source.length) for source in index.sources]
        self.spans = [span for span in spans if span.length]
        self.sample_rate = index.settings.sample_rate
        self.sources = tuple(dict.fromkeys(span.source for span in self.spans))
        lengths = np.array([span.length for span in self.spans], np.int64)
        self._stops = np.cumsum(lengths)
        self._joints = np.minimum(round(JOINT_S * self.sample_rate), lengths // 4).tolist()
        self._curves = {joint: _curve(joint) for joint in set(self._joints)}
        self._places = [(span.source.start + span.start, span.length) for span in self.spans]
        self._scales = [np.float32(span.source.scale * span.source.gain) for span in self.spans]
        self._shifts = [np.float32(span.source.offset * span.source.gain) for span in self.spans]
        self.samples = int(self._stops[-1]) if len(lengths) else 0
        self._firsts = [self._sound(k, 0, np.empty(1, np.float32))[0] for k in range(len(self.spans))]

    @property
    def seconds(self) -> float:
        """The length of it."""
        return self.samples / self.sample_rate

    def crop(self, start: int, length: int) -> np.ndarray:
        """A piece of the ring, as it is taught.

        Args:
            start: the first sample, from 0; what is beyond the end is at the beginning again.
            length: in samples.

        Returns:
            float32 [length].
        """
        return self._fill(start, np.empty(length, np.float32))

    def crops(self, seed: int, step: int, batch: int, length: int) -> np.ndarray:
        """Random crops, and the same again for the same numbers, so that a resumed training goes on as it would have.

        Args:
            seed: of the training, at least 0.
            step: of the training, at least 0.
            batch: how many.
            length: of each, in samples.

        Returns:
            float32 [batch, 1, length].
        """
        draws = np.random.Philox(key=[seed % 2**64, step % 2**64]).random_raw(batch)
        crops = np.empty((batch, 1, length), np.float32)
        for draw, (row,) in zip(draws, crops, strict=True):
            self._fill(int(draw) * self.samples >> 64, row)
        return crops

    def split(self, share: float = 0.1) -> tuple["Corpus", "Corpus"]:
        """What is taught, and what is held out to measure by. They have no sample in common.

        Of many files, some are held out whole, all their channels and all their copies; which, follows from what is
        in them. Of few, the end of each.

        Args:
            share: of the length that is held out, 0 to 1, and never more than ten minutes.

        Raises:
            ConfigError: the share is not between 0 and 1.
        """
        if not 0.0 < share < 1.0:
            raise ConfigError(f"the share to hold out lies between 0 and 1, and is {share}")
        share = min(share, MOST_HELD_S / self.seconds)
        held = self._whole_files(share * self.samples)
        if held:
            taught = [span for span in self.spans if span.source.sha256 not in held]
            kept = [span for span in self.spans if span.source.sha256 in held]
        else:
            taught, kept = self._ends(share)
        return Corpus(self.data, self.index, taught), Corpus(self.data, self.index, kept)

    def _whole_files(self, wanted: float) -> set[str]:
        """The files to hold out, by their bytes; none where there are too few, or one would be too much."""
        lengths = {}
        for span in self.spans:
            lengths[span.source.sha256] = lengths.get(span.source.sha256, 0) + span.length
        held, so_far = set(), 0
        order = sorted(lengths, key=lambda sha256: hashlib.sha256(sha256.encode()).digest())
        for sha256 in order if len(lengths) >= MANY else []:
            if so_far + lengths[sha256] <= 1.2 * wanted:
                held.add(sha256)
                so_far += lengths[sha256]
            if so_far >= 0.8 * wanted:
                return held
        return set()

    def _ends(self, share: float) -> tuple[list[Span], list[Span]]:
        """Copies of a file and channels of it have one length, so what is held out of one is of all."""
        least = HELD_FROM_S * self.sample_rate
        if not any(span.length >= least for span in self.spans):
            least = max(2, max(span.length for span in self.spans))
        taught, held = [], []
        for span in self.spans:
            end = max(1, int(span.length * share)) if span.length >= least else 0
            taught.append(Span(span.source, span.start, span.length - end))
            held.append(Span(span.source, span.start + span.length - end, end))
        return taught, held

    def _fill(self, start: int, y: np.ndarray) -> np.ndarray:
        """The ring from `start` on, into y."""
        filled, length = 0, len(y)
        start %= self.samples
        k = int(np.searchsorted(self._stops, start, side="right"))
        at = start - int(self._stops[k]) + self._places[k][1]
        while filled < length:
            n = min(self._places[k][1] - at, length - filled)
            self._bend(k, at, self._sound(k, at, y[filled : filled + n]))
            filled, at, k = filled + n, 0, (k + 1) % len(self.spans)
        return y

    def _sound(self, k: int, at: int, y: np.ndarray) -> np.ndarray:
        """Span k from its sample `at` on, into y."""
        start = self._places[k][0] + at
        np.multiply(self.data[start : start + len(y)], self._scales[k], out=y)
        if self._shifts[k]:
            y -= self._shifts[k]
        return y

    def _bend(self, k: int, at: int, y: np.ndarray) -> None:
        """The end of a span, as far as it is in y, towards the first sample of the next."""
        left = self._places[k][1] - at
        if len(y) > left - self._joints[k]:
            curve = self._curves[self._joints[k]][-left:][: len(y)]
            first = max(0, left - self._joints[k])  # in y
            target = self._firsts[(k + 1) % len(self.spans)]
            bent = y[first:]
            bent -= target
            bent *= curve[: len(bent)]
            bent += target


def _curve(joint: int) -> np.ndarray:
    """From just below 1 to 0, half a cosine."""
    return (0.5 + 0.5 * np.cos(np.pi * np.arange(1, joint + 1) / max(1, joint))).astype(np.float32)
