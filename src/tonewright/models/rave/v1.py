"""The first family: a plain encoder, and a decoder with wide residual units whose output has a loudness of its own.

Where the published encoder normalises over the batch, this one has normalised weights like all other parts: what
plays is of the same shape, and items can be taught one by one.
"""

from functools import partial

import torch
from torch import Tensor

from tonewright.layers.base import Layer
from tonewright.layers.combine import Parallel, Pointwise, Serial
from tonewright.models.rave.blocks import bend, conv, down, unit, up
from tonewright.models.rave.config import BANDS, Config
from tonewright.models.rave.noise import squashed

NOISE_KERNEL = 3


def trunk(config: Config) -> list[Layer]:
    """Bands to what the heads of the encoder hear, [B, width, frames]."""
    width, layers = config.capacity, [conv(BANDS, config.capacity, 7, config.lookahead)]
    for ratio in config.ratios:
        layers += [bend(), down(width, 2 * width, 2 * ratio + 1, ratio, config.lookahead)]
        width *= 2
    return [*layers, bend()]


def head(config: Config, first: bool) -> Layer:
    """The mean of the latents (first) or their scale, each of its own half of the channels."""
    half = config.width // 2
    of_half = Pointwise(partial(_half, half=half, first=first))
    return Serial(of_half, conv(half, config.latent, 5, config.lookahead))


def body(config: Config) -> list[Layer]:
    """Latents to what the heads of the decoder hear, [B, capacity, band samples]."""
    width, layers = config.width, [conv(config.latent, config.width, 7, config.lookahead)]
    for ratio, dilations in zip(config.ratios, config.dilations, strict=True):
        layers += [bend(), up(width, width // 2, ratio, config.lookahead)]
        width //= 2
        layers += [unit(width, dilation, 3, config.lookahead) for dilation in dilations]
    return layers


def wave(config: Config) -> Layer:
    """The bands: a wave within -1 and 1, times one loudness for all bands."""
    waves = Serial(conv(config.capacity, BANDS, 7, config.lookahead), Pointwise(torch.tanh))
    loudness = Serial(conv(config.capacity, 1, 3, config.lookahead), Pointwise(squashed))
    return Parallel([waves, loudness], "product")


def _half(x: Tensor, half: int, first: bool) -> Tensor:
    return x[:, :half] if first else x[:, half:]
