"""The figures of the report. Each function gives a data URI (SVG or PNG) that fits an <img>.

Drawn through Figure objects, so that no window, backend or global list of figures is touched.
"""

import base64
import io
import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatter

from tonewright.measure.metrics import VERDICTS, error_by_band
from tonewright.report import views

WIDTH_IN = 5.6  # narrow enough that the letters can still be read on a telephone
COLOURS = {"dry": "#6b7280", "device": "#0072b2", "model": "#d55e00", "difference": "#a4246b"}
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # keeps lines out of the numbers
INK, RULE = "#333a45", "#d5d9e0"
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8b93a1",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "path",  # looks the same on a machine without our font
    "svg.hashsalt": "tonewright",  # the same figure has the same bytes
    "savefig.facecolor": "white",
}


def waveform(target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> str:
    """The whole recording, and 8 ms of it at a loud attack: device, model and their difference.

    Args:
        target, estimate: what the device and the model made, [T], finite, at least one sample.
        sample_rate: in Hz.

    Returns:
        An SVG as a data URI.

    >>> waveform(np.zeros(100), np.zeros(100), 48000)[:26]
    'data:image/svg+xml;base64,'
    """
    difference = estimate - target
    start = views.loudest_attack(target, sample_rate)
    near = slice(start, start + max(2, round(0.008 * sample_rate)))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 4.6), layout="constrained")
        whole, zoom = figure.subplots(2, 1, height_ratios=(1, 1.6))
        for name, x in (("device", target), ("difference", difference)):
            low, high = views.envelope(x, 700)
            seconds = np.linspace(0, len(x) / sample_rate, len(low))
            whole.fill_between(seconds, low, high, color=COLOURS[name], linewidth=0.4, label=name)
        whole.axvline(start / sample_rate, color=INK, linewidth=1, linestyle=":")
        whole.set(xlabel="seconds", title="The whole recording (dotted: where the picture below is)")
        ms = 1000 * (np.arange(len(target))[near] - start) / sample_rate
        zoom.plot(ms, target[near], color=COLOURS["device"], linewidth=2.4, label="device")
        zoom.plot(ms, estimate[near], color=COLOURS["model"], linewidth=1.3, label="model")
        zoom.plot(ms, difference[near], color=COLOURS["difference"], linewidth=1, label="difference")
        zoom.set(xlabel=f"milliseconds after {start / sample_rate:.2f} s", title="8 ms at a loud attack")
        zoom.margins(y=0.25)
        zoom.legend(ncols=3, loc="upper right")
        return svg(figure)


def spectrograms(target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> str:
    """Device, model and difference over time and frequency, in dB below the device's loudest spot.

    Args:
        target, estimate: what the device and the model made, [T], finite, at least one sample.
        sample_rate: in Hz.

    Returns:
        A PNG as a data URI.

    >>> spectrograms(np.zeros(100), np.zeros(100), 48000)[:22]
    'data:image/png;base64,'
    """
    names = ("device", "model", "difference (model minus device)")
    panels = [views.spectrogram(x, sample_rate) for x in (target, estimate, estimate - target)]
    loudest = loudest_of(panels)
    with matplotlib.rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(WIDTH_IN, 5.8), layout="constrained")
        axes = figure.subplots(3, 1, sharex=True)
        for axis, name, power in zip(axes, names, panels, strict=True):
            image = over_time(axis, in_db(power, loudest), len(target) / sample_rate, sample_rate)
            axis.set_title(name.capitalize())
        axes[-1].set_xlabel("seconds")
        figure.colorbar(image, ax=axes, label="dB", fraction=0.04, pad=0.02)
        return png(figure)


def loudest_of(panels: list[np.ndarray]) -> float:
    """The power that is 0 dB in spectrograms of which the first is the truth."""
    return float(panels[0].max()) or float(panels[1].max()) or 1.0


def in_db(power: np.ndarray, loudest: float) -> np.ndarray:
    """Not below -80 dB."""
    return 10 * np.log10(np.maximum(power / loudest, 1e-8))


def over_time(axis: Axes, db: np.ndarray, seconds: float, sample_rate: int, **look):
    """A picture of time and (logarithmic) frequency on an axis, [rows, columns] in dB."""
    look = {"vmin": -80, "vmax": 0, "cmap": "magma"} | look
    image = axis.imshow(db, origin="lower", aspect="auto", extent=(0, seconds, 0, 1), **look)
    low_hz, high_hz = views.spectrogram_range_hz(sample_rate)
    marks = [hz for hz in (100, 1000, 10000) if hz < high_hz]
    places = [math.log(hz / low_hz) / math.log(high_hz / low_hz) for hz in marks]
    axis.set_yticks(places, [short_hz(hz) for hz in marks])
    return image


