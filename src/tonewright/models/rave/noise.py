"""The head that makes noise: what no wave of a few bands can be, such as breath, cymbals and consonants."""

import math
from fractions import Fraction

import torch
from torch import Tensor

from tonewright.layers.base import Layer, State
from tonewright.layers.combine import Pointwise, Serial
from tonewright.layers.synth import FilteredNoise
from tonewright.models.rave.blocks import bend, down
from tonewright.models.rave.config import BANDS, Config

HIDDEN = 64
QUIET = 5.0  # how far below the middle of its range noise begins
STEEPNESS, LEAST = math.log(10.0), 1e-7


def squashed(x: Tensor) -> Tensor:
    """Any number to an amplitude from 0 to 2, evenly in dB where it is small.

    >>> squashed(torch.tensor([-2.0, 0.0, 2.0]))
    tensor([0.0149, 0.4054, 1.4931])
    """
    return 2 * torch.sigmoid(x) ** STEEPNESS + LEAST


def _quiet(x: Tensor) -> Tensor:
    return squashed(x - QUIET)


class Noise(Layer):
    """What the decoder knows at the rate of the bands, x [B, capacity, T], to noise y [B, 1, T * 16].

    The colour of a frame is heard at its end, when all of it is known, and is reached by then from the colour of the
    frame before: so it is not late.

    Args:
        config: of the model, with a ratio or more of noise.
        kernel: of its convolutions; twice their ratio when None.
    """

    outputs = 1

    def __init__(self, config: Config, kernel: int | None):
        super().__init__()
        widths = [config.capacity, *[HIDDEN] * (len(config.noise) - 1), config.noise_bands]
        layers = []
        for inputs, outputs, ratio in zip(widths[:-1], widths[1:], config.noise, strict=True):
            layers += [down(inputs, outputs, kernel or 2 * ratio, ratio, 0.0), bend()]
        self.colour = Serial(*layers[:-1], Pointwise(_quiet))
        self.noise = FilteredNoise(config.noise_bands, config.noise_hop)
        self.inputs, self.ratio = config.capacity, Fraction(BANDS)
        self.block = self.colour.block
        self.settle = self.colour.settle + self.noise.settle * self.colour.block
        self.count = self.colour.state_count

    def initial_state(self, batch: int) -> State:
        return self.colour.initial_state(batch) + self.noise.initial_state(batch)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        colour, heard = self.colour(x, state[: self.count])
        y, drawn = self.noise(colour, state[self.count :])
        return y, heard + drawn
