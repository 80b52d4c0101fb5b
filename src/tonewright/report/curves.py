"""The curves of a model's parts, drawn as the other figures of the report are."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tonewright.models.base import Curve
from tonewright.report.figures import COLOURS, STYLE, WIDTH_IN, short_hz, svg

LINES = (COLOURS["model"], "#009e73", "#7a5cab", "#b8860b", "#4f86c6", "#a4246b", "#5b6472")
FAINT = "#9aa2ae"
PLAIN = {"text.parse_math": False}  # a name is no formula
ROOM = 0.06  # of the height, above and below the lines
MANY = 8  # lines that a legend still names


def draw(curve: Curve) -> str:
    """A curve as an SVG, in a data URI.

    >>> x = np.linspace(0, 1, 5)
    >>> draw(Curve("A line", "It rises.", x, {"line": x}, "in", "out"))[:26]
    'data:image/svg+xml;base64,'
    """
    with matplotlib.rc_context(STYLE | PLAIN):
        return svg(picture(curve))


def picture(curve: Curve) -> Figure:
    """A curve as a figure of matplotlib."""
    with matplotlib.rc_context(STYLE | PLAIN):
        figure = Figure(figsize=(WIDTH_IN, 3.1), layout="constrained")
        axis = figure.subplots()
        _scale(axis, curve)
        bold = [name for name in curve.ys if name not in curve.faint]
        for name in curve.faint:
            y = _shown(curve, name)
            axis.plot(curve.x, y, color=FAINT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=3.5, label=name)
        for number, name in reversed(list(enumerate(bold))):
            first = number == 0
            style = {"linewidth": 2.0 if first else 1.3, "zorder": 3 if first else 2.5}
            colour = LINES[0] if first else LINES[1 + (number - 1) % (len(LINES) - 1)]
            y = _shown(curve, name)
            if curve.filled:
                axis.fill_between(curve.x, y, axis.get_ylim()[0], color=colour, alpha=0.3, linewidth=0)
                style["linewidth"] = 1.2
            axis.plot(curve.x, y, color=colour, label=name, solid_joinstyle="round", **style)
        if len(curve.ys) > 1:
            _name_lines(figure, axis, [*bold, *curve.faint])
        return figure


def _shown(curve: Curve, name: str) -> np.ndarray:
    """A line, which below the floor runs along under it, out of the picture."""
    return np.maximum(np.nan_to_num(curve.ys[name], nan=curve.floor), curve.floor - 1000.0)


def _scale(axis: Axes, curve: Curve) -> None:
    left, right = curve.x[0], curve.x[-1]
    if curve.filled:  # what begins with a peak shall not begin on the axis
        left -= 0.01 * (right - left)
    axis.set(xlabel=curve.x_label, ylabel=curve.y_label, xlim=(left, right))
    if curve.log_x:
        axis.set_xscale("log")
        _mark(axis.xaxis)
    low, high = _ends(curve)
    if curve.log_y:
        axis.set_yscale("log")
        _mark(axis.yaxis)
    axis.set_ylim(low, high)
    if curve.shown and curve.shown[0] < 0 < curve.shown[1]:
        axis.axhline(0, color="#8b93a1", linewidth=0.9, zorder=1)


def _ends(curve: Curve) -> tuple[float, float]:
    """From and to where y goes."""
    lines = np.concatenate([y for name, y in curve.ys.items() if name not in curve.faint])
    lines = lines[np.isfinite(lines)]
    low, high = (float(lines.min()), float(lines.max())) if lines.size else (0.0, 1.0)
    if curve.shown:
        low, high = min(low, curve.shown[0]), max(high, curve.shown[1])
    low = max(low, curve.floor)
    if curve.log_y:
        wide = max((high / low) ** ROOM, 2.0**0.5)
        return low / wide, high * wide
    room = ROOM * (high - low) or 0.5 * abs(high) or 1.0
    return (low if low <= curve.floor else low - room), high + room


def _mark(scale) -> None:
    scale.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    scale.set_minor_locator(NullLocator())
    scale.set_major_formatter(FuncFormatter(lambda value, _: short_hz(value)))


def _name_lines(figure: Figure, axis: Axes, order: list[str]) -> None:
    handles = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    named = order[:MANY]
    columns = min(len(named), 4 if max(map(len, named)) < 14 else 3)
    # above the picture, where no line can be under it
    figure.legend(
        *([handles[name] for name in named], named),
        loc="outside upper left",
        ncols=columns,
        handlelength=1.6,
        columnspacing=1.4,
    )
