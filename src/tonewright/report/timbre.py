"""The page of a timbre: hear and see whether a model makes again what it never heard, and what it tells of it."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from tonewright.atomic import write_whole
from tonewright.dsp.loudness import loudness_of
from tonewright.errors import ShapeError
from tonewright.report import instrument_figures, timbre_figures
from tonewright.report.frame import Sections, blind, figure, file, framed
from tonewright.report.judgement import Judgement, finite
from tonewright.report.page import heard_words
from tonewright.report.sounds import pair_data
from tonewright.report.takes import Take, alike, buttons, others
from tonewright.report.timbre_views import Beside, cumulative, goes_with, loudness_off_db, tone_off_db
from tonewright.report.timbre_words import broken, headline, latent_words, sentences

LOUDNESS_PER_S = 100
CAPTIONS = {
    "What the model tells of a sound": "Everything that the model plays is made of such lines; those that say the "
    "most are drawn. r tells how closely a line goes with something that ears know; 1 is always. Move a line, and "
    "the sound changes.",
    "Bass to treble, over time": "Bass is at the bottom, treble at the top, and bright is loud. White in the last "
    "picture means that the two agree.",
    "Loudness": "How loud each moment is to the ear. The orange line should cover the blue one.",
    "The tone, part by part": "How far the model's level is from the recording's, from bass (left) to treble "
    "(right), while there is something to hear. Below 3 dB is close.",
    "How many numbers it takes": "The dimensions stand by what they hold. The grey ground marks those that are "
    "played; what is left of it could be left out with a lower fidelity.",
    "How training went": "Lower is better, and each dot is measured on sounds that training never heard.",
}
SECOND = (
    "In the second phase the encoder stands still, and the decoder learns to pass for real. The distance may rise a "
    "little there while the sound gets better to the ear."
)


@dataclass(frozen=True)
class TimbreListening:
    """What a timbre's page is made from: sounds that were held back, and what the model made of them.

    Args:
        title: what the model is called, as "drums.tone".
        recording, reconstruction: [T] each, mono and lined up.
        sample_rate: of all sounds, in Hz.
        latents: what the model told of the recording, [K, F], those that say the most first.
        hop: samples from frame to frame of the latents; frame n is of the sound around sample n hop.
        variance: of all dimensions over what was taught, [D], falling.
        played: how many of them are played, 1 to D.
        distance, untaught, half_way: the held-out spectral distance, that of the untaught model, and that half-way
            through the training, where they were measured.
        history: rows {"seconds", "step", "loss", "error"}, where "error" holds the held-out distance or None.
        second_phase: the step that the second phase began with; None when there was none.
        why: the second phase began then, in a sentence.
        facts: what to list, by name.
        findings: what the data checks said, in words.
        notices: what is badly wrong, as a latent that collapsed.
        more: other sounds and how they sound in this timbre.

    Raises:
        ShapeError: when what belongs together has not one length, or is empty.

    >>> TimbreListening("a.tone", np.zeros(4), np.zeros(4), 16000, np.zeros((1, 2)), 2, np.ones(1), 2)
    Traceback (most recent call last):
    tonewright.errors.ShapeError: of 1 latents 1 to all are played, and not 2
    """

    title: str
    recording: np.ndarray
    reconstruction: np.ndarray
    sample_rate: int
    latents: np.ndarray
    hop: int
    variance: np.ndarray
    played: int
    distance: float | None = None
    untaught: float | None = None
    half_way: float | None = None
    history: list[dict] = field(default_factory=list)
    second_phase: int | None = None
    why: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    more: list[Take] = field(default_factory=list)

    def __post_init__(self):
        alike("recording and reconstruction", "T", self.recording, self.reconstruction)
        alike("the variance of the latents", "D", self.variance)
        if self.latents.ndim != 2 or self.latents.size == 0:
            raise ShapeError(f"a report wants latents as [K, F], and got {list(self.latents.shape)}")
        if not 1 <= self.played <= len(self.variance):
            raise ShapeError(f"of {len(self.variance)} latents 1 to all are played, and not {self.played}")
        for take in self.more:
            alike(f"both sounds of '{take.name}'", "T", take.source, take.result)

    @property
    def frames_per_s(self) -> float:
        return self.sample_rate / self.hop


def write_timbre_page(listening: TimbreListening, path: Path) -> None:
    """Writes the page; the file appears whole or not at all.

    Args:
        listening: what to show.
        path: the HTML file; one that is there is replaced.

    Raises:
        FileError: when the folder is missing or cannot be written to, or the disk is full.
    """
    write_whole(path, render_timbre(listening).encode())


def render_timbre(listening: TimbreListening) -> str:
    """The page as the text of an HTML file. Samples that are no numbers are shown as silence, and named.

    >>> tone = np.sin(np.arange(16000) / 8).astype(np.float32)
    >>> page = render_timbre(TimbreListening("<a>", tone, tone, 16000, np.ones((2, 31)), 512, np.ones(2), 2))
    >>> "<h1>Makes the sound again" in page, "<a>" in page, "http:" in page
    (True, False, False)
    """
    recording, reconstruction = finite(listening.recording), finite(listening.reconstruction)
    levels = [_loudness(x, listening.sample_rate) for x in (recording, reconstruction)]
    beside = goes_with(finite(listening.latents), recording, listening.sample_rate, listening.hop)
    judgement = _judge(listening, recording, reconstruction, levels, beside)
    sounds = pair_data(recording, reconstruction, listening.sample_rate, ("Recording", "Model"))
    sounds["more"] = others(listening.more, listening.sample_rate)
    heard = heard_words(sounds["heard_s"], len(recording) / listening.sample_rate)
    player = Template(file("timbre.html")).substitute(
        heard=f"The model never learned from it. {heard}",
        takes=buttons(listening.more),
        blind=blind("recording"),
    )
    return framed(
        Sections(
            title=listening.title,
            headline=judgement.headline,
            sentences=judgement.sentences,
            notices=[*judgement.notices, *listening.notices],
            player=player,
            figures=_figures(listening, recording, reconstruction, levels, beside),
            facts=listening.facts,
            findings=listening.findings,
            sounds=sounds,
        )
    )


def _loudness(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """A hundred times a second; of what is shorter than that, once."""
    hop = max(1, sample_rate // LOUDNESS_PER_S)
    return loudness_of(np.pad(x, (0, max(0, hop - len(x)))), sample_rate, hop)


def _judge(
    listening: TimbreListening,
    recording: np.ndarray,
    reconstruction: np.ndarray,
    levels: list[np.ndarray],
    beside: list[Beside | None],
) -> Judgement:
    wrong = broken(listening.recording, listening.reconstruction)
    if wrong is not None:
        return wrong
    tone_db, level_db = (
        tone_off_db(recording, reconstruction, listening.sample_rate),
        loudness_off_db(*levels),
    )
    named = [f"latent_{k} goes with {what}" for k, what in enumerate(beside[: listening.played]) if what][:3]
    latent = latent_words(
        listening.played,
        len(listening.variance),
        listening.frames_per_s,
        float(cumulative(listening.variance)[listening.played - 1]),
        named,
    )
    distances = listening.distance, listening.untaught, listening.half_way
    return Judgement(headline(tone_db, level_db), sentences(tone_db, level_db, distances, latent), None, [])


def _figures(
    listening: TimbreListening,
    recording: np.ndarray,
    reconstruction: np.ndarray,
    levels: list[np.ndarray],
    beside: list[Beside | None],
) -> str:
    rate, latents = listening.sample_rate, finite(listening.latents)[: listening.played]
    labels = [f"latent_{k}: {what}" if what else f"latent_{k}" for k, what in enumerate(beside)]
    common = instrument_figures
    uris = {
        "What the model tells of a sound": timbre_figures.traces(
            recording, latents, labels, rate, listening.frames_per_s
        ),
        "Bass to treble, over time": common.spectrograms(recording, reconstruction, rate),
        "Loudness": common.loudness(*levels, rate / max(1, rate // LOUDNESS_PER_S)),
        "The tone, part by part": common.bands(recording, reconstruction, rate),
        "How many numbers it takes": timbre_figures.dimensions(listening.variance, listening.played),
        "How training went": timbre_figures.training(
            listening.history, listening.second_phase, listening.untaught
        ),
    }
    captions = dict(CAPTIONS)
    if listening.second_phase is not None:
        words = [captions["How training went"], SECOND, escape(_sentence(listening.why))]
        captions["How training went"] = " ".join(filter(None, words))
    shown = [figure(title, uri, captions[title]) for title, uri in uris.items() if uri]
    if not uris["How training went"]:
        shown.append('<p class="hint">There is no training history to draw.</p>')
    return "\n".join(shown)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""
