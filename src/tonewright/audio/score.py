"""Notes as pitch and loudness over time, shaped the way a player would play them."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from tonewright.dsp.loudness import FLOOR_DB
from tonewright.errors import ConfigError
from tonewright.units import db_to_gain

LONGEST_S = 3600.0
SHORTEST_HOP_S = 1e-3
TAIL_S = 1.0  # of silence after the last note, in which a room may ring
A4, A4_HZ = 69.0, 440.0
LOWEST, HIGHEST = 0.0, 127.0  # the pitches that there are, whatever is bent
CONNECTED_S = 0.05  # notes nearer than this are slurred: the pitch glides
AHEAD_S = 0.02  # after a rest the new pitch is there before the note, so that its attack does not glide
FADE_DB, FADE_S = 3.0, 0.4  # a held note gets a little softer after its attack
VIBRATO_AFTER_S, VIBRATO_GROWS_S = 0.3, 0.4
SMOOTH_S = 0.03  # what a controller sets in steps moves this fast

Steps = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Note:
    """One note of a part in which no two sound at once.

    Attributes:
        start_s, end_s: from and to when it is held.
        pitch: MIDI note number; 69 is A4, and fractions are allowed.
        velocity: how hard it is struck, 1..127.
        bend: (seconds, semitones) from each time on, in order; nothing before the first.
        gain: (seconds, dB) from each time on: what volume and expression pedal do.
    """

    start_s: float
    end_s: float
    pitch: float
    velocity: int = 80
    bend: Steps = ()
    gain: Steps = ()


def notes_to_features(
    notes: list[Note],
    hop_s: float = 0.01,
    loudness_range_db: tuple[float, float] = (-45.0, -20.0),
    portamento_s: float = 0.02,
    vibrato_cents: float = 12.0,
    vibrato_hz: float = 5.5,
    attack_s: float = 0.04,
    release_s: float = 0.12,
) -> tuple[np.ndarray, np.ndarray]:
    """What an instrument hears when it plays these notes.

    Slurred notes glide into each other; after a rest a note begins on its pitch. Notes longer than 0.3 s get a
    vibrato that grows. The gain rises along a line for the attack, sinks by up to 3 dB while the note is held,
    and falls by as many dB every frame for the release. Between notes it is silent and the pitch stays.

    Args:
        notes: in order of time, none beginning before the one before it. Where two overlap, the later one
            ends the earlier one.
        hop_s: seconds from one frame to the next, 0.001 or more.
        loudness_range_db: of the softest and the hardest note, within -80..20. Take the instrument's own.
        portamento_s: of a glide, 0 or more; 0 steps.
        vibrato_cents: to either side of the pitch, 0..200.
        vibrato_hz: above 0, below half a frame rate.
        attack_s, release_s: 0 or more.

    Returns:
        f0_hz [F] and loudness_db [F], float32; frame n tells of the time n hop_s. The last note is followed by
        a second of silence. The pitch of bent notes is held within MIDI notes 0..127.

    Raises:
        ConfigError: no notes, notes out of order or beyond an hour, or an argument outside its range.

    >>> f0_hz, loudness_db = notes_to_features([Note(0.0, 0.25, 69), Note(0.25, 0.5, 81)], portamento_s=0.0)
    >>> [round(float(hz)) for hz in f0_hz[[0, 24, 25, 60]]], len(f0_hz)
    ([440, 440, 880, 880], 163)
    >>> float(loudness_db[0]), bool(loudness_db[20] > -45), float(loudness_db[-1])
    (-80.0, True, -80.0)
    """
    _check_notes(notes)
    low_db, high_db = loudness_range_db
    _within("hop_s", hop_s, SHORTEST_HOP_S, 1.0)
    _within("loudness_range_db from", low_db, FLOOR_DB, 20.0)
    _within("loudness_range_db to", high_db, low_db, 20.0)
    for name, value in (("portamento_s", portamento_s), ("attack_s", attack_s), ("release_s", release_s)):
        _within(name, value, 0.0, 10.0)
    _within("vibrato_cents", vibrato_cents, 0.0, 200.0)
    _within("vibrato_hz", vibrato_hz, 0.01, 0.5 / hop_s)
    frames = math.floor((notes[-1].end_s + release_s + TAIL_S) / hop_s + 1e-6) + 1
    time_s = np.arange(frames) * hop_s
    pitch = _pitch(notes, time_s, portamento_s, release_s)
    pitch += _vibrato(notes, time_s, vibrato_cents, vibrato_hz)
    pitch += _steps(notes, [note.bend for note in notes], time_s)
    level_db = [low_db + (high_db - low_db) * (note.velocity - 1) / 126 for note in notes]
    loudness_db = _envelope(notes, level_db, time_s, attack_s, release_s)
    loudness_db += _steps(notes, [note.gain for note in notes], time_s)
    f0_hz = A4_HZ * 2.0 ** ((np.clip(pitch, LOWEST, HIGHEST) - A4) / 12.0)
    return f0_hz.astype(np.float32), np.maximum(loudness_db, FLOOR_DB).astype(np.float32)


def _pitch(notes: list[Note], time_s: np.ndarray, portamento_s: float, release_s: float) -> np.ndarray:
    """The pitch without vibrato and bends: held, and gliding between slurred notes. [F] in semitones."""
    pitch = np.full(len(time_s), float(notes[0].pitch))
    for before, note in itertools.pairwise(notes):
        rest_s = note.start_s - before.end_s
        if rest_s <= CONNECTED_S:
            first, last = np.searchsorted(time_s, (note.start_s - 1e-9, note.start_s + portamento_s))
            way = (time_s[first:last] - note.start_s) / max(portamento_s, 1e-9)
            pitch[first:last] += (note.pitch - pitch[first:last]) * (way * way * (3 - 2 * way))
        else:
            last = np.searchsorted(time_s, note.start_s - min(AHEAD_S, max(0.0, rest_s - release_s)) - 1e-9)
        pitch[last:] = note.pitch
    return pitch


def _vibrato(notes: list[Note], time_s: np.ndarray, cents: float, hz: float) -> np.ndarray:
    """A sine that sets in late in each long note, also through its release. [F] in semitones."""
    wobble = np.zeros(len(time_s))
    for note, part in zip(notes, _parts(notes, time_s), strict=True):
        if note.end_s - note.start_s > VIBRATO_AFTER_S:
            late_s = time_s[part] - note.start_s - VIBRATO_AFTER_S
            grown = np.clip(late_s / VIBRATO_GROWS_S, 0.0, 1.0)
            wobble[part] = cents / 100 * grown * np.sin(2 * np.pi * hz * np.maximum(late_s, 0.0))
    return wobble


def _envelope(
    notes: list[Note], level_db: list[float], time_s: np.ndarray, attack_s: float, release_s: float
) -> np.ndarray:
    """Attack, decay and release of all notes, each beginning where the one before it was. [F] in dB."""
    loudness_db = np.full(len(time_s), FLOOR_DB)
    from_db, nearest = FLOOR_DB, [*notes[1:], None]
    for note, after, to_db, part in zip(notes, nearest, level_db, _parts(notes, time_s), strict=True):
        end_s = min(note.end_s, after.start_s) if after else note.end_s
        edges_s = np.array([end_s, after.start_s if after else end_s])  # what the next one needs to know
        shape_db = _shape(np.append(time_s[part], edges_s) - note.start_s, from_db, to_db, attack_s)
        late_s = np.append(time_s[part], edges_s) - end_s
        fall = np.clip(late_s / max(release_s, 1e-9), 0.0, 1.0)
        fallen_db = shape_db[-2] + (FLOOR_DB - shape_db[-2]) * fall
        all_db = np.where(late_s > 0, fallen_db, shape_db)
        loudness_db[part], from_db = all_db[:-2], float(all_db[-1])
    return loudness_db


def _shape(since_s: np.ndarray, from_db: float, to_db: float, attack_s: float) -> np.ndarray:
    """Attack and decay of a note that is held for ever, in dB."""
    risen = np.clip(since_s / max(attack_s, 1e-9), 0.0, 1.0)
    gain = db_to_gain(from_db) + (db_to_gain(to_db) - db_to_gain(from_db)) * risen
    held_s = np.maximum(since_s - attack_s, 0.0)
    return 20.0 * np.log10(gain) - FADE_DB * (1.0 - np.exp(-held_s / FADE_S))


def _steps(notes: list[Note], steps: list[Steps], time_s: np.ndarray) -> np.ndarray:
    """What controllers set, smoothed; nothing where a note does not tell. [F]."""
    if not any(steps):
        return np.zeros(len(time_s))
    flat = []
    for note, told in zip(notes, steps, strict=True):
        if not told or told[0][0] > note.start_s:
            flat.append((note.start_s, 0.0))
        flat += told
    at_s, value = np.array(flat).T
    place = np.searchsorted(at_s, time_s + 1e-9, side="right")
    y = np.concatenate([value[:1], value])[place]  # the first note's before it, where nobody hears it
    window = np.hanning(2 * max(1, round(SMOOTH_S / time_s[1] / 2)) + 3)
    reach = len(window) // 2
    return np.convolve(np.pad(y, reach, mode="edge"), window / window.sum(), mode="valid")


def _parts(notes: list[Note], time_s: np.ndarray) -> list[slice]:
    """The frames from each note's start to the next one's."""
    first = np.searchsorted(time_s, [note.start_s - 1e-9 for note in notes])
    return [slice(a, b) for a, b in zip(first, [*first[1:], len(time_s)], strict=True)]


def _check_notes(notes: list[Note]) -> None:
    if not notes:
        raise ConfigError("there are no notes to play")
    now_s = 0.0
    for note in notes:
        if not (now_s <= note.start_s <= note.end_s <= LONGEST_S):
            raise ConfigError(
                f"notes come in order of time, within {LONGEST_S:.0f} s; one goes from {note.start_s:g} s to "
                f"{note.end_s:g} s after one that begins at {now_s:g} s"
            )
        if not (LOWEST <= note.pitch <= HIGHEST and 1 <= note.velocity <= 127):
            raise ConfigError(
                f"a note has a pitch of 0..127 and a velocity of 1..127, and not {note.pitch:g} and {note.velocity}"
            )
        now_s = note.start_s


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} wants {low:g} to {high:g}, and is {value:g}")
