"""Downhill on magnitude spectra, for sounds whose phase nobody can follow.

The error of the wave asks for every sample; a device that turns phases (a second all-pass, a tape, a microphone further
away) then has no settings that fit, and its level is matched best by silence. Magnitudes do not see the phase.
"""

import numpy as np
import torch
from torch import Tensor

from tonewright.measure.losses import multi_resolution_stft
from tonewright.models.chain.fitting.knobs import Knobs

RATE = 0.02  # of a range for a step, at the beginning
SHORTEST = 2048  # samples that the loss wants


def spectral(knobs: Knobs, dry: Tensor, wet: Tensor, positions: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
    """Adam on the multi-resolution STFT distance, from `positions`; the best place and its distance.

    Args:
        knobs: of the chain.
        dry, wet: [C, T] float64, T at least 2048.
        positions: to begin from, [K].
        steps: of the optimiser.

    Source of the optimiser: Kingma and Ba, "Adam", 2015.
    """
    chain = knobs.chain
    ahead, behind = dry.new_zeros(len(dry), chain.settle), dry.new_zeros(len(dry), chain.latency)
    x, skip = torch.cat([ahead, dry, behind], dim=-1)[None], chain.settle + chain.latency
    now = torch.tensor(knobs.within(positions), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([now], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps), RATE / 20)
    best, least = now.detach().numpy().copy(), np.inf
    for _ in range(steps):
        y, _ = torch.func.functional_call(chain, knobs.parameters(now), (x, chain.initial_state(1)))
        distance = multi_resolution_stft(wet, y[0, :, skip:])
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
    return best, least


@torch.no_grad()
def distance(knobs: Knobs, dry: Tensor, wet: Tensor, positions: np.ndarray) -> float:
    """The multi-resolution STFT distance at these positions."""
    chain = knobs.chain
    knobs.write(positions)
    x = torch.nn.functional.pad(dry, (chain.settle, chain.latency))[None]
    y, _ = chain(x, chain.initial_state(1))
    return float(multi_resolution_stft(wet, y[0, :, chain.settle + chain.latency :]))
