"""What an instrument's page says of it in words."""

import math

import numpy as np

from tonewright.measure.metrics import rms_db
from tonewright.report.instrument_views import OFF_SEMITONES, pitch_errors
from tonewright.report.judgement import Judgement
from tonewright.units import SILENCE_DB

# Measured on a violin of 13 minutes (the course that set the task, and its author's own best model).
ASKED_LOSS, BEST_LOSS = 6.5, 5.5
ASKED_DB, ASKED_SEMITONES, ASKED_OFF = 1.7, 0.08, 0.15
FAR = 1.5  # times what is asked is no likeness any more


def measured(
    target_hz: np.ndarray, estimate_hz: np.ndarray, target_db: np.ndarray, estimate_db: np.ndarray
) -> tuple[float, float, float]:
    """What the curves tell where nobody measured better.

    Args:
        target_hz, estimate_hz: pitch of recording and model, [F] each; 0 or NaN where there is none.
        target_db, estimate_db: their loudness, [F] each.

    Returns:
        The mean distance of the loudness in dB; of the frames that have a pitch in both, the median distance in
        semitones and the share that is off by more than half a semitone. NaN without such frames.

    >>> hz, db = np.array([440.0, 440.0, 0.0]), np.zeros(3)
    >>> measured(hz, 2 ** (1 / 12) * hz, db, db - 1.0)
    (1.0, 1.0, 1.0)
    """
    off = pitch_errors(target_hz, estimate_hz)
    semitones, share = (
        (float(np.median(off)), float(np.mean(off > OFF_SEMITONES))) if len(off) else (math.nan,) * 2
    )
    return float(np.mean(np.abs(target_db - estimate_db))), round(semitones, 9), share


def judge_instrument(
    recording: np.ndarray,
    resynthesis: np.ndarray,
    loss: float | None,
    db: float,
    semitones: float,
    off: float,
) -> Judgement:
    """What to say of a model and the recording that it was held against.

    Args:
        recording, resynthesis: [T] each; samples that are no numbers are named in the notices.
        loss: multi-scale spectral loss, None when it was not measured.
        db, semitones, off: distances as `measured` gives them.

    >>> tone = np.sin(np.arange(4800) / 8)
    >>> judge_instrument(tone, tone, 5.9, 1.2, 0.05, 0.1).headline
    'Plays like the instrument: pitch, loudness and tone follow the recording'
    """
    takes = {"recording": recording, "model's sound": resynthesis}
    broken = [name for name, x in takes.items() if not np.isfinite(x).all()]
    notices = [
        f"The {name} holds samples that are no numbers; on this page they are silent." for name in broken
    ]
    silent = [name for name, x in takes.items() if name not in broken and rms_db(x) == SILENCE_DB]
    notices += [f"The {name} is silent from beginning to end." for name in silent]
    if notices:
        wrong = (broken + silent)[0] == "recording"
        headline = (
            "There is nothing to compare with" if wrong else "The model is broken: what it makes is not sound"
        )
        return Judgement(headline, [], None, notices)
    return Judgement(_headline(loss, db, semitones, off), _sentences(loss, db, semitones, off), None, [])


def _headline(loss: float | None, db: float, semitones: float, off: float) -> str:
    asked = {"tone": (loss, ASKED_LOSS), "loudness": (db, ASKED_DB)}
    worst_pitch = max(semitones / ASKED_SEMITONES, off / ASKED_OFF)
    ratios = {name: value / most for name, (value, most) in asked.items() if value is not None}
    ratios["pitch"] = worst_pitch
    wrong = [name for name in ("pitch", "loudness", "tone") if not ratios.get(name, 0.0) <= 1.0]
    if not wrong:
        told = [name for name in ("pitch", "loudness", "tone") if name in ratios]
        return f"Plays like the instrument: {_listed(told)} follow the recording"
    if any(not ratios[name] <= FAR for name in wrong):
        return f"Not this instrument yet: {_listed(wrong)} {'is' if len(wrong) == 1 else 'are'} far off"
    return f"Like the instrument, but audibly different in {_listed(wrong)}"


def _sentences(loss: float | None, db: float, semitones: float, off: float) -> list[str]:
    words = []
    if loss is not None:
        words.append(
            f"Tone: the spectral loss is {loss:.2f}; lower is closer. {ASKED_LOSS:g} is the mark to reach, and "
            f"{BEST_LOSS:g} is what a large model of a violin came to after 62,000 steps."
        )
    heard = "hardly to be heard" if db < 1.0 else "a little uneven" if db < ASKED_DB else "clearly uneven"
    words.append(f"Loudness: off by {db:.1f} dB in the mean, which is {heard}.")
    if math.isnan(semitones):
        words.append("Pitch: there is no frame in which both have one.")
    else:
        words.append(
            f"Pitch: half of the frames are within {semitones:.2f} semitones, and "
            f"{100 * off:.0f} % of those that have a pitch are off by more than half a semitone."
        )
    return words


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
