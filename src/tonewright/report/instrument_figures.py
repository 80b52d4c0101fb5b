"""The figures of an instrument's page: pitch, loudness, tone and room, recording beside model.

Each function gives a data URI (SVG or PNG) that fits an <img>, drawn as the other figures of the report are.
"""

import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from scipy import ndimage

from tonewright.dsp.loudness import FLOOR_DB
from tonewright.report import views
from tonewright.report.figures import (
    COLOURS,
    INK,
    PAPER,
    STYLE,
    WIDTH_IN,
    in_db,
    loudest_of,
    over_time,
    png,
    short_hz,
    svg,
)
from tonewright.report.instrument_views import busiest, decay_db, tone_errors, voiced

NAMES = {"device": "recording", "model": "model"}
CLOSE_S = 8.0  # of the close-up
MOST_POINTS = 3000  # of a line: more would not change the picture
LOUDER_DB = 24.0  # where the colours of the difference end
QUIET_DB = -60.0  # below it no difference is shown
NEAR = (
    4,
    5,
)  # rows and columns of a spectrogram that the difference takes together, so that it is no speckle
MARKS = {"C": -9, "E": -5, "A": 0}  # semitones from the A above
LOSSES = {"loss": "loss on what it is taught", "error": "spectral loss on music it never heard"}


def pitch(target_hz: np.ndarray, estimate_hz: np.ndarray, frames_per_s: float) -> str:
    """The pitch of both over time on a logarithmic axis, and a close-up of the liveliest 8 s.

    Args:
        target_hz, estimate_hz: of recording and model, [F] each; 0 or NaN where there is no pitch.
        frames_per_s: of both.

    >>> pitch(np.array([440.0, np.nan]), np.array([0.0, 441.0]), 100.0)[:26]
    'data:image/svg+xml;base64,'
    """
    lines = [np.where(voiced(hz), hz, np.nan) for hz in (target_hz, estimate_hz)]
    first = busiest(target_hz, round(CLOSE_S * frames_per_s))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 5.0), layout="constrained")
        whole, close = figure.subplots(2, 1)
        part = slice(first, first + round(CLOSE_S * frames_per_s))
        _both(whole, lines, slice(None), frames_per_s, thin=True)
        _both(close, lines, part, frames_per_s)
        _shade(whole, part, len(target_hz), frames_per_s)
        whole.set(title="All that was kept back (shaded: where the picture below is)")
        close.set(title="A close look at the liveliest part", xlabel="seconds")
        for axis, here in ((whole, slice(None)), (close, part)):
            _note_axis(axis, np.concatenate([hz[here] for hz in lines]))
        figure.legend(*close.get_legend_handles_labels(), loc="outside upper left", ncols=2)
        return svg(figure)


def loudness(target_db: np.ndarray, estimate_db: np.ndarray, frames_per_s: float) -> str:
    """The loudness of both over time.

    Args:
        target_db, estimate_db: of recording and model, [F] each.
        frames_per_s: of both.

    >>> loudness(np.array([-20.0, -30.0]), np.array([-21.0, -31.0]), 100.0)[:26]
    'data:image/svg+xml;base64,'
    """
    lines = [np.maximum(np.nan_to_num(db, nan=FLOOR_DB), FLOOR_DB) for db in (target_db, estimate_db)]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 2.9), layout="constrained")
        axis = figure.subplots()
        _both(axis, lines, slice(None), frames_per_s, thin=True)
        axis.set(xlabel="seconds", ylabel="loudness, dB")
        figure.legend(loc="outside upper left", ncols=2)
        return svg(figure)


def spectrograms(target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> str:
    """Recording and model over time and frequency, and where the model is louder or softer.

    Args:
        target, estimate: finite, [T] each, at least one sample.
        sample_rate: in Hz.

    >>> spectrograms(np.zeros(100), np.zeros(100), 16000)[:22]
    'data:image/png;base64,'
    """
    panels = [views.spectrogram(x, sample_rate) for x in (target, estimate)]
    loudest = loudest_of(panels)
    heard, made = (in_db(power, loudest) for power in panels)
    near = [in_db(ndimage.uniform_filter(power, NEAR), loudest) for power in panels]
    apart = np.where(np.maximum(*near) > QUIET_DB, near[1] - near[0], 0.0)
    seconds = len(target) / sample_rate
    with matplotlib.rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(WIDTH_IN, 6.0), layout="constrained")
        axes = figure.subplots(3, 1, sharex=True)
        for axis, name, db in zip(axes[:2], ("Recording", "Model"), (heard, made), strict=True):
            image = over_time(axis, db, seconds, sample_rate)
            axis.set_title(name)
        look = {"vmin": -LOUDER_DB, "vmax": LOUDER_DB, "cmap": "PuOr_r"}
        differing = over_time(axes[2], apart, seconds, sample_rate, **look)
        axes[2].set(title="Orange: the model is louder there; violet: softer", xlabel="seconds")
        figure.colorbar(image, ax=axes[:2], label="dB", fraction=0.04, pad=0.02)
        figure.colorbar(differing, ax=axes[2:], label="dB", fraction=0.04, pad=0.02)
        return png(figure)


