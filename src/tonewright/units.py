"""Conversions between the units of sound."""

import math

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SILENCE_DB = -200.0  # what we call the level of nothing


def db_to_gain(db: float) -> float:
    """Decibels to a linear factor.

    >>> db_to_gain(20.0)
    10.0
    """
    return 10.0 ** (db / 20.0)


def gain_to_db(gain: float) -> float:
    """A linear factor to decibels, not below SILENCE_DB.

    >>> gain_to_db(0.1), gain_to_db(0.0)
    (-20.0, -200.0)
    """
    return max(20.0 * math.log10(gain), SILENCE_DB) if gain > 0 else SILENCE_DB


def clock(seconds: float) -> str:
    """A duration as people write it.

    >>> clock(75.0), clock(3725.0)
    ('1:15', '1:02:05')
    """
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"


def note_name(hz: float) -> str:
    """The note of the keyboard that is nearest to a pitch above 0.

    >>> note_name(440.0), note_name(196.0), note_name(450.0)
    ('A4', 'G3', 'A4')
    """
    number = round(69 + 12 * math.log2(hz / 440.0))
    return f"{NOTES[number % 12]}{number // 12 - 1}"
