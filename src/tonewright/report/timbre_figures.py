"""The figures of a timbre's page that no other page has: the latents, what they hold, and the two phases.

Each function gives a data URI (SVG) that fits an <img>, drawn as the other figures of the report are.
"""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatter, MaxNLocator, NullFormatter

from tonewright.report import views
from tonewright.report.figures import COLOURS, INK, PAPER, STYLE, WIDTH_IN, svg
from tonewright.report.timbre_views import cumulative, minute_of, strips

# Okabe and Ito's, which people who see few colours can tell apart; the yellow one is too pale for a line
TRACES = ("#0072b2", "#d55e00", "#009e73", "#a4246b", "#56b4e9", "#e69f00", "#6b7280", "#333a45")
MOST_POINTS = 1500  # of a trace
WHOLE = 0.99  # of what varies; no more dimensions than hold it are drawn
PHASE = "#fbeee6"  # the ground of the second phase


def traces(
    recording: np.ndarray, latents: np.ndarray, labels: list[str], sample_rate: int, frames_per_s: float
) -> str:
    """The recording's wave, and below it the latents over time, each in a strip of its own.

    Args:
        recording: finite, [T], at least one sample.
        latents: finite, [K, F], at least one frame; the first eight are drawn.
        labels: what each is called.
        sample_rate: in Hz.
        frames_per_s: of the latents.

    >>> traces(np.zeros(100), np.zeros((2, 4)), ["latent_0", "latent_1"], 1000, 40.0)[:26]
    'data:image/svg+xml;base64,'
    """
    shown = strips(latents[: len(TRACES)])
    every = -(-shown.shape[1] // MOST_POINTS)
    seconds = np.arange(shown.shape[1])[::every] / frames_per_s
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 1.9 + 0.6 * len(shown)), layout="constrained")
        wave, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.0, 0.6 * len(shown)))
        low, high = views.envelope(recording, 700)
        at = np.linspace(0.0, len(recording) / sample_rate, len(low))
        wave.fill_between(at, low, high, color=COLOURS["device"], linewidth=0.4)
        wave.set(title="What the model hears", yticks=[])
        for k, row in enumerate(shown):
            below.axhline(-k, color="#e9ecf0", linewidth=0.8, zorder=0)
            below.plot(seconds, row[::every] - k, color=TRACES[k], linewidth=1.0)
            style = {"color": TRACES[k], "fontsize": 8.5, "va": "top", "zorder": 4}
            below.annotate(labels[k], (0, -k + 0.66), (2, 0), textcoords="offset points", **style)
        below.set(title="What it tells of it", xlabel="seconds", yticks=[], ylim=(0.55 - len(shown), 0.7))
        below.set_xlim(0.0, max(at[-1], 1e-3))
        below.grid(axis="y", visible=False)
        return svg(figure)


def dimensions(variance: np.ndarray, played: int) -> str:
    """How much of what varies the first dimensions hold, as a line, and each alone, as bars.

    Args:
        variance: of each dimension, falling, [K].
        played: how many of them the model plays.

    >>> dimensions(np.array([3.0, 1.0, 0.0]), 2)[:26]
    'data:image/svg+xml;base64,'
    """
    held = 100 * cumulative(variance)
    count = min(len(held), max(int((held < 100 * WHOLE).sum()) + 1, played, 4))
    each = np.diff(held, prepend=0.0)[:count]
    at = np.arange(1, count + 1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.1), layout="constrained")
        axis = figure.subplots()
        axis.axvspan(0.4, played + 0.5, color="#eef0f3", zorder=0)
        axis.bar(at, each, color=COLOURS["dry"], width=0.7, label="each alone")
        marker = "o" if count <= 40 else ""
        axis.plot(
            at, held[:count], color=COLOURS["model"], marker=marker, markersize=4, label="all up to here"
        )
        words = f"{played} played: {held[played - 1]:.3g} %"
        right = played > count / 2
        axis.annotate(
            words, (played + 0.5, 50), (-6 if right else 6, 0), textcoords="offset points",
            ha="right" if right else "left", va="center", color=INK, bbox=PAPER, zorder=5,
        )  # fmt: skip
        axis.axvline(played + 0.5, color=INK, linewidth=1, linestyle="--")
        axis.set(ylim=(0, 104), xlim=(0.4, count + 0.6), ylabel="% of what varies", xlabel="dimensions")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.grid(axis="x", visible=False)
        figure.legend(loc="outside upper left", ncols=2)
        return svg(figure)


def training(history: list[dict], since: int | None, before: float | None = None) -> str | None:
    """The held-out distance against minutes of training, and where the second phase began.

    Args:
        history: rows {"seconds", "step", "error"}; error may be None or missing.
        since: the step that the second phase began with; None when there was none.
        before: the distance of the untaught model, when it was measured.

    Returns:
        An SVG as a data URI; None when there is nothing to draw.

    >>> training([], None) is None
    True
    >>> training([{"seconds": 60.0, "step": 9, "error": 0.1}, {"seconds": 90.0, "step": 14, "error": 0.1}], 10)[:26]
    'data:image/svg+xml;base64,'
    """
    minutes, distance = views.curve(history, "error")
    if not len(minutes):
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.1), layout="constrained")
        axis = figure.subplots()
        if before is not None and before > 0:
            minutes, distance = np.append(0.0, minutes), np.append(before, distance)
            axis.annotate(
                "untaught", (0.0, before), (8, -3), textcoords="offset points", va="center", color=INK
            )
        axis.plot(minutes, distance, color=COLOURS["model"], marker="o", markersize=3.5)
        turned = None if since is None else minute_of(since, history)
        if turned is not None:
            _phases(axis, turned, max(minutes[-1], turned))
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        full = distance.max() > 10 * distance.min()  # then decades are marks enough
        axis.yaxis.set_minor_formatter(NullFormatter() if full else LogFormatter(minor_thresholds=(1.0, 0.8)))
        axis.set(xlabel="minutes of training", ylabel="held-out distance")
        return svg(figure)


def _phases(axis: Axes, turned: float, end: float) -> None:
    axis.axvspan(turned, end, color=PHASE, zorder=0)
    axis.axvline(turned, color=INK, linewidth=1, linestyle="--")
    style = {"textcoords": "offset points", "va": "top", "color": INK, "bbox": PAPER, "fontsize": 9}
    place = axis.get_xaxis_transform()
    if turned > 0.2 * end:  # else there is no room for the words
        axis.annotate("phase 1", (turned, 1.0), (-6, -3), xycoords=place, ha="right", **style)
    axis.annotate("phase 2", (turned, 1.0), (6, -3), xycoords=place, ha="left", **(style | {"bbox": None}))
