"""What a timbre's page says of it in words."""

import math

import numpy as np

from tonewright.measure.metrics import rms_db
from tonewright.report.judgement import Judgement
from tonewright.units import SILENCE_DB

CLOSE = {"tone": 3.0, "loudness": 2.0}  # dB by which the two are off in the mean
FAR = 2.0  # times that is no likeness any more


def broken(recording: np.ndarray, reconstruction: np.ndarray) -> Judgement | None:
    """What to say where one of the two is no sound; None when both are.

    >>> broken(np.ones(9), np.full(9, np.nan)).headline
    'The model is broken: what it makes is not sound'
    """
    sounds = {"recording": recording, "model's sound": reconstruction}
    wrong = [name for name, x in sounds.items() if not np.isfinite(x).all()]
    silent = [name for name, x in sounds.items() if name not in wrong and rms_db(x) == SILENCE_DB]
    notices = [
        f"The {name} holds samples that are no numbers; on this page they are silent." for name in wrong
    ]
    notices += [f"The {name} is silent from beginning to end." for name in silent]
    if not notices:
        return None
    ours = "recording" not in wrong + silent
    headline = (
        "The model is broken: what it makes is not sound" if ours else "There is nothing to compare with"
    )
    return Judgement(headline, [], None, notices)


def headline(tone_db: float, loudness_db: float) -> str:
    """In one line.

    Args:
        tone_db, loudness_db: how far off, in dB, in the mean.

    >>> headline(2.0, 1.0)
    'Makes the sound again: loudness and tone follow the recording'
    >>> headline(7.0, 1.0)
    'Not this sound yet: tone is far off'
    """
    off = {"loudness": loudness_db / CLOSE["loudness"], "tone": tone_db / CLOSE["tone"]}
    wrong = [name for name, times in off.items() if not times <= 1.0]
    if not wrong:
        return "Makes the sound again: loudness and tone follow the recording"
    far = [name for name in wrong if not off[name] <= FAR]
    if far:
        return f"Not this sound yet: {' and '.join(far)} {'is' if len(far) == 1 else 'are'} far off"
    return f"Like the sound, but audibly different in {' and '.join(wrong)}"


def sentences(
    tone_db: float, loudness_db: float, distances: tuple[float | None, ...], latent: str
) -> list[str]:
    """What the headline rests on.

    Args:
        tone_db, loudness_db: how far off, in dB, in the mean.
        distances: the held-out spectral distance, that of the untaught model and that half-way; None where unknown.
        latent: what the latent is, in a sentence.

    >>> for sentence in sentences(2.0, 1.0, (3.0, 6.0, 3.3), "A few numbers.")[:2]:
    ...     print(sentence)
    Tone: each part is off by 2.0 dB in the mean; below 3 dB is close.
    Loudness: off by 1.0 dB in the mean; below 2 dB is close.
    """
    words = [f"Tone: {_off('each part is off', tone_db, CLOSE['tone'])}"] if not math.isnan(tone_db) else []
    words.append(f"Loudness: {_off('off', loudness_db, CLOSE['loudness'])}")
    distance, before, half_way = distances
    if distance is not None:
        words.append(
            f"Spectral distance on sounds it never heard: {distance:.3g}{_of(distance, before, half_way)}."
        )
    return [*words, latent] if latent else words


def latent_words(played: int, dims: int, frames_per_s: float, fidelity: float, named: list[str]) -> str:
    """What the latent is.

    >>> latent_words(9, 128, 23.4, 0.951, ["latent_0 goes with loudness (r = 0.93)"])
    'Between hearing and playing there are 9 of 128 numbers, 23.4 times a second, which hold 95 % of what varies;
    latent_0 goes with loudness (r = 0.93).'
    """
    count = f"{played} of {dims} numbers" if played < dims else f"{dims} number{'s' if dims != 1 else ''}"
    held = f", which hold {_percent(fidelity)} of what varies" if played < dims else ""
    told = f"; {', '.join(named)}" if named else ""
    return f"Between hearing and playing there are {count}, {frames_per_s:.3g} times a second{held}{told}."


def _off(what: str, db: float, close: float) -> str:
    return f"{what} by {db:.1f} dB in the mean; below {close:g} dB is close."


def _of(distance: float, before: float | None, half_way: float | None) -> str:
    told = [(before, "before it was taught"), (half_way, "half-way")]
    parts = [f"{_percent(distance / past)} of what it was {when}" for past, when in told if past]
    return f", {' and '.join(parts)}" if parts else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share < 0.995 or share >= 1.0 else f"{100 * share:.1f} %"
