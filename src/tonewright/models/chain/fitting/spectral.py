"""Downhill on magnitude spectra, for sounds whose phase nobody can follow.

The error of the wave asks for every sample; a device that turns phases (a second all-pass, a tape, a microphone
further away) then has no settings that fit, and its level is matched best by silence. Magnitudes do not see the
phase.
"""

import numpy as np
import torch
from torch import Tensor

from tonewright.measure.losses import multi_resolution_stft
from tonewright.models.chain.fitting.newton import Goal
from tonewright.models.chain.fitting.rehearsal import Rehearsal

RATE = 0.02  # of a range for a step, at the beginning
SHORTEST = 2048  # samples that the loss wants


def spectral(rehearsal: Rehearsal, goal: Goal, positions: np.ndarray, steps: int) -> np.ndarray:
    """Adam on the multi-resolution STFT distance, from `positions`; the best place [K].

    Args:
        rehearsal: plays the chain, over 2048 samples or more.
        goal: what it should make of the sound.
        positions: to begin from, [K].
        steps: of the optimiser.

    Source of the optimiser: Kingma and Ba, "Adam", 2015.
    """
    knobs, chain, x = rehearsal.knobs, rehearsal.chain, rehearsal.sounds[0]
    now = torch.tensor(knobs.within(positions), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([now], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps), RATE / 20)
    best, least = now.detach().numpy().copy(), np.inf
    for _ in range(steps):
        y, _ = torch.func.functional_call(chain, knobs.parameters(now), (x, chain.initial_state(len(x))))
        distance = _distance(goal, y[..., rehearsal.skip :])
        if distance.item() < least:
            best, least = now.detach().numpy().copy(), distance.item()
        optimiser.zero_grad()
        distance.backward()
        if not bool(torch.isfinite(now.grad).all()):
            break
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            now.copy_(torch.from_numpy(knobs.within(now.numpy())))
    knobs.write(best)
    return best


def distance(rehearsal: Rehearsal, goal: Goal, positions: np.ndarray) -> float:
    """The multi-resolution STFT distance at these positions."""
    return float(_distance(goal, rehearsal.play(positions)))


def _distance(goal: Goal, made: Tensor) -> Tensor:
    wet, made = (sound[..., goal.lead :].flatten(0, 1) for sound in (goal.wet, made))
    return multi_resolution_stft(wet, made)