def band_errors(target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> str:
    """The error in each part of the tone as bars, in dB relative to the device's own sound there.

    Args:
        target, estimate: what the device and the model made, [T], finite, at least one sample.
        sample_rate: in Hz.

    Returns:
        An SVG as a data URI.

    >>> band_errors(np.zeros(100), np.zeros(100), 48000)[:26]
    'data:image/svg+xml;base64,'
    """
    bands = error_by_band(target, estimate, sample_rate)
    floor_db, close_db = -60.0, 10 * math.log10(VERDICTS[0][0])
    top_db = max([6.0] + [db + 4 for _, _, db in bands if not math.isnan(db)])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.4), layout="constrained")
        axis = figure.subplots()
        for i, (_, _, db) in enumerate(bands):
            if math.isnan(db):
                axis.text(i, floor_db + 2, "no sound", rotation=90, ha="center", va="bottom", color="#8b93a1")
                continue
            axis.bar(i, max(db, floor_db + 0.5) - floor_db, bottom=floor_db, color=COLOURS["difference"])
            above = max(db, floor_db)
            axis.annotate(
                round(db), (i, above), (0, 4), textcoords="offset points", ha="center", bbox=PAPER, zorder=4
            )
        axis.axhline(0, color=INK, linewidth=1)
        axis.axhline(close_db, color=COLOURS["device"], linewidth=1, linestyle="--")
        axis.set_title(f"Below the dashed line ({round(close_db)} dB) it is very close")
        axis.set_xticks(
            range(len(bands)), [f"{short_hz(low)} to\n{short_hz(high)}" for low, high, _ in bands]
        )
        axis.grid(axis="x", visible=False)
        axis.set(ylim=(floor_db, top_db), xlim=(-0.6, len(bands) - 0.4), ylabel="error, dB", xlabel="Hz")
        return svg(figure)


def transfer(dry: np.ndarray, target: np.ndarray, estimate: np.ndarray) -> str:
    """Output against input: the density of samples, and their mean as a line, for device and model.

    Args:
        dry, target, estimate: input, the device's and the model's output, [T], finite, lined up.

    Returns:
        A PNG as a data URI.

    >>> transfer(np.zeros(100), np.zeros(100), np.zeros(100))[:22]
    'data:image/png;base64,'
    """
    across = views.reach(dry)
    up = max(views.reach(target), views.reach(estimate))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for axis, name, y in zip(axes, ("device", "model"), (target, estimate), strict=True):
            shade = LinearSegmentedColormap.from_list(name, ["#ffffff", COLOURS[name]])
            density = views.density(dry, y, across, up)
            axis.imshow(np.log1p(density).T, origin="lower", aspect="auto", cmap=shade, alpha=0.85,
                        extent=(-across, across, -up, up))  # fmt: skip
            level, mean = views.mean_curve(dry, y, across)
            axis.plot(level, mean, color=INK, linewidth=1.4)
            axis.set(title=name.capitalize(), xlabel="in")
        axes[0].set_ylabel("out")
        return png(figure)


LOSS_LABELS = {"loss": "loss (what training makes small)", "error": "ESR on sound it was not taught"}


def training(history: list[dict], labels: dict[str, str] = LOSS_LABELS) -> str | None:
    """Loss and ESR against minutes of training, on a logarithmic axis.

    Args:
        history: rows {"seconds", "step", "loss", "error"}; error may be None or missing.
        labels: what the two columns are; "error" is the ESR unless they say otherwise.

    Returns:
        An SVG as a data URI; None when there is nothing to draw.

    >>> training([]) is None
    True
    >>> training([{"seconds": 60.0, "step": 1, "loss": 0.1, "error": None}])[:26]
    'data:image/svg+xml;base64,'
    """
    curves = {name: views.curve(history, name) for name in labels}
    if not any(len(minutes) for minutes, _ in curves.values()):
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 3.0), layout="constrained")
        axis = figure.subplots()
        for name, colour, marker in (("loss", COLOURS["dry"], ""), ("error", COLOURS["model"], "o")):
            if len(curves[name][0]):
                axis.plot(*curves[name], color=colour, marker=marker, markersize=3, label=labels[name])
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_formatter(
            LogFormatter(minor_thresholds=(1.0, 0.8))
        )  # where a decade is not full
        axis.set(xlabel="minutes of training")
        axis.legend()
        return svg(figure)


def short_hz(hz: float) -> str:
    """As it stands at an axis.

    >>> short_hz(2500.0)
    '2.5k'
    """
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"


def svg(figure: Figure) -> str:
    """A figure as a data URI."""
    return _uri(figure, "svg+xml", format="svg", metadata={"Date": None})


def png(figure: Figure) -> str:
    """A figure of many points as a data URI."""
    return _uri(figure, "png", format="png", dpi=150)


def _uri(figure: Figure, kind: str, **settings) -> str:
    file = io.BytesIO()
    figure.savefig(file, **settings)
    return f"data:image/{kind};base64," + base64.b64encode(file.getvalue()).decode()
