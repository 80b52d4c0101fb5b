"""The smallest effect that can be learned, a gain, and why the loss matters: a waveform or its spectrum.

    python examples/gain_lesson.py [steps]

Plays a sine through a gain of 0.15 and learns that gain back by gradient descent, with two losses, from three
targets: in phase with the sound, and shifted by 90 and by 180 degrees. Prints what was found. Writes landscape.png
(both losses over the gain), fit.gif (one target being learned), and target.wav and estimate.wav, which sound the
same.
"""

import math
import sys
from collections.abc import Callable

import matplotlib
import numpy as np
import torch
from matplotlib.animation import PillowWriter
from matplotlib.figure import Figure
from torch import Tensor

from tonewright.audio import files
from tonewright.measure.losses import spectral
from tonewright.models.chain import Config, Link, Model
from tonewright.report.figures import COLOURS, INK, STYLE
from tonewright.units import gain_to_db

RATE, SECONDS, TONE_HZ = 44100, 0.5, 300.0
GAIN, STEPS = 0.15, 120
PHASES = {0: "in phase", 90: "shifted by 90°", 180: "shifted by 180°"}  # of the target, in degrees
FRAMES, HOLD = 36, 6  # pictures in the animation, and for how many more its end stays
COLOUR = {"waveform": COLOURS["device"], "spectral": COLOURS["model"]}  # of what a loss finds


def waveform(target: Tensor, estimate: Tensor) -> Tensor:
    """Mean distance between the samples of two signals [B, T]."""
    return (target - estimate).abs().mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"waveform": waveform, "spectral": spectral}


def sine(degrees: float = 0.0) -> Tensor:
    """The tone [1, T] at full scale."""
    t = torch.arange(round(SECONDS * RATE), dtype=torch.float64) / RATE
    return torch.sin(2 * math.pi * TONE_HZ * t + math.radians(degrees)).float()[None]


def fit(
    target: Tensor, loss: Callable[[Tensor, Tensor], Tensor], steps: int = STEPS
) -> list[tuple[float, float]]:
    """Learn the gain that makes the target [1, T] of a sine, by Adam, from a gain of 1.

    Returns:
        (gain, loss) before the first step and after each.
    """
    chain = Model(Config((Link("gain"),), sample_rate=RATE))
    processor = chain.processors["gain"]
    gain_db, ends = processor.panel.gain_db, processor.setting("gain_db")
    # the short memory of squares lets it run as far as the loss sends it, and the half-cosine lets it come to rest
    adam = torch.optim.Adam([gain_db], lr=1.0, betas=(0.9, 0.9))  # the rate is in dB
    rest = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    x, path = sine(), []
    for step in range(steps + 1):
        y, _ = chain(x[None], chain.initial_state(1))
        distance = loss(target, y[0])
        path.append((10 ** (gain_db.item() / 20), distance.item()))
        if step < steps:
            adam.zero_grad()
            distance.backward()
            adam.step()
            rest.step()
            with torch.no_grad():
                gain_db.clamp_(ends.low, ends.high)
    return path


def landscape(target: Tensor, loss: Callable[[Tensor, Tensor], Tensor], gains: np.ndarray) -> np.ndarray:
    """The loss at each of the gains."""
    x = sine()
    return np.array([loss(target, float(gain) * x).item() for gain in gains])


def draw_landscapes(path: str) -> None:
    """A picture for each phase: both losses over the gain, and where they are smallest."""
    gains = np.linspace(0.0, 0.5, 51)
    widths = {
        "waveform": (3.8, 12),
        "spectral": (1.8, 7),
    }  # of line and dot: seen also where one covers the other
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.0, 4.0), layout="constrained")
        axes = figure.subplots(1, len(PHASES), sharey=True)
        for axis, (degrees, words) in zip(axes, PHASES.items(), strict=True):
            axis.axvline(GAIN, color=INK, linewidth=1, linestyle=":")
            axis.text(GAIN + 0.008, 1.1, f"true gain {GAIN}", fontsize=8.5, va="center")
            for name, loss in LOSSES.items():
                height = landscape(GAIN * sine(degrees), loss, gains)
                height /= height[-1]
                at = height.argmin()
                style = {"color": COLOUR[name], "clip_on": False}
                axis.plot(gains, height, linewidth=widths[name][0], label=f"{name} loss", **style)
                axis.plot(gains[at], height[at], "o", markersize=widths[name][1], zorder=3, **style)
                place = (6, -22) if at == 0 else (-38, -3) if name == "waveform" else (12, -3)
                axis.annotate(
                    f"{gains[at]:.2f}",
                    (gains[at], height[at]),
                    xytext=place,
                    textcoords="offset points",
                    color=COLOUR[name],
                    fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
                )
            axis.set(title=f"Target {words}", xlabel="gain of the estimate", xlim=(0, 0.5), ylim=(-0.1, 1.18))
        axes[0].set_ylabel("loss, 1 at a gain of 0.5")
        figure.suptitle("Where a loss leads (dots: its minimum)", x=0.01, ha="left", fontsize=12)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="upper right", ncols=2)
        figure.savefig(path, dpi=130)


