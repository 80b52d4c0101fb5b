"""Can a timbre be learned from this corpus? How much there is, of what, and what would make it better.

A threshold is a number that real sounds were found to lie well on either side of.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from tonewright.audio.corpus_levels import MOST_DB, gain_group
from tonewright.audio.corpus_ring import Corpus
from tonewright.audio.corpus_source import Source
from tonewright.audio.findings import LEVELS, Finding
from tonewright.units import clock, db_to_gain, gain_to_db

LITTLE_MIN, GOOD_MIN = 10.0, 120.0
QUIET_DB = -36.0  # of the loud parts, after the gain; drum hits with long gaps have -25
CLIPPED = 1e-5  # of all samples: no longer a stray peak
VARIED_DB = (
    6.0  # between recordings; violins have 3, all of a drum kit 5.4, dogs and helicopters and rain 8.4
)
UNIFORM_DB = 4.0  # from moment to moment; a held tone has 0.3, noise 3, engines and rain 8, a violin 11
MOSTLY_SILENT = 0.6  # drum hits with long gaps have 0.48
DULL, RATHER_DULL = 0.5, 0.75  # of the bandwidth that the rate allows
ONE_SHOT_S = 4.0  # what is shorter is no recording of its own, and may be a kick here and a cymbal there


@dataclass(frozen=True)
class CorpusSurvey:
    """What there is to learn from.

    Attributes:
        files, sources: how many; a stereo file may be two sources.
        seconds: of all sources.
        dropped_s: of silence that was left out.
        silence: part of the time, 0 to 1.
        between_db: by how much recordings differ in colour.
        moves_db: by how much level and colour change, from moment to moment and from source to source.
    """

    files: int
    sources: int
    seconds: float
    sample_rate: int
    dropped_s: float
    silence: float
    between_db: float
    moves_db: float

    def __str__(self) -> str:
        what = "1 sound" if self.files == 1 else f"{self.files} sounds"
        channels = f", {self.sources} channels" if self.sources != self.files else ""
        words = f"{clock(self.seconds)} of sound at {self.sample_rate} Hz from {what}{channels}"
        words += f"; {100 * self.silence:.0f} % is silence"
        return words + (f", and {clock(self.dropped_s)} more were left out" if self.dropped_s >= 0.5 else "")


def check_corpus(corpus: Corpus) -> tuple[CorpusSurvey, list[Finding]]:
    """What there is, and what is wrong, doubtful or good to know about it, the worst first.

    >>> import tempfile
    >>> from tonewright.audio.corpus import open_corpus
    >>> from tonewright.audio.files import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hum = 0.1 * np.sin(2 * np.pi * 50 * np.arange(80000) / 16000)
    ...     clipped = write(f"{folder}/hum.wav", hum, 16000)
    ...     there, found = check_corpus(open_corpus(folder, 16000))
    >>> print(there)
    0:05 of sound at 16000 Hz from 1 sound; 0 % is silence
    >>> for finding in found:
    ...     print(finding)
    warning: there are only 0:05 minutes; too little: ...
    warning: too uniform: level and colour change by ... dB only; ...
    """
    there = survey(corpus)
    found = [
        *_amount(there),
        *_left_out(corpus),
        *_clipping(corpus),
        *_quiet(corpus),
        *_varied(corpus, there),
        *_uniform(there),
        *_silence(there),
        *_dull(corpus),
        *_offset(corpus),
        *_twice(corpus),
        *_cancelling(corpus),
    ]
    return there, sorted(found, key=lambda finding: LEVELS.index(finding.level))


def survey(corpus: Corpus) -> CorpusSurvey:
    """How much there is to learn from, and of what."""
    weights = _weights(corpus.sources)
    moves = np.array([source.moves_db for source in corpus.sources])
    apart = _between(corpus.sources, lambda source: source)
    return CorpusSurvey(
        files=len({source.path for source in corpus.sources}),
        sources=len(corpus.sources),
        seconds=corpus.seconds,
        sample_rate=corpus.sample_rate,
        dropped_s=sum(source.dropped for source in corpus.sources) / corpus.sample_rate,
        silence=float(weights @ [source.silence for source in corpus.sources]),
        between_db=_between(corpus.sources, _recording),
        moves_db=float(np.sqrt(weights @ moves**2 + apart**2)),
    )


def _recording(source: Source) -> str:
    """What was recorded in one go, as far as a path tells."""
    return source.path if source.seconds >= ONE_SHOT_S else str(PurePosixPath(source.path).parent)


def _weights(sources: tuple[Source, ...]) -> np.ndarray:
    lengths = np.array([source.length for source in sources], float)
    return lengths / lengths.sum()


def _between(sources: tuple[Source, ...], group: Callable) -> float:
    """How far the mean colours of groups of sources lie from the mean of all, RMS in dB."""
    bands = np.array([source.bands for source in sources])
    colours, totals = defaultdict(float), defaultdict(float)
    for source, weight, colour in zip(sources, _weights(sources), bands, strict=True):
        colours[group(source)] += weight * colour
        totals[group(source)] += weight
    mean = sum(colours.values())
    apart = [totals[key] * np.mean((colours[key] / totals[key] - mean) ** 2) for key in totals if totals[key]]
    return float(np.sqrt(sum(apart)))


def _amount(there: CorpusSurvey) -> list[Finding]:
    seen = f"there are only {clock(there.seconds)} minutes"
    do = "2 to 3 hours of one kind of sound are good"
    if there.seconds < 60 * LITTLE_MIN:
        means = "too little: the model will learn these takes by heart, and know nothing else"
        return [Finding("warning", seen, means, do)]
    if there.seconds < 60 * GOOD_MIN:
        hours = f"there is {clock(there.seconds)} of sound"
        return [Finding("note", hours, "that works, and more is better", do)]
    return []


def _left_out(corpus: Corpus) -> list[Finding]:
    wrong = corpus.index.left_out
    if not wrong:
        return []
    seen = "1 file could not be read" if len(wrong) == 1 else f"{len(wrong)} files could not be read"
    return [
        Finding("warning", seen, "nothing is learned from what is in them", "convert them to WAV or FLAC")
    ]


def _clipping(corpus: Corpus) -> list[Finding]:
    cut = [one for one in _files(corpus) if one.clipped > CLIPPED * one.frames * one.channels]
    if not cut:
        return []
    worst = max(cut, key=lambda one: one.clipped / one.frames)
    samples = sum(one.clipped for one in cut)
    seen = f"{worst.path}{_others(cut)} {_form(cut, 'is', 'are')} clipped at full scale ({samples} samples)"
    return [
        Finding("warning", seen, "torn peaks become part of the timbre", "turn the level down, record again")
    ]


def _quiet(corpus: Corpus) -> list[Finding]:
    levels = defaultdict(lambda: -np.inf)  # the loudest one-shot of a folder speaks for all of it
    for source in corpus.sources:
        levels[gain_group(source)] = max(levels[gain_group(source)], source.loud_db + gain_to_db(source.gain))
    heard = [source for source in corpus.sources if source.peak]
    most = db_to_gain(MOST_DB)
    quiet = [one for one in heard if levels[gain_group(one)] < QUIET_DB or one.gain >= most]
    if _share(quiet, corpus) < 0.05:
        return []
    worst = min(quiet, key=lambda one: one.loud_db)
    seen = f"quiet data: {_part(quiet, corpus)} is quiet (such as {worst.path}, {worst.loud_db:.0f} dB)"
    means = "hiss is raised with it, or one loud moment keeps all the rest down"
    return [Finding("warning", seen, means, "record it louder, or cut the loud moment out")]


def _varied(corpus: Corpus, there: CorpusSurvey) -> list[Finding]:
    if there.between_db < VARIED_DB:
        return []
    bands = np.array([source.bands for source in corpus.sources])
    far = np.mean((bands - _weights(corpus.sources) @ bands) ** 2, axis=1)
    long = np.array([source.seconds >= ONE_SHOT_S for source in corpus.sources])
    odd = corpus.sources[int(np.argmax(far * long if long.any() else far))]
    seen = (
        f"too varied: the recordings differ in colour by {there.between_db:.0f} dB (odd one out: {odd.path})"
    )
    means = "one model cannot wear so many timbres, and will be blurred"
    return [
        Finding("warning", seen, means, "keep to one kind of sound, recorded alike; make a model of each")
    ]


def _uniform(there: CorpusSurvey) -> list[Finding]:
    if there.moves_db >= UNIFORM_DB:
        return []
    seen = f"too uniform: level and colour change by {there.moves_db:.1f} dB only"
    means = "the model will have one sound, whatever it is played with"
    return [
        Finding("warning", seen, means, "add other notes, levels and articulations of the same kind of sound")
    ]


def _silence(there: CorpusSurvey) -> list[Finding]:
    if there.silence < MOSTLY_SILENT:
        return []
    seen = f"{100 * there.silence:.0f} % is silence"
    return [Finding("warning", seen, "most of the time nothing is taught", "cut long rests out")]


def _dull(corpus: Corpus) -> list[Finding]:
    widest = corpus.sample_rate / 2
    for level, part in (("warning", DULL), ("note", RATHER_DULL)):
        dull = [one for one in corpus.sources if one.bandwidth_hz < part * widest]
        if _share(dull, corpus) > 0.25:
            end = float(np.median([one.bandwidth_hz for one in dull])) / 1000
            seen = f"{_part(dull, corpus)} ends at {end:.0f} kHz or so (such as {dull[0].path})"
            means = "a lower rate or an MP3 was in between, and the model will have no treble either"
            do = f"find better copies, or prepare with --sample-rate {_rate(end)}, which is quicker to play"
            return [Finding(level, seen, means, do)]
    return []


def _rate(end_khz: float) -> int:
    return next((rate for rate in (16000, 22050, 24000, 32000, 44100) if rate >= 2000 * end_khz), 48000)


def _offset(corpus: Corpus) -> list[Finding]:
    shifted = [one for one in corpus.sources if one.offset]
    if not shifted:
        return []
    worst = max(shifted, key=lambda one: abs(one.offset))
    has = _form(shifted, "has a constant offset (DC) of", "have a constant offset (DC) of up to")
    seen = f"{worst.path}{_others(shifted)} {has} {worst.offset:+.3f}"
    return [Finding("note", seen, "it is taken out when it is taught")]


def _twice(corpus: Corpus) -> list[Finding]:
    times = Counter(one.sha256 for one in _files(corpus))
    copies = [one for one in _files(corpus) if times[one.sha256] > 1]
    if not copies:
        return []
    first = [one.path for one in copies if one.sha256 == copies[0].sha256][:2]
    more = len(copies) - len({one.sha256 for one in copies})
    seen = f"{first[1]} is the same file as {first[0]}" + (
        f", and there are {more - 1} more" if more > 1 else ""
    )
    means = "it is learned from as often as it is there"
    return [Finding("warning", seen, means, "remove what is there twice")]


def _cancelling(corpus: Corpus) -> list[Finding]:
    if corpus.index.settings.stereo:
        return []
    cancel = [one for one in corpus.sources if one.channels > 1 and one.channel == 0]
    if not cancel:
        return []
    seen = f"the channels of {cancel[0].path}{_others(cancel)} cancel when they are mixed into one"
    return [Finding("note", seen, "the first channel is taken alone")]


def _files(corpus: Corpus) -> list[Source]:
    """A source of each file."""
    return list({source.path: source for source in reversed(corpus.sources)}.values())[::-1]


def _others(sources: list[Source]) -> str:
    more = len({one.path for one in sources}) - 1
    return f" and {more} more" if more else ""


def _form(sources: list[Source], one: str, several: str) -> str:
    """The verb that fits as many files."""
    return several if _others(sources) else one


def _share(sources: list[Source], corpus: Corpus) -> float:
    return sum(source.length for source in sources) / corpus.samples


def _part(sources: list[Source], corpus: Corpus) -> str:
    share = _share(sources, corpus)
    return "all of it" if share > 0.995 else f"{100 * share:.0f} % of it"
