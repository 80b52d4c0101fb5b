"""What an instrument is to play: frames of pitch and loudness, heard in a sound and fitted to the instrument."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tonewright.audio.f0 import f0_track, held
from tonewright.dsp.loudness import FLOOR_DB, loudness_of
from tonewright.errors import AudioError, ShapeError

LOUDEST_DB = 20.0  # a sine of full scale; nothing is louder
A4_HZ = 440.0  # stands where no frame has a pitch
SECTION_S, MARGIN_S = 300.0, 1.0  # of a long sound is heard at once, with as much before it and behind
RANGE = (10.0, 95.0)  # percentiles of the loudness of voiced frames: what a player calls soft and loud
PITCHES = (2.0, 98.0)  # percentiles of their pitch, so that no slip of a tracker is taken for a note
SLOPES = (0.5, 2.0)  # by which a range of loudness is stretched at most
SILENT_DB = -70.0
BELOW_LOUD_DB = 60.0  # what is so much softer than the loud frames of the same sound has no pitch
UNVOICED_DB, SMOOTHED = 15.0, 5  # what has no pitch is played softer by that, within so many frames
REST, FALL_DB = (
    10,
    2.0,
)  # frames without a pitch that are a rest and no consonant, and how fast it becomes silent
RANGE_KEYS = ("f0_low_hz", "f0_high_hz", "loudness_low_db", "loudness_high_db")  # of a file's levels


@dataclass(frozen=True)
class Phrase:
    """What is to be played, a frame for each hundredth of a second.

    What is no number is mended: such a pitch, or one of 0, is that of the frame before, and such a loudness silence.

    Attributes:
        f0_hz: the pitch of each frame, [F], above 0 also where nothing sounds.
        loudness_db: A-weighted, [F], -80 to 20; -80 is silence.
        voiced: frames that have a pitch, [F] bool; when None, those whose pitch is a number above 0.

    Raises:
        ShapeError: when they are not of one length.

    >>> phrase = Phrase([220.0, 0.0, 247.0], [-30.0, float("nan"), -20.0])
    >>> phrase.f0_hz, phrase.loudness_db, phrase.voiced
    (array([220., 220., 247.]), array([-30., -80., -20.]), array([ True, False,  True]))
    """

    f0_hz: np.ndarray
    loudness_db: np.ndarray
    voiced: np.ndarray | None = None

    def __post_init__(self):
        f0_hz, loudness_db = (np.asarray(row, float) for row in (self.f0_hz, self.loudness_db))
        voiced = np.ones(f0_hz.shape, bool) if self.voiced is None else np.asarray(self.voiced, bool)
        if f0_hz.ndim != 1 or not f0_hz.shape == loudness_db.shape == voiced.shape:
            shapes = ", ".join(str(list(row.shape)) for row in (f0_hz, loudness_db, voiced))
            raise ShapeError(f"a phrase wants f0_hz, loudness_db and voiced as [F], and got {shapes}")
        pitched = np.isfinite(f0_hz) & (f0_hz > 0.0)
        loudness_db = np.nan_to_num(loudness_db, nan=FLOOR_DB, posinf=LOUDEST_DB, neginf=FLOOR_DB)
        object.__setattr__(self, "f0_hz", held(f0_hz, pitched, A4_HZ))
        object.__setattr__(self, "loudness_db", np.clip(loudness_db, FLOOR_DB, LOUDEST_DB))
        object.__setattr__(self, "voiced", voiced & pitched)

    def __len__(self) -> int:
        return len(self.f0_hz)

    def transposed(self, semitones: float) -> "Phrase":
        """Higher, or lower, by so many semitones."""
        return replace(self, f0_hz=self.f0_hz * 2.0 ** (semitones / 12.0))

    def louder(self, db: float) -> "Phrase":
        """Louder, or softer, by so many dB; silence stays."""
        return replace(self, loudness_db=np.where(self.silent, FLOOR_DB, self.loudness_db + db))

    @property
    def silent(self) -> np.ndarray:
        """Frames in which there is nothing at all, [F] bool."""
        return self.loudness_db <= FLOOR_DB + 0.5


def frames_of(x: np.ndarray, sample_rate: int, hop: int) -> Phrase:
    """The pitch and the loudness of a sound [T], a frame for each whole hop.

    Raises:
        AudioError: when nothing in it has a pitch.
    """
    whole = heard([x], sample_rate, hop)
    return Phrase(*(row[: len(x) // hop] for row in (whole.f0_hz, whole.loudness_db, whole.voiced)))


def heard(blocks: Iterable[np.ndarray], sample_rate: int, hop: int) -> Phrase:
    """The pitch and the loudness of a sound that comes in blocks [T], in memory that hardly grows with it.

    Returns:
        T // hop + 1 frames: one for each hop that begins within the sound, or at its end.

    Raises:
        AudioError: when nothing in it has a pitch.
    """
    parts = [_frames(*section, sample_rate, hop) for section in _sections(blocks, sample_rate, hop)]
    f0_hz, voiced, level = (np.concatenate(column) for column in zip(*parts, strict=True))
    voiced &= (
        level > np.percentile(level, RANGE[1]) - BELOW_LOUD_DB
    )  # of the whole, and not of a quiet section
    if level.max() <= FLOOR_DB:
        raise AudioError("it is silent, and silence plays no instrument")
    if not voiced.any():
        raise AudioError("nothing in it has a pitch; an instrument is played by a melody, one note at a time")
    return Phrase(held(f0_hz, voiced, A4_HZ), level, voiced)


def _sections(
    blocks: Iterable[np.ndarray], sample_rate: int, hop: int
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Sections of the sound with what is around them, how many frames come before, and how many are meant."""
    size, margin = (round(seconds * sample_rate / hop) for seconds in (SECTION_S, MARGIN_S))
    waiting, before = [np.zeros(0, np.float32)], 0
    for block in itertools.chain(blocks, [None]):
        waiting += [np.zeros(0, np.float32) if block is None else np.asarray(block, np.float32)]
        count = sum(map(len, waiting))
        while count >= (before + size + margin) * hop:
            x = np.concatenate(waiting)
            yield x[: (before + size + margin) * hop], before, size
            waiting, before = [x[(before + size - margin) * hop :]], margin
            count = len(waiting[0])
    frames = count // hop + 1
    yield np.pad(np.concatenate(waiting), (0, frames * hop - count)), before, frames - before


