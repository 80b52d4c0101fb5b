"""An electric guitar played straight into the sound card, made up from a seed.

The music is no loop: every round plays each kind of bar once, in a new order, with other notes, another
tempo and another force for each, so any half minute of it holds soft and hard, high and low, short and long.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import signal

from tonewright.builtin.strings import pluck
from tonewright.errors import ConfigError
from tonewright.units import db_to_gain

OPEN_HZ = (82.407, 110.0, 146.832, 195.998, 246.942, 329.628)  # E A D G B E, low to high
CHORDS = {  # frets from the low string to the high one; None is not played
    "E": (0, 2, 2, 1, 0, 0),
    "Em": (0, 2, 2, 0, 0, 0),
    "A": (None, 0, 2, 2, 2, 0),
    "Am": (None, 0, 2, 2, 1, 0),
    "D": (None, None, 0, 2, 3, 2),
    "G": (3, 2, 0, 0, 0, 3),
    "C": (None, 3, 2, 0, 1, 0),
}
PENTATONIC = ((0, 3), (0, 2), (0, 2), (0, 2), (0, 3), (0, 3))  # minor, frets above the hand's place
SILENCE_S = 0.5  # before the first note, for whoever measures the noise
NOISE_DB, HUM_DB, HUM_HZ = -90.0, -100.0, 50.0
PEAK = 0.6
PICKUP_HZ, PICKUP_Q = 4000.0, 1.6  # the resonance of coil and cable


@dataclass(frozen=True)
class Note:
    """One stroke on one string."""

    start_s: float
    string: int  # 0 is the low E
    fret: int
    seconds: float
    force: float  # 0..1
    muted: bool = False
    bend: float = 0.0  # semitones, reached after a third of the note
    vibrato: float = 0.0  # semitones to either side, setting in after half of the note


def phrase(seconds: float, sample_rate: int = 48000, seed: int = 0) -> np.ndarray:
    """A guitar recording: riffs, bends, double stops, chords, arpeggios, palm mutes and rests.

    Args:
        seconds: how long, 0 or more. The first half second is silence.
        sample_rate: in Hz, 32000 or more.
        seed: 0 or more. Another seed is other music; the same seed is the same on every machine, up to
            rounding.

    Returns:
        float32 [T] with a peak of 0.6, and noise of -90 dB under it.

    Raises:
        ConfigError: when an argument is outside its range.

    >>> y = phrase(3.0)
    >>> y.shape, y.dtype, round(float(abs(y).max()), 3)
    ((144000,), dtype('float32'), 0.6)
    """
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ConfigError(f"seconds wants 0 or more, and is {seconds}")
    if sample_rate < 32000:
        raise ConfigError(f"sample_rate wants 32000 Hz or more, and is {sample_rate}")
    if seed < 0:
        raise ConfigError(f"seed wants 0 or more, and is {seed}")
    # RandomState, and not default_rng: NumPy promises that its numbers never change.
    random = np.random.RandomState([seed, 1])
    y = np.zeros(round(seconds * sample_rate))
    for note in compose(seconds, seed):
        start = round(note.start_s * sample_rate)
        sound = _play(note, sample_rate, random)[: len(y) - start]
        y[start : start + len(sound)] += sound
    y = _pickup(y, sample_rate)
    peak = np.abs(y).max(initial=0.0)
    if peak > 0:
        y *= PEAK / peak
    return (y + _noise(len(y), sample_rate, random)).astype(np.float32)


def compose(seconds: float, seed: int = 0) -> list[Note]:
    """The notes of `phrase`, in the order of their bars.

    >>> notes = compose(10.0)
    >>> min(note.start_s for note in notes) >= 0.5, any(note.muted for note in notes)
    (True, True)
    """
    random = np.random.RandomState([seed, 0])
    notes, now = [], SILENCE_S
    while now < seconds:
        beat = random.uniform(0.36, 0.56)
        forces = random.permutation(np.linspace(0.15, 1.0, len(BARS)))
        for kind, force in zip(random.permutation(len(BARS)), forces, strict=True):
            bar, beats = BARS[kind]
            notes += bar(random, now, beat, force)
            now += beats * beat
    return [note for note in notes if note.start_s < seconds]


Bar = Callable[[np.random.RandomState, float, float, float], list[Note]]


def _touch(random: np.random.RandomState, force: float) -> float:
    """No two strokes of a hand are equal."""
    return float(np.clip(force + random.uniform(-0.12, 0.12), 0.0, 1.0))


def _riff(random, now, beat, force) -> list[Note]:
    """Eighths that wander over the pentatonic scale, some of them left out, some held."""
    hand, step, notes, eighth = random.randint(0, 8), random.randint(0, 8), [], 0
    while eighth < 8:
        step = int(np.clip(step + random.randint(-2, 3), 0, 11))
        held = 1 + (random.uniform() < 0.3)
        if random.uniform() < 0.88:
            string, fret = step // 2, hand + PENTATONIC[step // 2][step % 2]
            start = now + eighth * beat / 2
            notes.append(Note(start, string, fret, held * beat / 2, _touch(random, force)))
        eighth += held
    return notes


def _mutes(random, now, beat, force) -> list[Note]:
    """Chugging on a low string, broken now and then by two ringing strings a fifth apart."""
    root, string, notes = random.randint(0, 6), random.randint(0, 2), []
    for eighth in range(8):
        start = now + eighth * beat / 2
        if random.uniform() < 0.2:
            notes += [Note(start, string, root, beat / 2, _touch(random, force + 0.1))]
            notes += [Note(start + 0.004, string + 1, root + 2, beat / 2, _touch(random, force + 0.1))]
        else:
            notes.append(Note(start, string, root, beat / 2, _touch(random, force), muted=True))
    return notes


def _double_stops(random, now, beat, force) -> list[Note]:
    """Two strings at once, in thirds and fourths."""
    low, notes = random.randint(2, 5), []
    for k in range(4):
        fret, start = random.randint(2, 13), now + k * beat
        for string, higher in ((low, 0), (low + 1, random.randint(-1, 1))):
            notes.append(Note(start, string, fret + higher, 0.9 * beat, _touch(random, force)))
    return notes


def _chord(random, now, beat, force) -> list[Note]:
    """One open chord, strummed slowly or fast, down and up, that rings on into the next bar."""
    frets = CHORDS[sorted(CHORDS)[random.randint(len(CHORDS))]]
    gap_s, up, notes = random.uniform(0.006, 0.03), random.uniform() < 0.3, []
    strings = [k for k in range(6) if frets[k] is not None][:: -1 if up else 1]
    for k, string in enumerate(strings):
        notes.append(Note(now + k * gap_s, string, frets[string], 4.5 * beat, _touch(random, force - 0.25)))
    return notes


def _arpeggio(random, now, beat, force) -> list[Note]:
    """The strings of a chord one after the other, each ringing to the end of the bar."""
    frets = CHORDS[sorted(CHORDS)[random.randint(len(CHORDS))]]
    strings = random.permutation([k for k in range(6) if frets[k] is not None])
    starts = [(k * beat / 2, int(string)) for k, string in enumerate(strings)]
    return [Note(now + s, n, frets[n], 4 * beat - s, _touch(random, force)) for s, n in starts]


def _lead(random, now, beat, force) -> list[Note]:
    """Three held notes high up, all with vibrato, and two of them bent."""
    notes, start = [], now
    for beats, bend in zip(random.permutation([1, 1, 2]), random.permutation(3), strict=True):
        string, fret = random.randint(3, 6), random.randint(5, 15)
        touch, vibrato = _touch(random, force), random.uniform(0.1, 0.4)
        notes.append(Note(start, string, fret, beats * beat, touch, bend=float(bend), vibrato=vibrato))
        start += beats * beat
    return notes


def _low_note(random, now, beat, force) -> list[Note]:
    """One low note that rings alone until almost nothing is left of its treble."""
    return [Note(now, random.randint(0, 3), random.randint(0, 6), 3.8 * beat, _touch(random, force))]


def _rest(random, now, beat, force) -> list[Note]:
    return []


BARS: list[tuple[Bar, int]] = [  # and how many beats each lasts
    *((bar, 4) for bar in (_riff, _mutes, _double_stops, _chord, _arpeggio, _lead, _low_note)),
    (_rest, 1),
]


def _play(note: Note, sample_rate: int, random: np.random.RandomState) -> np.ndarray:
    semitones = None
    if note.bend or note.vibrato:
        at = np.linspace(0.0, 1.0, round(note.seconds * sample_rate))
        seconds = at * note.seconds
        wobble = np.clip(4 * at - 2, 0, 1) * np.sin(2 * np.pi * 5.5 * seconds)
        semitones = note.bend * (0.5 - 0.5 * np.cos(np.pi * np.clip(3 * at, 0, 1))) + note.vibrato * wobble
    string_hz = OPEN_HZ[note.string]
    return pluck(string_hz, note.fret, note.seconds, sample_rate, note.force, note.muted, semitones, random)


def _pickup(y: np.ndarray, sample_rate: int) -> np.ndarray:
    """The coil's inductance and the cable's capacitance: a low-pass with a peak. [T] -> [T]."""
    w = 2 * math.pi * PICKUP_HZ
    return signal.lfilter(*signal.bilinear([w * w], [1.0, w / PICKUP_Q, w * w], sample_rate), y)


def _noise(samples: int, sample_rate: int, random: np.random.RandomState) -> np.ndarray:
    """What a quiet guitar cable gives: hiss, and a little of the mains. [T]."""
    hum = np.sin(2 * np.pi * HUM_HZ / sample_rate * np.arange(samples))
    hiss = random.standard_normal(samples)
    return db_to_gain(NOISE_DB) * hiss + math.sqrt(2) * db_to_gain(HUM_DB) * hum
