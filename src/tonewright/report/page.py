"""The report page: one HTML file that opens from disk, needs no network, and lets a musician judge."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from tonewright.atomic import write_whole
from tonewright.errors import ShapeError
from tonewright.models.base import Curve, Row
from tonewright.report import curves, figures, settings
from tonewright.report.frame import Sections, blind, figure, file, framed
from tonewright.report.judgement import finite, judge, ruler
from tonewright.report.sounds import player_data

CAPTIONS = {
    "The wave": "Where the orange line covers the blue one, the model moves as the device does. "
    "The third line is what is wrong.",
    "Bass to treble, over time": "Bass is at the bottom, treble at the top, and bright is loud. "
    "All three share one scale: the darker the last one, the better.",
    "The error across the tone": "How strong the error is from bass (left) to treble (right), against the "
    "device's own sound there. Lower is better: at 0 dB the error is as loud as the sound, at -20 dB it has "
    "a hundredth of its energy.",
    "What goes in, what comes out": "A straight line is a clean sound, a bend is drive, a flat end is "
    "clipping; a wide cloud means that tone controls or memory are at work. Both should look the same.",
    "How training went": "Lower is better. A curve that still falls at the end asks for more minutes.",
}


@dataclass(frozen=True)
class Listening:
    """What a report page is made from: one take as it went in, as the device and as the model made it.

    Args:
        title: what the model is called, as "amp.tone".
        dry, target, estimate: input, the device's and the model's output, each [T], mono and lined up.
        sample_rate: of all three, in Hz.
        history: rows {"seconds": float, "step": int, "loss": float, "error": float or None}; may be empty.
        facts: what to list, by name: preset, parameters, latency, minutes of training.
        findings: what the data checks said, in words.
        curves: what the parts of the model do.
        settings: of the model, in units.

    Raises:
        ShapeError: when the three are not mono, not of one length, or empty.

    >>> Listening("amp.tone", np.zeros(4), np.zeros(4), np.zeros(5), 48000)
    Traceback (most recent call last):
    tonewright.errors.ShapeError: a report wants dry, target and estimate as [T] of one length, and got (4,),
    (4,) and (5,)
    """

    title: str
    dry: np.ndarray
    target: np.ndarray
    estimate: np.ndarray
    sample_rate: int
    history: list[dict] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    settings: list[Row] = field(default_factory=list)

    def __post_init__(self):
        shapes = [x.shape for x in (self.dry, self.target, self.estimate)]
        if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0][0] == 0:
            came = f"{shapes[0]}, {shapes[1]} and {shapes[2]}"
            raise ShapeError(f"a report wants dry, target and estimate as [T] of one length, and got {came}")


def write_page(listening: Listening, path: Path) -> None:
    """Writes the report; the file appears whole or not at all.

    Args:
        listening: what to show.
        path: the HTML file; one that is there is replaced.

    Raises:
        FileError: when the folder is missing or cannot be written to, or the disk is full.
    """
    write_whole(path, render_page(listening).encode())


def render_page(listening: Listening) -> str:
    """The report as the text of an HTML file. Samples that are no numbers are shown as silence, and named.

    >>> tone = np.sin(np.arange(4800) / 8).astype(np.float32)
    >>> page = render_page(Listening("<amp>", tone, tone, 0.9 * tone, 48000))
    >>> "<h1>Very close: hard to tell from the device</h1>" in page, "<amp>" in page, "http:" in page
    (True, False, False)
    """
    sample_rate = listening.sample_rate
    judgement = judge(listening.dry, listening.target, listening.estimate, sample_rate)
    dry, target, estimate = (finite(x) for x in (listening.dry, listening.target, listening.estimate))
    sounds = player_data(dry, target, estimate, sample_rate)
    heard_s = sounds.pop("heard_s")
    return framed(
        Sections(
            title=listening.title,
            headline=judgement.headline,
            sentences=judgement.sentences,
            notices=judgement.notices,
            ruler="" if judgement.esr is None else ruler(judgement.esr),
            player=Template(file("capture.html")).substitute(
                heard=heard_words(heard_s, len(target) / sample_rate), blind=blind("device")
            ),
            figures=_figures(listening, dry, target, estimate),
            settings=settings.section(listening.settings),
            facts=listening.facts,
            findings=listening.findings,
            sounds=sounds,
        )
    )


def heard_words(heard_s: float, whole_s: float) -> str:
    """Which parts of a recording the page plays."""
    if heard_s > whole_s - 0.05:
        return f"You hear the whole recording, {whole_s:.1f} s."
    return (
        f"You hear {heard_s:.1f} s of the {whole_s:.1f} s: parts chosen because they are loud, because "
        "the model is furthest off there, or because they differ most. Thin lines show the cuts."
    )


def _figures(listening: Listening, dry: np.ndarray, target: np.ndarray, estimate: np.ndarray) -> str:
    rate = listening.sample_rate
    uris = {
        "The wave": figures.waveform(target, estimate, rate),
        "Bass to treble, over time": figures.spectrograms(target, estimate, rate),
        "The error across the tone": figures.band_errors(target, estimate, rate),
        "What goes in, what comes out": figures.transfer(dry, target, estimate),
        "How training went": figures.training(listening.history),
    }
    shown = [figure(title, uri, CAPTIONS[title]) for title, uri in uris.items() if uri]
    shown += [figure(escape(c.title), curves.draw(c), escape(c.words)) for c in listening.curves]
    if not uris["How training went"]:
        shown.append('<p class="hint">There is no training history to draw.</p>')
    return "\n".join(shown)
