"""Downhill on the error itself, by steps that know how all settings work together.

A chain has some ten or twenty settings, and a million samples to tell them by: the change of each sample with each
setting is at hand, so a step solves for all of them at once. From a good place, ten steps end at rounding, where a
gradient would still be on its way.

Source: Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963; the ends of the ranges
as in Bertsekas, "Projected Newton methods for optimization problems with simple constraints", 1982.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.models.chain.fitting.rehearsal import Rehearsal

LONGEST = 0.3  # of a range in one step
TRIES = 8  # of shorter and shorter steps
ENOUGH = 1e-12  # an error-to-signal ratio at which rounding begins
SLOW = 1e-3  # a step that takes less than this part of the error off is a slow one


@dataclass
class Goal:
    """What a chain should make.

    Attributes:
        wet: [B, C, T] float64.
        lead: samples at the head that only tell the chain what came before.
        emphasis: lifts the treble of what is compared, 0 to 1, so that all of a sound's tone counts and not only
            where it is loud.
    """

    wet: Tensor
    lead: int = 0
    emphasis: float = 0.0

    def __post_init__(self):
        energy = self._lifted(self.wet).square().sum(dim=(1, 2), keepdim=True)
        self.weight = 1.0 / torch.sqrt(len(self.wet) * energy.clamp_min(1e-12))

    def weighted(self, sound: Tensor) -> Tensor:
        """A sound [..., B, C, T] as it is compared: of the wet one the squares add up to 1."""
        return self._lifted(sound) * self.weight

    def error(self, estimate: Tensor) -> Tensor:
        """How far off: the sum of its squares is the mean error-to-signal ratio."""
        return self.weighted(estimate - self.wet)

    def _lifted(self, sound: Tensor) -> Tensor:
        sound = sound[..., self.lead :]
        return sound[..., 1:] - self.emphasis * sound[..., :-1] if self.emphasis else sound


@dataclass
class Fit:
    """Where the settings are, and how good that is.

    Attributes:
        positions: [K].
        esr: error-to-signal ratio over what was fitted.
    """

    positions: np.ndarray
    esr: float


def newton(
    rehearsal: Rehearsal,
    goal: Goal,
    positions: np.ndarray,
    steps: int,
    pull: float = 0.0,
    enough: float = ENOUGH,
) -> Fit:
    """Steps downhill from `positions` until they are slow, good enough, or used up.

    Args:
        rehearsal: plays the chain.
        goal: what it should make of the sound.
        positions: to begin from.
        steps: at most.
        pull: of what has a place where it does nothing, towards that: how much error a whole range away from it
            weighs. So what cannot be heard stays where it says nothing.
        enough: an error-to-signal ratio to be content with.
    """
    knobs = rehearsal.knobs
    positions = knobs.within(positions)
    error = goal.error(rehearsal.play(positions))
    rest, weight = knobs.neutral, np.where(np.isnan(knobs.neutral), 0.0, pull)
    away = np.nan_to_num(positions - rest)
    esr, damping, slow = _ratio(error), 1e-2, 0
    cost = esr + float(weight @ away**2)
    for _ in range(steps if len(knobs) else 0):
        if cost < enough or slow >= 2 or not math.isfinite(cost):
            break
        slopes = goal.weighted(rehearsal.slopes(positions)).flatten(1)
        curve, slope = (slopes @ slopes.T).numpy(), (slopes @ error.flatten()).numpy()
        curve, slope = curve + np.diag(weight), slope + weight * away
        if not np.isfinite(curve).all():
            break
        before = cost
        for _ in range(TRIES):
            tried = knobs.within(positions + _step(curve, slope, positions, damping, knobs.cyclic))
            moved = goal.error(rehearsal.play(tried))
            ratio, off = _ratio(moved), np.nan_to_num(tried - rest)
            if ratio + float(weight @ off**2) < cost:
                positions, error, esr, away, damping = tried, moved, ratio, off, damping / 5
                cost = esr + float(weight @ away**2)
                break
            damping *= 4
        else:
            break
        slow = slow + 1 if before - cost < SLOW * before else 0
    knobs.write(positions)
    return Fit(positions, esr)


def _ratio(error: Tensor) -> float:
    ratio = float(error.square().sum())
    return ratio if math.isfinite(ratio) else math.inf


def _step(curve: np.ndarray, slope: np.ndarray, positions: np.ndarray, damping: float, cyclic) -> np.ndarray:
    """A damped Gauss-Newton step of what is not pushed against an end of its range."""
    held = ((positions <= 0.0) & (slope > 0)) | ((positions >= 1.0) & (slope < 0))
    free = np.flatnonzero(~held | cyclic)
    step = np.zeros_like(positions)
    if free.size:
        scale = np.diag(curve)[free]
        damped = curve[np.ix_(free, free)] + damping * np.diag(np.maximum(scale, 1e-9 * scale.max() + 1e-30))
        step[free] = -np.linalg.lstsq(damped, slope[free], rcond=1e-14)[0]
    longest = np.abs(step).max(initial=0.0)
    return step * min(1.0, LONGEST / longest) if longest > 0 else step
