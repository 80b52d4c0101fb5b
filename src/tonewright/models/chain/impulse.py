"""What a row of linear processors makes of a click, in float64."""

import numpy as np
import torch
from scipy.signal import fftconvolve
from torch import Tensor

from tonewright.models.base import Impulse
from tonewright.models.chain.processor import Processor

FAINTEST = 1e-20  # -200 dB of the energy so far: what is left of a ringing then is no sound
PATIENCE_S = 0.5  # for which it has to be that faint, beside the longest pause that a processor makes


@torch.no_grad()
def impulse(processors: list[Processor], inputs: int, longest: int) -> Impulse:
    """What a sample of 1 on each input becomes.

    Args:
        processors: linear ones, in their order.
        inputs: channels that the first one hears.
        longest: samples after which one that still rings is left.
    """
    clicks = torch.eye(inputs, dtype=torch.float64)[..., None]
    response, finite = _through(processors, clicks, longest)
    constant = np.zeros(response.shape[1])
    for i, made in enumerate(processors):
        if made.begins:  # what it adds goes through all that follow, and they had time to settle
            silence = torch.zeros(1, made.inputs, 1, dtype=torch.float64)
            level, _ = made(silence, made.initial_state(1))
            after, _ = _through(processors[i + 1 :], level, longest)
            constant += after[0].sum(dim=-1).numpy()
    return Impulse(response.numpy(), constant, finite)


def _through(processors: list[Processor], x: Tensor, longest: int) -> tuple[Tensor, bool]:
    """A short sound x [B, C, T] through them to [B, D, N], and whether nothing can follow."""
    finite = True
    for made in processors:
        if made.begins:
            continue
        taps = made.taps()
        if taps is not None:
            x = _convolved(x, taps.double())
        elif made.state_count == 0:
            x, _ = made(x, [])
        else:
            x, finite = _rung_out(made, x, longest), False
        finite, x = finite and x.shape[-1] <= longest, x[..., :longest]
    return x, finite


def _convolved(x: Tensor, taps: Tensor) -> Tensor:
    if x.shape[-1] == 1:  # a click gives the taps as they are
        return x * taps
    return torch.from_numpy(fftconvolve(x.numpy(), taps.numpy()[None, None], axes=-1))


def _rung_out(made: Processor, x: Tensor, longest: int) -> Tensor:
    """The sound x through one processor, and on until nothing comes or it is too faint."""
    pause = round((made.reach_s + PATIENCE_S) * made.sample_rate)
    silence = x.new_zeros(*x.shape[:-1], pause)
    state = made.initial_state(len(x))
    y, state = made(x, state)
    blocks, energy, length = [y], float(y.square().sum()), y.shape[-1]
    while True:
        y, state = made(silence, state)
        heard = float(y.square().sum())
        if heard <= FAINTEST * energy or length > longest:
            break
        blocks.append(y)
        energy, length = energy + heard, length + pause
    whole = torch.cat(blocks, dim=-1)
    sounds = torch.nonzero(whole.abs().amax(dim=(0, 1)))
    last = int(sounds[-1]) + 1 if len(sounds) else 1
    return whole[..., :last]
