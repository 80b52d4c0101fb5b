"""What turns pitch and loudness into the settings of the synthesiser, frame by frame.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, appendix B.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.layers.base import State
from tonewright.layers.dense import LayerNorm, Linear
from tonewright.layers.recurrent import GRU
from tonewright.models.ddsp.config import Config

DEPTH = 3  # layers of a Stack
STEEPNESS, MOST, LEAST = math.log(10.0), 2.0, 1e-7
FIRST = 0.2  # of what an amplitude is at most: where the first harmonic begins
SOFT = -1.0  # where the amplitude of all harmonics begins, before the modified sigmoid: at 0.1 of full scale
QUIET = -5.0  # where the noise begins, before the modified sigmoid: at 2e-5 of full scale


class Stack(nn.Module):
    """[B, I, F] to [B, units, F]: three times a linear layer, a normalisation over units, and a leaky ReLU."""

    def __init__(self, inputs: int, units: int):
        super().__init__()
        widths = [inputs, *[units] * (DEPTH - 1)]
        self.linears = nn.ModuleList(Linear(width, units) for width in widths)
        self.norms = nn.ModuleList(LayerNorm(units) for _ in widths)

    def forward(self, x: Tensor) -> Tensor:
        for linear, norm in zip(self.linears, self.norms, strict=True):
            x = F.leaky_relu(norm(linear(x, [])[0], [])[0], 0.01)
        return x


class Decoder(nn.Module):
    """Pitch and loudness of frames, each [B, 1, F] and of order one, to what is to sound.

    Returns of `forward`, beside the memory: the weights of the harmonics [B, harmonics, F] and their amplitude
    [B, 1, F], and the magnitudes of the noise [B, bands, F], all above 0.
    """

    def __init__(self, config: Config):
        super().__init__()
        units = config.units
        self.of_pitch, self.of_loudness = Stack(1, units), Stack(1, units)
        self.of_timbre = Stack(config.latent, units) if config.latent else None
        heard = 3 if config.latent else 2
        self.gru = GRU(heard * units, units)
        self.joined = Stack((heard + 1) * units, units)
        self.distribution = Linear(units, config.harmonics)
        self.amplitude = Linear(units, 1)
        self.noise = Linear(units, config.bands)
        self._begin_like_a_string()

    @torch.no_grad()
    def _begin_like_a_string(self) -> None:
        """Harmonics that fall as 1 / k, and not too loud.

        From equal ones, of which there are hundreds at 48 kHz, the shortest way to less harshness is no harmonics at
        all, and noise of the instrument's colour in their place; a training that went there does not come back.
        """
        falling = 1.0 / torch.arange(1, self.distribution.outputs + 1)
        self.distribution.bias.add_(torch.logit((FIRST * falling) ** (1 / STEEPNESS)))
        self.amplitude.bias.add_(SOFT)

    def initial_state(self, batch: int) -> State:
        return self.gru.initial_state(batch)

    def forward(self, pitch: Tensor, loudness: Tensor, timbre: Tensor | None, state: State):
        heard = [self.of_pitch(pitch), self.of_loudness(loudness)]
        heard += [] if self.of_timbre is None else [self.of_timbre(timbre)]
        remembered, state = self.gru(torch.cat(heard, dim=1), state)
        joined = self.joined(torch.cat([remembered, *heard], dim=1))
        distribution, _ = self.distribution(joined, [])
        amplitude, _ = self.amplitude(joined, [])
        noise, _ = self.noise(joined, [])
        return (
            modified_sigmoid(distribution),
            modified_sigmoid(amplitude),
            modified_sigmoid(noise + QUIET),
            state,
        )


def modified_sigmoid(x: Tensor) -> Tensor:
    """A network's output to an amplitude: 2 sigmoid(x)^ln 10 + 1e-7, which is about exponential below 0.

    Source: Engel et al., 2020, equation 5.

    >>> modified_sigmoid(torch.tensor([-100.0, 0.0, 100.0]))
    tensor([1.0000e-07, 4.0540e-01, 2.0000e+00])
    """
    return MOST * torch.sigmoid(x) ** STEEPNESS + LEAST
