"""Our row of layers from the ConvNet of a .nam file: blocks of a convolution of two taps, and an activation."""

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export.fields import field, only
from tonewright.export.nam.arrays import whole, wholes
from tonewright.export.nam.bends import bend, fill
from tonewright.export.nam.models import expect
from tonewright.layers.conv import Conv1d
from tonewright.models.base import Model

TAPS = 2


def convnet(config: dict, weights: Tensor, rate: int) -> tuple[str, Model]:
    """The ConvNet of these settings, its batch norms folded into its convolutions, and the key of our architecture.

    Raises:
        ConfigError: settings that our row does not have, or another number of weights than they need.
    """
    room = models.find("row")
    for name in ("in_channels", "out_channels"):
        only(config, name, 1)
    channels, dilations = field(config, "channels", int), wholes(config, "dilations")
    normed, groups = field(config, "batchnorm", bool), whole(config, "groups", 1)
    kind = bend(config.get("activation"))
    blocks = [(room.Part("conv", channels, TAPS, d, groups), room.Part(kind[0])) for d in dilations]
    settings = room.Config((*(part for block in blocks for part in block), room.Part("conv", 1)))
    rows = [channels * width // groups * TAPS for width in (1, *[channels] * (len(dilations) - 1))]
    sizes = [row + (4 * channels + 1 if normed else channels) for row in rows]
    expect(weights, sum(sizes) + channels + 1)
    model = room.Model(settings)
    *parts, weight, bias = weights.split([*sizes, channels, 1])
    *layers, head = model.body.layers
    for conv, activation, part in zip(layers[::2], layers[1::2], parts, strict=True):
        fill(activation.function, kind)
        _fill(conv, *(_folded(part, channels) if normed else part.split([len(part) - channels, channels])))
    _fill(head, weight, bias)
    return "row", model


def _fill(conv: Conv1d, weight: Tensor, bias: Tensor) -> None:
    with torch.no_grad():
        conv.weight.copy_(weight.reshape(conv.weight.shape))
        conv.bias.copy_(bias)


def _folded(part: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """The weights of a convolution without a bias, and of the batch norm after it, as those of one with a bias."""
    sizes = [len(part) - 4 * channels - 1, *[channels] * 4, 1]
    weight, mean, variance, scale, shift, least = part.double().split(sizes)
    if not bool((variance + least > 0).all()):
        raise ConfigError("a batch norm has a variance that is not above 0")
    scale = scale / torch.sqrt(variance + least)
    return (weight.reshape(channels, -1) * scale[:, None]).float(), (shift - mean * scale).float()
