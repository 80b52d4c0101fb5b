"""How loud each source of a corpus is taught: one gain for a whole file, or for all the one-shots of a folder.

A gain that follows the sound, as a compressor or a gain for each crop, would take away the dynamics that a model is
to learn. So a recording gets one gain, from its first sample to its last. Sounds shorter than ten seconds are taken
as takes of one thing, such as a drum struck softly and hard: all of a folder share the gain of the loudest of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from tonewright.audio.corpus_source import Source
from tonewright.units import db_to_gain

PEAK_DB = -1.0  # of the loudest sample after the gain
MOST_DB = 30.0  # of gain: what is quieter yet is mostly the noise of its recorder
ONE_SHOT_S = 10.0


def levelled(sources: Sequence[Source], keep_levels: bool = False) -> tuple[Source, ...]:
    """The sources with their gains.

    Args:
        sources: of a corpus, all of them.
        keep_levels: every gain is 1.

    >>> levelled([])
    ()
    """
    if keep_levels:
        return tuple(replace(source, gain=1.0) for source in sources)
    peaks = defaultdict(float)
    for source in sources:
        peaks[gain_group(source)] = max(peaks[gain_group(source)], source.peak)
    return tuple(replace(source, gain=_gain(peaks[gain_group(source)])) for source in sources)


def gain_group(source: Source) -> tuple[str, bool]:
    """What shares a gain: the file itself, with all its channels, or the one-shots of its folder."""
    short = source.seconds < ONE_SHOT_S
    return (str(PurePosixPath(source.path).parent) if short else source.path, short)


def _gain(peak: float) -> float:
    return min(db_to_gain(PEAK_DB) / peak, db_to_gain(MOST_DB)) if peak > 0 else 1.0