def draw_fit(path: str, degrees: int, paths: dict[str, list[tuple[float, float]]]) -> None:
    """An animation of both fits to the target at a phase: above the sound, below the loss going down."""
    shown = slice(0, round(2.2 * RATE / TONE_HZ))
    ms = 1000 * np.arange(shown.stop) / RATE
    x, target = sine()[0, shown].numpy(), GAIN * sine(degrees)[0, shown].numpy()
    last = len(next(iter(paths.values()))) - 1
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axes = figure.subplots(2, 2, sharex="row", height_ratios=(1.3, 1))
        figure.suptitle(
            f"Learning a gain of {GAIN} from a target {PHASES[degrees]}", x=0.01, ha="left", fontsize=12
        )
        estimates, trails, dots, titles = {}, {}, {}, {}
        for (above, below), name in zip(axes.T, LOSSES, strict=True):
            above.plot(ms, target, color=COLOURS["dry"], linewidth=3.5, alpha=0.6, label="target")
            (estimates[name],) = above.plot(ms, x, color=COLOUR[name], linewidth=1.8, label="estimate")
            titles[name] = above.set_title(f"{name} loss: gain 1.000".capitalize(), color=COLOUR[name])
            above.set(xlabel="milliseconds", xlim=(0, ms[-1]), ylim=(-1.1, 1.1))
            above.legend(loc="upper right", ncols=2, borderpad=0.2)
            (trails[name],) = below.plot([], color=COLOUR[name], linewidth=1.4)
            (dots[name],) = below.plot([0], [1], "o", color=COLOUR[name], markersize=8, clip_on=False)
            below.set(xlabel="step", xlim=(0, last), ylim=(0, 1.05))
        axes[0, 0].set_ylabel("amplitude, full scale 1")
        axes[1, 0].set_ylabel("loss, 1 at the start")
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # nothing moves from frame to frame but what is learned
        writer = PillowWriter(fps=10)
        with writer.saving(figure, path, dpi=90):
            for step in [*np.linspace(0, last, min(FRAMES, last + 1)).round().astype(int), *[last] * HOLD]:
                for name, history in paths.items():
                    gain = history[step][0]
                    estimates[name].set_ydata(gain * x)
                    fallen = [loss / history[0][1] for _, loss in history[: step + 1]]
                    trails[name].set_data(range(step + 1), fallen)
                    dots[name].set_data([step], fallen[-1:])
                    titles[name].set_text(f"{name} loss: gain {gain:.3f}".capitalize())
                writer.grab_frame()


def main(steps: int = STEPS) -> None:
    print(f"gain to be found: {GAIN} ({gain_to_db(GAIN):.2f} dB), from 1, in {steps} steps")
    print(f"{'target':16}" + "".join(f"{name + ' loss':>16}" for name in LOSSES))
    found = {}
    for degrees, words in PHASES.items():
        target = GAIN * sine(degrees)
        found[degrees] = {name: fit(target, loss, steps) for name, loss in LOSSES.items()}
        print(f"{words:16}" + "".join(f"{path[-1][0]:16.3f}" for path in found[degrees].values()))
    draw_landscapes("landscape.png")
    draw_fit("fit.gif", 90, found[90])
    estimate = found[90]["spectral"][-1][0] * sine()
    for name, sound in (("target.wav", GAIN * sine(90)), ("estimate.wav", estimate)):
        files.write(name, sound[0].numpy(), RATE)
    print(
        "landscape.png and fit.gif show it; target.wav and estimate.wav, a quarter of a period apart, sound the same"
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
