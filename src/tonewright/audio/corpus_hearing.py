"""One sound file read into a corpus: mixed or split, at one rate, long silence shortened, in 16 bits."""

import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tonewright.audio.clipping import flat_samples
from tonewright.audio.corpus_measures import Measures
from tonewright.audio.corpus_source import LOUDEST, Settings, Source
from tonewright.audio.corpus_store import SAMPLE
from tonewright.audio.prepared import Source as Identity
from tonewright.audio.rates import Resampler
from tonewright.audio.reader import SoundInfo, blocks
from tonewright.errors import AudioError

SILENT = 1e-5  # below -100 dB: less than 16 bits can hold
BLOCK = 65536  # samples at once
IN_MEMORY = 1 << 26  # bytes of a sound that wait in memory for its peak; a longer one waits on the disk


class Piece:
    """One channel of a file, in float32 until its peak is known, and then in 16 bits."""

    def __init__(self, settings: Settings, folder: Path | None):
        self._spool = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=folder)  # noqa: SIM115 it outlives this
        self._silence = Silence(round(settings.longest_silence_s * settings.sample_rate))
        self.measures = Measures(settings.sample_rate)
        self._exact, self.peak = True, 0.0

    def feed(self, x: np.ndarray) -> None:
        """The next block [T], float32, at the rate of the corpus."""
        self._silence.feed(x)
        self.measures.feed(x)
        if len(x):
            self.peak = float(np.maximum(self.peak, np.abs(x).max()))  # NaN stays NaN
            self._exact = self._exact and self.peak <= 1.0 and _in_16_bits(x)
        self._spool.write(x.tobytes())

    def finish(self) -> dict:
        """What there is to say of it, by the names of `Source`."""
        self._silence.finish()
        told = self.measures.finish()
        self.dropped = sum(stop - start for start, stop in self._silence.found)
        self.scale = 2.0 ** -self._exponent()
        length = self._spool.tell() // 4 - self.dropped
        return told | {"length": length, "dropped": self.dropped, "scale": self.scale}

    def samples(self, seed: int) -> Iterator[np.ndarray]:
        """The stored samples, int16 [n], block by block; the seed is that of the dither."""
        rng = np.random.Generator(np.random.SFC64(seed))
        for x in self._kept():
            y = x * np.float32(1.0 / self.scale)
            if not self._exact:
                dither = rng.random(len(y), np.float32) - rng.random(len(y), np.float32)
                y += np.where(np.abs(x) < SILENT / 100, np.float32(0), dither)  # silence stays silence
            yield np.rint(y).astype(SAMPLE)

    def close(self) -> None:
        """Give back the memory, or the disk, in which it waited."""
        self._spool.close()

    @property
    def silent(self) -> bool:
        """Whether nothing in it is as loud as -100 dB."""
        return self.peak < SILENT

    def _exponent(self) -> int:
        """Of the power of two by which the sound is multiplied; 16-bit sounds at this rate are kept as they are."""
        if self._exact:
            return 15
        return min(40, math.floor(math.log2(32766.0 / self.peak)))

    def _kept(self) -> Iterator[np.ndarray]:
        self._spool.seek(0)
        at, drops = 0, [*self._silence.found, (math.inf, math.inf)]
        while data := self._spool.read(4 * BLOCK):
            x, stop = np.frombuffer(data, np.float32), at + len(data) // 4
            while at < stop:
                start, end = drops[0]
                if at < start:
                    until = min(start, stop)
                    yield x[at - stop + len(x) : until - stop + len(x)]
                    at = until
                else:
                    at = min(end, stop)
                    drops = drops[1:] if at == end else drops


def _in_16_bits(x: np.ndarray) -> bool:
    steps = x * np.float32(32768)
    return bool(np.all(steps == np.rint(steps)) and steps.max() < 32768)


