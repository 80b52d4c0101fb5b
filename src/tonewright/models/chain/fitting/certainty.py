"""How sure the settings are: what a recording tells of each, when all others may follow.

A setting may be moved, and the others after it, until the error is twice what it was. How far that goes is what we
call its uncertainty. It is small for a threshold that much of the sound crosses, and all of the range for a band of
an equaliser in which there is no sound, or for a make-up gain beside another gain.
"""

from dataclasses import dataclass

import numpy as np
import torch

from tonewright.models.base import UNSURE
from tonewright.models.chain.fitting.knobs import Knobs, Place
from tonewright.models.chain.fitting.newton import Fit, Goal
from tonewright.models.chain.fitting.rehearsal import Rehearsal

FLOOR = 1e-6  # -60 dB: no recording is better than that, however well its copy was computed
TOGETHER = 0.9  # correlation of two that can only be moved together


@dataclass(frozen=True)
class Sure:
    """What a recording tells of a setting.

    Attributes:
        place: which one.
        value: where it was found, in its unit.
        give_or_take: how far it may be off, in its unit.
        spread: the same, as a part of its range.
        partner: another that makes up for it when it moves; None when nothing does.
    """

    place: Place
    value: float
    give_or_take: float
    spread: float
    partner: Place | None = None

    @property
    def found(self) -> bool:
        """Whether the recording tells it."""
        return self.spread <= UNSURE


def certainty(rehearsal: Rehearsal, goal: Goal, fit: Fit) -> list[Sure]:
    """How sure each setting is, at the end of a fit.

    Args:
        rehearsal, goal: what was fitted.
        fit: where it ended.
    """
    knobs = rehearsal.knobs
    if not len(knobs):
        return []
    rehearsal.play(fit.positions)
    slopes = goal.weighted(rehearsal.slopes(fit.positions)).flatten(1)
    curve = (slopes @ slopes.T).numpy()
    error = max(fit.esr, FLOOR)
    # a whole range is as far as anything can be off
    spread = error * np.linalg.inv(curve + error * np.eye(len(curve)))
    size = np.sqrt(np.diag(spread))
    together = np.abs(spread / np.outer(size, size)) - np.eye(len(size))
    values = knobs.values(fit.positions)
    rows = []
    for index, place in enumerate(knobs.places):
        other = int(np.argmax(together[index]))
        partner = knobs.places[other] if together[index, other] > TOGETHER else None
        off = _in_units(place, fit.positions[index], size[index])
        rows.append(Sure(place, float(values[index]), off, float(size[index]), partner))
    return rows


def neutral(knobs: Knobs, sure: list[Sure]) -> dict[int, float]:
    """Positions at which what was not found would do nothing, by its number; only of what has such a place."""
    return {
        index: float(knobs.neutral[index])
        for index, row in enumerate(sure)
        if not row.found and not np.isnan(knobs.neutral[index])
    }


def _in_units(place: Place, position: float, spread: float) -> float:
    low, high = (min(max(position + side * spread, 0.0), 1.0) for side in (-1, 1))
    ends = [float(place.setting.at(torch.tensor(p, dtype=torch.float64))) for p in (low, position, high)]
    return max(ends[2] - ends[1], ends[1] - ends[0])
