"""A dry track: random slices across a whole library of sounds, one after the other.

What a device is to learn from should hold every pitch, every timbre and every level that a player will meet, and a
library of music, whatever music, holds more of them than one take on one instrument. Four choices:

- The library is cut into slices of one length, a few seconds each, and these are shuffled like cards. So every
  second of the library is as likely as any other, however long the files are, and none comes twice before all have
  come once: what is kept back to measure a model by is music that it was not taught.
- Each slice is played at a level of its own, the first at the loudest; however many there are, they are spread
  evenly in dB. The levels of the files say how they were mastered and not how a device is played. Within a slice the
  music's own dynamics stay as they are.
- Beneath each slice lies a faint noise, as in any recording. A file that was coded to be small, or is converted to a
  higher rate, has nothing at all in its treble, and the first moment of a device's answer to it cannot be told.
- The track begins with silence and has a rest now and then. So the device's answer has a first moment to be lined
  up by, its noise can be measured, and so can whatever of it still sounds when the input has stopped.
"""

from collections.abc import Callable, Iterator

import numpy as np

from tonewright.audio import files
from tonewright.audio.files import SoundInfo
from tonewright.audio.library import Library
from tonewright.audio.rates import resample
from tonewright.errors import AudioError
from tonewright.measure.metrics import rms_db
from tonewright.units import db_to_gain

SLICE_S = 4.0
REST_S, PLAYED_S = 0.5, 30.0  # a rest comes first, and again whenever so much was played
FADE_S = 0.005  # at both ends of a slice, so that no joint clicks
PEAK, SOFTEST_DB = 0.9, -24.0  # the peak of the loudest slice, and how far below it that of the softest is
GOLDEN = (5**0.5 - 1) / 2  # its multiples fill an interval evenly, wherever one stops
NOISE_DB = -80.0  # beneath a slice; with none, a latency was found up to 16 samples too early
SILENT_DB = -60.0  # a slice at less than this, as it is in its file, says nothing
MISSED = 200  # slices in a row that said nothing before we give up
LEAST_S = 0.05  # a rest of the track shorter than this stays silent


def dry_track(
    library: Library,
    seconds: float,
    sample_rate: int,
    seed: int = 0,
    said: Callable[[str], None] = lambda sentence: None,
) -> np.ndarray:
    """Random slices of a library as one track, in memory that grows with the track and not with the library.

    Args:
        library: what to draw from; several channels are mixed to one, and other rates are converted.
        seconds: the length of the track, rests and all.
        sample_rate: of the track, in Hz.
        seed: the same seed, library, length and rate give the same track.
        said: is told of files that turn out to be damaged, which are left out.

    Returns:
        float32 [T], within +-PEAK but for a faint noise.

    Raises:
        AudioError: when the library is silent, or damaged, almost everywhere.

    >>> import tempfile
    >>> from tonewright.audio.library import open_library
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clipped = files.write(f"{folder}/a.wav", np.sin(np.arange(80000) / 9), 8000)
    ...     x = dry_track(open_library(folder), seconds=10, sample_rate=16000)
    >>> len(x), float(np.abs(x[:8000]).max()), 0.05 < float(np.abs(x).max()) < 0.91
    (160000, 0.0, True)
    """
    track = np.zeros(round(seconds * sample_rate), np.float32)
    rest, until_rest = round(REST_S * sample_rate), round(PLAYED_S * sample_rate)
    at, rest_at = rest, rest + until_rest
    for x in _heard(library, sample_rate, seed, said):
        x = _faded(x[: max(0, len(track) - at)], sample_rate)
        track[at : at + len(x)] = x
        at += len(x)
        if at >= len(track) - LEAST_S * sample_rate:
            return track
        if at >= rest_at:
            at, rest_at = at + rest, at + rest + until_rest


def slices(library: Library, seed: int) -> Iterator[tuple[SoundInfo, int, int]]:
    """The whole library cut into slices and shuffled, and shuffled again when all have come: it never ends.

    A file becomes slices of equal length, as near to SLICE_S as can be; one that is shorter is one slice.

    Yields:
        The sound, and where a slice of it starts and stops, in samples.
    """
    counts = np.array([max(1, round(sound.seconds / SLICE_S)) for sound in library.sounds])
    ends = np.cumsum(counts)
    rng = np.random.default_rng(seed)
    while True:
        for number in rng.permutation(ends[-1]):
            which = int(np.searchsorted(ends, number, side="right"))
            sound, count = library.sounds[which], int(counts[which])
            place = int(number) - int(ends[which] - count)
            yield sound, place * sound.frames // count, (place + 1) * sound.frames // count


def _heard(
    library: Library, sample_rate: int, seed: int, said: Callable[[str], None]
) -> Iterator[np.ndarray]:
    """The slices that say something, [T] each, at the rate of the track and each at a level of its own."""
    rng = np.random.default_rng((seed, 1))
    damaged, missed, heard = set(), 0, 0
    for sound, start, stop in slices(library, seed):
        if missed == MISSED:
            raise AudioError(
                f"{MISSED} slices of {library.path} in a row were silent (below {SILENT_DB:.0f} dB) or could not be "
                "read; name a folder of sounds that can be heard"
            )
        missed += 1
        if sound.path in damaged:
            continue
        try:
            x = files.read(sound, start, stop - start)[0].mean(axis=0)
        except AudioError as error:
            damaged.add(sound.path)
            said(f"left out: {error}")
            continue
        x = resample((x - x.mean())[None], sound.sample_rate, sample_rate)[0]
        if rms_db(x) > SILENT_DB:
            level_db = SOFTEST_DB * (heard * GOLDEN % 1.0)
            x *= np.float32(PEAK * db_to_gain(level_db) / np.abs(x).max())
            yield x + np.float32(db_to_gain(NOISE_DB)) * rng.standard_normal(len(x), np.float32)
            missed, heard = 0, heard + 1


def _faded(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """A slice that rises from nothing and falls back to it."""
    fade = min(round(FADE_S * sample_rate), len(x) // 2)
    rise = np.sin(np.linspace(0.0, np.pi / 2, fade, endpoint=False, dtype=np.float32)) ** 2
    return np.concatenate([x[:fade] * rise, x[fade : len(x) - fade], x[len(x) - fade :] * rise[::-1]])
