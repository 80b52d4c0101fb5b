"""What the report says of a capture in words, and the scale that it stands on."""

import math
from dataclasses import dataclass

import numpy as np

from tonewright.measure.metrics import VERDICTS, esr, rms_db, verdict
from tonewright.units import SILENCE_DB

BEST_ESR, WORST_ESR = 0.001, 1.0  # the ends of the scale
ZONE_COLOURS = ("#3c8d5a", "#9cbf4e", "#f0c541", "#ea8c3a", "#cf4b3e")


@dataclass(frozen=True)
class Judgement:
    """A headline, sentences below it, the ESR (None where there can be none), and what is badly wrong."""

    headline: str
    sentences: list[str]
    esr: float | None
    notices: list[str]


def finite(x: np.ndarray) -> np.ndarray:
    """x [T] with silence where there is no number, and within a million, so that sums stay finite.

    >>> finite(np.array([0.5, np.nan, np.inf]))
    array([0.5, 0. , 0. ])
    """
    return np.clip(np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0), -1e6, 1e6)


def judge(dry: np.ndarray, target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> Judgement:
    """What to say of an estimate.

    Args:
        dry, target, estimate: one take, each [T]; samples that are no numbers are named in the notices.
        sample_rate: in Hz.

    >>> tone = np.sin(np.arange(4800) / 8)
    >>> judge(tone, tone, 0.9 * tone, 48000).sentences[0][:55]
    'ESR 0.0100: 1.0 % of the energy of the device is wrong '
    >>> judge(tone, tone, np.full(4800, np.nan), 48000).headline
    'The model is broken: what it makes is not sound'
    """
    takes = {"dry recording": dry, "device's recording": target, "model's sound": estimate}
    notices = [_broken(name, x, sample_rate) for name, x in takes.items() if not np.isfinite(x).all()]
    silent = [name for name, x in takes.items() if np.isfinite(x).all() and rms_db(x) == SILENCE_DB]
    notices += [f"The {name} is silent from beginning to end." for name in silent]
    if not np.isfinite(estimate).all():
        return Judgement("The model is broken: what it makes is not sound", [], None, notices)
    if notices and not (np.isfinite(dry).all() and np.isfinite(target).all()):
        return Judgement("The recordings are damaged, so the model cannot be judged", [], None, notices)
    if "device's recording" in silent:
        return Judgement("There is nothing to compare with", [], None, notices)
    error = esr(target, estimate)
    words = verdict(error)
    return Judgement(words[:1].upper() + words[1:], _sentences(error, target, estimate), error, notices)


def ruler(error: float) -> str:
    """The scale of ESR from very close to no capture at all as HTML, with our mark on it.

    >>> 'class="mark" style="left:50.00%"' in ruler(math.sqrt(BEST_ESR * WORST_ESR))
    True
    """
    limits = [BEST_ESR] + [min(limit, WORST_ESR) for limit, _ in VERDICTS]
    zones, ticks, names = [], [], []
    for i, (_, words) in enumerate(VERDICTS):
        left, right = _place(limits[i]), _place(limits[i + 1])
        last = " last" if i == len(VERDICTS) - 1 else ""
        paint = f"background:{ZONE_COLOURS[i]}"
        zones.append(
            f'<span class="zone{last}" style="left:{left:.2f}%;width:{right - left:.2f}%;{paint}"></span>'
        )
        bound = f"below {limits[i + 1]:g}" if not last else f"{limits[i]:g} and more"
        ours = ' class="ours"' if words == verdict(error) else ""
        names.append(f'<li{ours}><i style="{paint}"></i>{bound}, {words}</li>')
        if not last:
            ticks.append(f'<span class="tick" style="left:{right:.2f}%">{limits[i + 1]:g}</span>')
    mark = f'<span class="mark" style="left:{_place(error):.2f}%"></span>'
    return f'<div class="ruler">{"".join(zones + ticks)}{mark}</div><ul class="scale">{"".join(names)}</ul>'


def _place(error: float) -> float:
    """Where an ESR is on the scale, in percent of its width."""
    error = min(max(error, BEST_ESR), WORST_ESR)
    return 100 * math.log(error / BEST_ESR) / math.log(WORST_ESR / BEST_ESR)


def _broken(name: str, x: np.ndarray, sample_rate: int) -> str:
    wrong = np.flatnonzero(~np.isfinite(x))
    return (
        f"The {name} holds samples that are no numbers: {len(wrong)} of {len(x)}, the first at "
        f"{wrong[0] / sample_rate:.2f} s; on this page they are silent, and no ESR can be given."
    )


def _sentences(error: float, target: np.ndarray, estimate: np.ndarray) -> list[str]:
    shown = f"{error:.4f}" if error >= 0.001 else f"{error:.5f}" if error >= 1e-5 else "below 0.00001"
    percent = 100 * error
    share = f"{percent:.0f}" if percent >= 10 else f"{percent:.1f}" if percent >= 0.95 else f"{percent:.2g}"
    meaning = (
        f"ESR {shown}: {share} % of the energy of the device is wrong in the model "
        "(ESR is the error-to-signal ratio; 0 is perfect, 1 is as wrong as silence)."
    )
    louder_db = rms_db(estimate) - rms_db(target)
    if abs(louder_db) < 0.05:
        return [meaning, "The model is as loud as the device."]
    if rms_db(estimate) == SILENCE_DB:
        return [meaning]
    direction = "louder" if louder_db > 0 else "quieter"
    return [meaning, f"The model is {abs(louder_db):.1f} dB {direction} than the device."]
