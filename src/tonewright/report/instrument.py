"""The page of an instrument: hear and see whether a model plays like the recording that it never heard."""

from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import numpy as np

from tonewright.atomic import write_whole
from tonewright.dsp.loudness import FLOOR_DB
from tonewright.report import figures, instrument_figures
from tonewright.report.frame import Sections, blind, figure, file, framed
from tonewright.report.instrument_words import judge_instrument, measured
from tonewright.report.judgement import finite
from tonewright.report.page import heard_words
from tonewright.report.sounds import pair_data
from tonewright.report.takes import Take, alike, buttons, others

CAPTIONS = {
    "Pitch": "Where the orange line covers the blue one, the model plays the same note. Gaps are where no pitch is "
    "heard: breath, bow noise, silence.",
    "Loudness": "How loud each moment is to the ear. The model is told the blue line and should draw it again.",
    "Bass to treble, over time": "Bass is at the bottom, treble at the top, and bright is loud. The even stripes are "
    "the harmonics of the notes. White in the last picture means that the two agree.",
    "The tone, part by part": "How far the model's level is from the recording's, from bass (left) to treble "
    "(right), while there is something to hear. Below 3 dB is close.",
    "How training went": "Lower is better. The dots are measured on music that training never heard: where they rise "
    "while the line falls, more minutes do harm.",
    "The room": "The model learns the instrument and its room apart, from the same recordings. The room can be taken "
    "away, exchanged, or used for other sounds.",
}


@dataclass(frozen=True)
class InstrumentListening:
    """What an instrument's page is made from: a recording that was held back, and the model's playing of it.

    Args:
        title: what the model is called, as "violin.tone".
        recording, resynthesis: [T] each, mono and lined up.
        sample_rate: of all sounds, in Hz.
        f0_hz, f0_made_hz: pitch of the two, [F]; 0 or NaN where there is none.
        loudness_db, loudness_made_db: loudness of the two, [F].
        frames_per_s: of the four above.
        spectral_loss: multi-scale spectral loss on the recording, when it was measured.
        loudness_l1_db, f0_error_semitones, f0_off: mean distance of the loudness, median distance of the pitch and
            the share (0..1) of voiced frames off by more than half a semitone; None counts them from the curves.
        history: rows {"seconds", "step", "loss", "error"}, where "error" holds the held-out spectral loss or None.
        reverb: impulse response of the learned room, [R].
        facts: what to list, by name.
        findings: what the data checks said, in words.
        more: other sounds and what the instrument makes of them.

    Raises:
        ShapeError: when sounds or curves that belong together are not [T] of one length, or are empty.

    >>> InstrumentListening("a.tone", np.zeros(4), np.zeros(5), 16000, *[np.zeros(2)] * 4, 100.0)
    Traceback (most recent call last):
    tonewright.errors.ShapeError: a report wants recording and resynthesis as [T] of one length, and got (4,) and (5,)
    """

    title: str
    recording: np.ndarray
    resynthesis: np.ndarray
    sample_rate: int
    f0_hz: np.ndarray
    f0_made_hz: np.ndarray
    loudness_db: np.ndarray
    loudness_made_db: np.ndarray
    frames_per_s: float
    spectral_loss: float | None = None
    loudness_l1_db: float | None = None
    f0_error_semitones: float | None = None
    f0_off: float | None = None
    history: list[dict] = field(default_factory=list)
    reverb: np.ndarray | None = None
    facts: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    more: list[Take] = field(default_factory=list)

    def __post_init__(self):
        alike("recording and resynthesis", "T", self.recording, self.resynthesis)
        curves = self.f0_hz, self.f0_made_hz, self.loudness_db, self.loudness_made_db
        alike("the pitch and the loudness of both", "F", *curves)
        for take in self.more:
            alike(f"both sounds of '{take.name}'", "T", take.source, take.result)
        if self.reverb is not None:
            alike("the room's response", "R", self.reverb)


def write_instrument_page(listening: InstrumentListening, path: Path) -> None:
    """Writes the page; the file appears whole or not at all.

    Args:
        listening: what to show.
        path: the HTML file; one that is there is replaced.

    Raises:
        FileError: when the folder is missing or cannot be written to, or the disk is full.
    """
    write_whole(path, render_instrument(listening).encode())


def render_instrument(listening: InstrumentListening) -> str:
    """The page as the text of an HTML file. Samples that are no numbers are shown as silence, and named.

    >>> tone = np.sin(np.arange(16000) / 8).astype(np.float32)
    >>> hz, db = np.full(100, 318.3), np.full(100, -20.0)
    >>> page = render_instrument(InstrumentListening("<a>", tone, tone, 16000, hz, hz, db, db, 100.0))
    >>> "<h1>Plays like the instrument: pitch and loudness follow" in page, "<a>" in page, "http:" in page
    (True, False, False)
    """
    judgement = judge_instrument(
        listening.recording, listening.resynthesis, listening.spectral_loss, *_proof(listening)
    )
    recording, resynthesis = finite(listening.recording), finite(listening.resynthesis)
    sounds = pair_data(recording, resynthesis, listening.sample_rate, ("Recording", "Model"))
    sounds["more"] = others(listening.more, listening.sample_rate)
    heard = heard_words(sounds["heard_s"], len(recording) / listening.sample_rate)
    heard = f"The model never learned from it. {heard}"
    player = Template(file("instrument.html")).substitute(
        heard=heard, takes=buttons(listening.more), blind=blind("recording")
    )
    return framed(
        Sections(
            title=listening.title,
            headline=judgement.headline,
            sentences=judgement.sentences,
            notices=judgement.notices,
            player=player,
            figures=_figures(listening, recording, resynthesis),
            facts=listening.facts,
            findings=listening.findings,
            sounds=sounds,
        )
    )


def _proof(listening: InstrumentListening) -> list[float]:
    """Loudness, pitch and share of wrong pitch: as they were measured, or as the curves tell."""
    given = listening.loudness_l1_db, listening.f0_error_semitones, listening.f0_off
    counted = measured(listening.f0_hz, listening.f0_made_hz, *_loudness(listening))
    return [counted[n] if value is None else value for n, value in enumerate(given)]


def _loudness(listening: InstrumentListening) -> tuple[np.ndarray, np.ndarray]:
    curves = listening.loudness_db, listening.loudness_made_db
    return tuple(np.clip(np.nan_to_num(db, nan=FLOOR_DB), FLOOR_DB, 40.0) for db in curves)


def _figures(listening: InstrumentListening, recording: np.ndarray, resynthesis: np.ndarray) -> str:
    rate, frames_per_s = listening.sample_rate, listening.frames_per_s
    draw = instrument_figures
    response = None if listening.reverb is None else finite(listening.reverb)
    uris = {
        "Pitch": draw.pitch(listening.f0_hz, listening.f0_made_hz, frames_per_s),
        "Bass to treble, over time": draw.spectrograms(recording, resynthesis, rate),
        "Loudness": draw.loudness(*_loudness(listening), frames_per_s),
        "The tone, part by part": draw.bands(recording, resynthesis, rate),
        "How training went": figures.training(listening.history, draw.LOSSES),
        "The room": None if response is None else draw.room(response, rate),
    }
    shown = [figure(title, uri, CAPTIONS[title]) for title, uri in uris.items() if uri]
    if not uris["How training went"]:
        shown.append('<p class="hint">There is no training history to draw.</p>')
    return "\n".join(shown)