def bands(target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> str:
    """How far off the level is in each part of the tone, as bars, and in which direction, as dots.

    Args:
        target, estimate: finite, [T] each, at least one sample.
        sample_rate: in Hz.

    >>> bands(np.zeros(100), np.zeros(100), 16000)[:26]
    'data:image/svg+xml;base64,'
    """
    rows = tone_errors(target, estimate, sample_rate)
    top_db = max([6.0] + [1.2 * off for _, _, off, _ in rows if not math.isnan(off)])
    low_db = min([-1.0] + [1.3 * louder for *_, louder in rows if not math.isnan(louder)])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.4), layout="constrained")
        axis = figure.subplots()
        for i, (_, _, off, louder) in enumerate(rows):
            if math.isnan(off):
                axis.text(
                    i, 0.03 * top_db, "no sound", rotation=90, ha="center", va="bottom", color="#8b93a1"
                )
                continue
            axis.bar(i, off, color=COLOURS["difference"], label="off by" if i == 0 else None)
            style = {"textcoords": "offset points", "ha": "center", "bbox": PAPER, "zorder": 4}
            axis.annotate(f"{off:.0f}" if off >= 9.95 else f"{off:.1f}", (i, off), (0, 4), **style)
            axis.plot(i, louder, "o", color="white", markeredgecolor=INK, markersize=6, zorder=5)
        axis.axhline(0, color=INK, linewidth=1)
        axis.set_title("Bars: how far off. Dots: by how much louder or softer")
        axis.set_xticks(range(len(rows)), [f"{short_hz(low)} to\n{short_hz(high)}" for low, high, *_ in rows])
        axis.grid(axis="x", visible=False)
        axis.set(ylim=(low_db, top_db), xlim=(-0.6, len(rows) - 0.4), ylabel="dB", xlabel="Hz")
        return svg(figure)


def room(response: np.ndarray, sample_rate: int) -> str:
    """The impulse response of the learned room, and how its energy decays.

    Args:
        response: finite, [R], at least one sample.
        sample_rate: in Hz.

    >>> room(np.array([1.0, 0.5, 0.1]), 16000)[:26]
    'data:image/svg+xml;base64,'
    """
    low, high = views.envelope(response, 700)
    ms = 1000 * np.linspace(0, len(response) / sample_rate, len(low))
    decay = decay_db(response)
    every = max(1, len(decay) // MOST_POINTS)
    reach = max(float(np.sort(np.abs(response))[-2:].min()), 0.02 * float(np.abs(response).max())) or 1.0
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 4.2), layout="constrained")
        wave, fall = figure.subplots(2, 1, sharex=True)
        wave.fill_between(ms, low, high, color=COLOURS["model"], linewidth=0.6)
        # the direct sound stands alone and far above all that follows
        wave.set(ylim=(-1.15 * reach, 1.15 * reach), title="What a clap in the room sounds like")
        at_ms = 1000 * np.arange(len(decay))[::every] / sample_rate
        fall.plot(at_ms, np.maximum(decay[::every], -70.0), color=COLOURS["model"], linewidth=1.6)
        fall.set(
            ylim=(-65, 3), xlabel="milliseconds", ylabel="dB", title="How much of its energy is still to come"
        )
        return svg(figure)


def _both(axis: Axes, lines: list[np.ndarray], part: slice, frames_per_s: float, thin: bool = False) -> None:
    seconds = np.arange(len(lines[0])) / frames_per_s
    widths = (1.5, 0.8) if thin else (3.0, 1.3)
    for (name, label), y, width in zip(NAMES.items(), lines, widths, strict=True):
        x, y = seconds[part], y[part]
        every = max(1, len(y) // MOST_POINTS)
        axis.plot(x[::every], y[::every], color=COLOURS[name], linewidth=width, label=label)
    axis.set_xlim(seconds[part][0], max(seconds[part][-1], seconds[part][0] + 1 / frames_per_s))


def _shade(axis: Axes, part: slice, frames: int, frames_per_s: float) -> None:
    if part.stop < frames or part.start > 0:
        axis.axvspan(part.start / frames_per_s, part.stop / frames_per_s, color="#eef0f3", zorder=0)


def _note_axis(axis: Axes, hz: np.ndarray) -> None:
    """Logarithmic, marked with notes that musicians know and their frequencies."""
    hz = hz[np.isfinite(hz)]
    low, high = (float(np.quantile(hz, q)) for q in (0.002, 0.998)) if len(hz) else (220.0, 440.0)
    low, high = low * 2 ** (-1.5 / 12), high * 2 ** (1.5 / 12)
    axis.set_yscale("log")
    axis.set_ylim(low, high)
    octaves = math.log2(high / low)
    names = "CEA" if octaves < 1.5 else "EA" if octaves < 4 else "A"
    notes = {440.0 * 2 ** (k + MARKS[name] / 12): f"{name}{k + 4}" for k in range(-5, 7) for name in names}
    shown = [hz for hz in sorted(notes) if low <= hz <= high]
    axis.set_yticks(shown, [f"{notes[hz]}  {hz:.0f} Hz" for hz in shown])
    axis.yaxis.set_minor_locator(NullLocator())