def _frames(x: np.ndarray, before: int, count: int, sample_rate: int, hop: int):
    track = f0_track(x, sample_rate, hop)
    level = loudness_of(x, sample_rate, hop)
    return tuple(row[before : before + count] for row in (track.f0_hz, track.voiced, level))


def ranges(f0_hz: np.ndarray, loudness_db: np.ndarray, voiced: np.ndarray) -> dict[str, float]:
    """What a file tells of the instrument's range: pitch in Hz and loudness in dB, low and high."""
    sounding = voiced & (loudness_db > SILENT_DB)
    sounding = sounding if sounding.any() else voiced
    pitch, level = np.percentile(f0_hz[sounding], PITCHES), np.percentile(loudness_db[sounding], RANGE)
    return dict(zip(RANGE_KEYS, map(float, (*pitch, *level)), strict=True))


def told_range(levels: dict[str, float]) -> tuple[float, float, float, float] | None:
    """What `ranges` gave, out of the levels of a file; None where they say nothing, or nothing sensible.

    >>> told_range({"loudness_db": -18.0}) is None
    True
    """
    found = [levels.get(key, math.nan) for key in RANGE_KEYS]
    if not np.isfinite(found).all():
        return None
    low_hz, high_hz, soft_db, loud_db = found
    sensible = 0.0 < low_hz <= high_hz < 1e5 and FLOOR_DB <= soft_db <= loud_db <= LOUDEST_DB
    return tuple(found) if sensible else None


def fitted(phrase: Phrase, levels: dict[str, float], octaves: bool = True) -> tuple[Phrase, int]:
    """The phrase as loud as the instrument was when it was recorded, and in its range.

    Soft and loud of the one become soft and loud of the other. What has no pitch, a consonant or a breath, becomes
    softer, for an instrument would play it as a note; where that lasts, it is a rest, and dies away to silence.

    Args:
        phrase: as it was heard.
        levels: of the instrument's file; without the ranges in it, the phrase stays as it is.
        octaves: move it by whole octaves to where the instrument plays.

    Returns:
        The phrase, and by how many semitones it was moved.
    """
    to = told_range(levels)
    if to is None or not phrase.voiced.any():
        return phrase, 0
    own = ranges(phrase.f0_hz, phrase.loudness_db, phrase.voiced)
    soft, loud = own["loudness_low_db"], own["loudness_high_db"]
    slope = min(max((to[3] - to[2]) / max(loud - soft, 1e-3), SLOPES[0]), SLOPES[1])
    level = to[3] + slope * (phrase.loudness_db - loud) - _hushed(phrase.voiced)
    level = np.where(phrase.silent, FLOOR_DB, np.maximum(level, FLOOR_DB))
    middles = (0.5 * math.log2(low * high) for low, high in (to[:2], (own["f0_low_hz"], own["f0_high_hz"])))
    moved = 12 * round(next(middles) - next(middles)) if octaves else 0
    return replace(phrase, loudness_db=level).transposed(moved), moved


def _hushed(voiced: np.ndarray) -> np.ndarray:
    """By how many dB each frame is to be softer, for it has no pitch: with slopes, so that nothing clicks. [F]"""
    around = np.pad(voiced.astype(float), SMOOTHED // 2, mode="edge")
    consonants = UNVOICED_DB * (1.0 - np.convolve(around, np.ones(SMOOTHED) / SMOOTHED, "valid"))
    place = np.arange(len(voiced))
    since = place - np.maximum.accumulate(np.where(voiced, place, -len(voiced)))
    until = np.minimum.accumulate(np.where(voiced, place, 2 * len(voiced))[::-1])[::-1] - place
    inside = np.minimum(since, until) - REST // 2
    return consonants + FALL_DB * np.maximum(inside, 0)
