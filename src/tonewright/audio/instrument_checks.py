"""Can an instrument be learned from these recordings? How much there is, of what, and what would make it better.

A threshold is a number that real recordings, a violin and voices, were found to lie well on either side of.
"""

import numpy as np

from tonewright.audio.findings import LEVELS, Finding
from tonewright.audio.performance import Performance
from tonewright.audio.survey import Survey, survey
from tonewright.measure.metrics import rms_db
from tonewright.units import clock, note_name

LITTLE_MIN, GOOD_MIN = 5.0, 10.0  # with a pitch
MOSTLY_SILENT = 0.35  # has a pitch; songs with their rests have 0.65
QUIET_DB = -45.0  # RMS; a voice far from its microphone was at -36
CLIPPED = 1e-6  # of all samples: no longer a stray peak
NARROW_SEMITONES = 7.0  # a fifth; songs have 9, a violin 20
NARROW_DB = 9.0  # of loudness; the violin has 18
NOISY_DB = 35.0  # from the noise in the rests to the playing; voices have 47 and more
REST_S = 1.0  # from which the noise can be told
RINGS_S, RINGS_FROM = (
    0.8,
    5,
)  # of decay by 60 dB, and note ends that tell it; voices have 0.3 s, a church more than 1
POLYPHONIC = 0.08  # of the loud frames with a pitch; solo lines have 0.03, movements with double stops 0.3


def check_instrument(performances: list[Performance]) -> tuple[Survey, list[Finding]]:
    """What there is, and what is wrong, doubtful or good to know about it, the worst first.

    Args:
        performances: of one instrument, at least one.
    """
    there = survey(performances)
    if not there.voiced_seconds:
        means = "there is no note to learn"
        do = "record an instrument that plays one note at a time; drums and noises are not for this kind of model"
        return there, [Finding("error", "no pitch was heard", means, do)]
    found = [
        *_amount(there),
        *_polyphony(there, len(performances)),
        *_clipping(performances),
        *_quiet(performances),
    ]
    found += [
        *_silence(there),
        *_range(there),
        *_dynamics(there),
        *_noise(performances),
        *_ringing(performances),
    ]
    return there, sorted(found, key=lambda finding: LEVELS.index(finding.level))


def _amount(there: Survey) -> list[Finding]:
    seen = f"{clock(there.voiced_seconds)} minutes have a pitch"
    do = "record 10 to 15 minutes"
    if there.voiced_seconds < 60 * LITTLE_MIN:
        means = "it works, but the instrument will be poorer than it could be"
        return [Finding("warning", seen, means, do)]
    if there.voiced_seconds < 60 * GOOD_MIN:
        return [Finding("note", seen, "that will do, and more is better", do)]
    return []


def _polyphony(there: Survey, recordings: int) -> list[Finding]:
    if there.polyphony < POLYPHONIC:
        return []
    name, part = there.thickest
    where = f", and {100 * part:.0f} % of {name}" if recordings > 1 else ""
    seen = f"in {100 * there.polyphony:.0f} % of the playing{where}, more sounds than one note (double stops, others)"
    means = "the model follows one note, and would learn the others as part of its sound"
    return [Finding("warning", seen, means, "record single notes, with nobody playing along")]


def _clipping(performances: list[Performance]) -> list[Finding]:
    cut = {one.name: one.clipped for one in performances if one.clipped > CLIPPED * len(one.sound)}
    if not cut:
        return []
    where = max(cut, key=cut.get)
    others = f", and {len(cut) - 1} more" if len(cut) > 1 else ""
    seen = f"{where}{others} is clipped at full scale ({sum(cut.values())} samples)"
    return [Finding("warning", seen, "loud notes will sound torn", "turn the level down and record again")]


def _quiet(performances: list[Performance]) -> list[Finding]:
    level_db = max(rms_db(one.sound) for one in performances)
    if level_db > QUIET_DB:
        return []
    return [
        Finding("warning", f"all is quiet ({level_db:.0f} dB)", "hiss takes a part of it", "record it louder")
    ]


def _silence(there: Survey) -> list[Finding]:
    part = there.voiced_seconds / there.seconds
    if part >= MOSTLY_SILENT:
        return []
    seen = f"only {100 * part:.0f} % of the time has a pitch"
    return [
        Finding("warning", seen, "the rest teaches little", "cut long rests and talk out of the recordings")
    ]


def _range(there: Survey) -> list[Finding]:
    if there.semitones >= NARROW_SEMITONES:
        return []
    low, high = note_name(there.lowest_hz), note_name(there.highest_hz)
    seen = f"nearly all notes lie between {low} and {high}"
    means = "the model knows no others, and guesses how they sound"
    return [Finding("warning", seen, means, "play scales over the whole range")]


def _dynamics(there: Survey) -> list[Finding]:
    width = there.loudest_db - there.softest_db
    if width >= NARROW_DB:
        return []
    seen = f"soft and loud are only {width:.0f} dB apart"
    means = "the model will not know how the instrument sounds when it is played softer or harder"
    return [Finding("warning", seen, means, "play from very soft to very loud, without a compressor")]


def _noise(performances: list[Performance]) -> list[Finding]:
    far = [distance for one in performances if (distance := _above_noise(one)) is not None]
    if not far or min(far) >= NOISY_DB:
        return []
    seen = f"in the rests there is a noise only {max(0.0, min(far)):.0f} dB below the playing"
    return [
        Finding(
            "warning",
            seen,
            "it becomes part of the instrument",
            "find its source, or go nearer to the microphone",
        )
    ]


def _above_noise(one: Performance) -> float | None:
    """By how much the playing is louder than the quietest tenth of the rests in dB; None where there are no rests."""
    rests = one.loudness_db[~one.voiced]
    if len(rests) * one.hop < REST_S * one.sample_rate or not one.voiced.any():
        return None
    return float(np.median(one.loudness_db[one.voiced]) - np.percentile(rests, 10))


def _ringing(performances: list[Performance]) -> list[Finding]:
    decays = [seconds for one in performances for seconds in _decays(one)]
    if len(decays) < RINGS_FROM or np.median(decays) < RINGS_S:
        return []
    seen = f"when a note ends, it falls by 60 dB in {np.median(decays):.1f} s: an instrument that rings, or a room"
    means = "the room becomes part of the instrument, as a reverb that can be switched off"
    return [Finding("note", seen, means, "for a dry sound, record closer or in a smaller room")]


def _decays(one: Performance) -> list[float]:
    """Of every place where the sound falls by 30 dB without a break, the seconds that 60 dB would have taken."""
    level, found, start = one.loudness_db.astype(np.float64), [], 0
    loud = np.percentile(level, 95) - 30.0
    rises = np.flatnonzero(np.diff(level) > 1.0)
    for stop in (*rises, len(level) - 1):
        fall = level[start : stop + 1]
        top = int(np.argmax(fall)) if len(fall) else 0
        fall, start = fall[top:], stop + 1
        if len(fall) and fall[0] > loud and fall.min() < fall[0] - 30.0:
            frames = int(np.argmax(fall < fall[0] - 25.0)) - int(np.argmax(fall < fall[0] - 5.0))
            found.append(3.0 * frames * one.hop / one.sample_rate)
    return found