class Silence:
    """Finds digital silence that is longer than wanted, block by block.

    Attributes:
        found: what to drop of it, [start, stop) in samples; half of what is kept is before, half after.

    >>> silence = Silence(longest=4)
    >>> for block in (np.ones(3), np.zeros(5), np.zeros(5), np.ones(1)):
    ...     silence.feed(block)
    >>> silence.finish()
    >>> silence.found
    [(5, 11)]
    """

    def __init__(self, longest: int):
        self.longest, self.found = longest, []
        self._at, self._since = 0, None

    def feed(self, x: np.ndarray) -> None:
        """The next block [T]."""
        if not len(x):
            return
        silent = np.concatenate([[False], np.abs(x) < SILENT, [False]])
        edges = np.flatnonzero(np.diff(silent.astype(np.int8)))
        starts, stops = edges[::2], edges[1::2]
        if self._since is not None and not (len(starts) and starts[0] == 0):
            self._end(self._at)
        long = (stops - starts > self.longest) | (starts == 0) | (stops == len(x))
        for start, stop in zip(starts[long].tolist(), stops[long].tolist(), strict=True):
            self._since = self._at + start if self._since is None else self._since
            if stop < len(x):
                self._end(self._at + stop)
        self._at += len(x)

    def finish(self) -> None:
        """No more follows."""
        if self._since is not None:
            self._end(self._at)

    def _end(self, stop: int) -> None:
        start, self._since = self._since, None
        if stop - start > self.longest:
            self.found.append((start + self.longest - self.longest // 2, stop - self.longest // 2))


def hear(
    sound: SoundInfo,
    identity: Identity,
    settings: Settings,
    progress: Callable[[float], None] = lambda share: None,
    folder: Path | None = None,
) -> list[tuple[Source, Iterator[np.ndarray]]]:
    """One sound file, as it is kept.

    Args:
        sound: what `info` said of it.
        identity: which state of which file it is.
        settings: how to read it.
        progress: is told how much is done, from 0 to 1.
        folder: where a very long sound waits while it is read; that of the system when None.

    Returns:
        For each channel that is kept, what there is to say of it, with `start` 0 and `gain` 1, and its samples in
        blocks, int16.

    Raises:
        AudioError: it cannot be read to its end.
    """
    channels = range(sound.channels) if settings.stereo else [None if sound.channels > 1 else 0]
    pieces, loud, clipped, frames = _read(sound, list(channels), settings, progress, folder)
    if loud and channels == [None] and pieces[0].silent:
        channels = [0]  # the channels cancel in their mean: one of them has all there is
        pieces, _, clipped, frames = _read(sound, channels, settings, progress, folder)
    for piece in pieces:
        if (
            not piece.peak <= LOUDEST
        ):  # infinite or NaN, where float32 could not hold what was between the samples
            raise AudioError(
                f"{sound.path} has samples as large as {piece.peak:.0e}, and full scale is 1; export it again"
            )
    found = []
    for channel, piece in zip(channels, pieces, strict=True):
        told = piece.finish() | {"channels": sound.channels, "channel": channel, "clipped": clipped}
        told |= {"path": identity.path, "bytes": identity.size, "sha256": identity.sha256}
        told |= {"sample_rate": sound.sample_rate, "frames": frames, "start": 0, "gain": 1.0}
        source = Source(**(told | {"bands": tuple(told["bands"])}))
        found.append((source, _samples(piece, int(identity.sha256[:15], 16) + (channel or 0))))
    return found


def _samples(piece: Piece, seed: int) -> Iterator[np.ndarray]:
    yield from piece.samples(seed)
    piece.close()


def _read(
    sound: SoundInfo,
    channels: list[int | None],
    settings: Settings,
    progress: Callable[[float], None],
    folder: Path | None,
) -> tuple[list[Piece], bool, int, int]:
    """The pieces, whether any channel is more than silence, samples that are clipped, and the length of the file."""
    resampler = Resampler(sound.sample_rate, settings.sample_rate, len(channels))
    pieces = [Piece(settings, folder) for _ in channels]
    loud, clipped, at = False, 0, 0

    def feed(block: np.ndarray) -> None:
        for piece, row in zip(pieces, block, strict=True):
            piece.feed(row)

    for block in blocks(sound.path, BLOCK):
        loud = loud or bool(np.any(np.abs(block) >= SILENT))
        clipped += sum(flat_samples(row) for row in block)
        with np.errstate(over="ignore"):  # `hear` refuses what comes of it
            mixed = block.mean(axis=0, keepdims=True) if channels == [None] else block[channels]
        feed(resampler.process(mixed))
        at += block.shape[1]
        progress(min(1.0, at / sound.frames))
    feed(resampler.finish())
    return pieces, loud, clipped, at
