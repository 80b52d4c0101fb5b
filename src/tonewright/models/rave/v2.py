"""The second family: residual units on both sides, and bands that are gated and bounded."""

import torch
from torch import Tensor

from tonewright.layers.base import Layer
from tonewright.layers.combine import Pointwise, Serial
from tonewright.models.rave.blocks import bend, conv, down, unit, up
from tonewright.models.rave.config import BANDS, Config

NOISE_KERNEL = None  # twice the ratio


def trunk(config: Config) -> list[Layer]:
    """Bands to what the heads of the encoder hear, [B, width, frames]."""
    width, layers = config.capacity, [conv(BANDS, config.capacity, 7, config.lookahead)]
    for ratio, dilations in zip(config.ratios, config.dilations, strict=True):
        layers += [unit(width, dilation, 1, config.lookahead) for dilation in dilations]
        layers += [bend(), down(width, 2 * width, 2 * ratio, ratio, config.lookahead)]
        width *= 2
    return [*layers, bend()]


def head(config: Config, first: bool) -> Layer:
    """The mean of the latents (first) or their scale."""
    return conv(config.width, config.latent, 3, config.lookahead)


def body(config: Config) -> list[Layer]:
    """Latents to what the heads of the decoder hear, [B, capacity, band samples]."""
    width, layers = config.width, [conv(config.latent, config.width, 3, config.lookahead)]
    for ratio, dilations in zip(config.ratios[::-1], config.dilations[::-1], strict=True):
        layers += [bend(), up(width, width // 2, ratio, config.lookahead)]
        width //= 2
        layers += [unit(width, dilation, 1, config.lookahead) for dilation in dilations]
    return [*layers, bend()]


def wave(config: Config) -> Layer:
    """The bands: a wave times its gate, within -1 and 1."""
    return Serial(conv(config.capacity, 2 * BANDS, 7, config.lookahead), Pointwise(_gated))


def _gated(x: Tensor) -> Tensor:
    wave, gate = x.chunk(2, dim=1)
    return torch.tanh(wave * torch.sigmoid(gate))
