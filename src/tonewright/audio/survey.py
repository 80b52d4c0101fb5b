"""What there is to learn an instrument from: how much, from which note to which, from how soft to how loud."""

import math
from dataclasses import dataclass

import numpy as np

from tonewright.audio.performance import Performance
from tonewright.audio.polyphony import considered, polyphonic
from tonewright.units import clock, note_name

SILENT_DB = 40.0  # below the loud parts


@dataclass(frozen=True)
class Survey:
    """What there is to learn from.

    Attributes:
        seconds: of all recordings.
        voiced_seconds: of these, with a pitch.
        lowest_hz, highest_hz: pitches that 5 % of that time lie below, and above; NaN where there are none.
        softest_db, loudest_db: the same of loudness, A-weighted.
        silence: part of the time in which nothing is played, 0 to 1.
        polyphony: part of what is loud and has a pitch in which more sounds than one note, 0 to 1.
        thickest: the recording that has most of that, and its own part.
    """

    seconds: float
    voiced_seconds: float
    lowest_hz: float
    highest_hz: float
    softest_db: float
    loudest_db: float
    silence: float
    polyphony: float
    thickest: tuple[str, float]

    @property
    def semitones(self) -> float:
        """From the lowest to the highest pitch."""
        return 12.0 * math.log2(self.highest_hz / self.lowest_hz)

    def __str__(self) -> str:
        words = [f"{clock(self.voiced_seconds)} of {clock(self.seconds)} minutes have a pitch"]
        if self.voiced_seconds:
            low, high = (f"{note_name(hz)} ({hz:.0f} Hz)" for hz in (self.lowest_hz, self.highest_hz))
            words += [f"it goes from {low} to {high}"]
            words += [f"{self.loudest_db - self.softest_db:.0f} dB lie between soft and loud"]
        return "; ".join([*words, f"{100 * self.silence:.0f} % is silence"])


def survey(performances: list[Performance]) -> Survey:
    """How much there is to learn from, and of what."""
    f0_hz = np.concatenate([one.f0_hz[one.voiced] for one in performances])
    loud = np.concatenate([one.loudness_db[one.voiced] for one in performances])
    silent = sum(np.count_nonzero(_silent(one)) for one in performances)
    heard = [np.count_nonzero(considered(one)) for one in performances]
    several = [np.count_nonzero(polyphonic(one)) for one in performances]
    thickest = int(np.argmax(several))
    none = (math.nan, math.nan)
    low, high = np.percentile(f0_hz, (5, 95)) if len(f0_hz) else none
    soft, strong = np.percentile(loud, (5, 95)) if len(loud) else none
    return Survey(
        seconds=sum(one.seconds for one in performances),
        voiced_seconds=sum(np.count_nonzero(one.voiced) * one.hop / one.sample_rate for one in performances),
        lowest_hz=float(low),
        highest_hz=float(high),
        softest_db=float(soft),
        loudest_db=float(strong),
        silence=silent / sum(one.frames for one in performances),
        polyphony=sum(several) / max(1, sum(heard)),
        thickest=(performances[thickest].name, several[thickest] / max(1, heard[thickest])),
    )


def _silent(one: Performance) -> np.ndarray:
    return ~one.voiced & (one.loudness_db < np.percentile(one.loudness_db, 95) - SILENT_DB)
