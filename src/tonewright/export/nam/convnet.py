"""ConvNets of .nam files, which are rows of layers here: blocks of a convolution of two taps, and an activation."""

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.facts import no_knobs
from tonewright.export.fields import expect, field, only
from tonewright.export.nam.arrays import wholes
from tonewright.export.nam.bends import USUAL, bend, fill, told
from tonewright.export.nam.version import OLD
from tonewright.export.norms import gain_and_offset
from tonewright.layers.conv import Conv1d
from tonewright.models.base import Model
from tonewright.runtime.player import Player

TAPS = 2
BLOCKS = (
    "a .nam ConvNet is convolutions of 2 taps, each with the same activation, and a sum over their channels"
)


def convnet(config: dict, weights: Tensor, rate: int) -> tuple[str, Model]:
    """The ConvNet of these settings, its batch norms folded into its convolutions, and the key of our architecture.

    Raises:
        ConfigError: settings that our row does not have, or another number of weights than they need.
    """
    room = models.find("row")
    for name in ("in_channels", "out_channels", "groups"):
        only(config, name, 1)
    channels, dilations = field(config, "channels", int), wholes(config, "dilations")
    normed, kind = field(config, "batchnorm", bool), bend(config.get("activation"))
    settings = room.Config(room.dilated(channels, tuple(dilations), kind[0]))
    rows = [channels * width * TAPS for width in (1, *[channels] * (len(dilations) - 1))]
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


def check(player: Player) -> None:
    """Refuse a row that is no ConvNet.

    Raises:
        ConfigError: saying why.
    """
    config = player.model.config
    no_knobs(player, ".nam")
    if config.direct:
        raise ConfigError(".nam players do not add the dry sound to what comes out, and this model does")
    if not _is_convnet(config.parts):
        raise ConfigError(f"{BLOCKS}, and this row is another")
    if any(len(bend) > 1 for bend in _bends(player)):
        kind = config.parts[1].kind
        raise ConfigError(f"a .nam ConvNet has no activation '{kind}' with numbers of its own")


def weights(player: Player) -> int:
    """How many weights the file will hold."""
    return sum(parameter.numel() for parameter in player.model.parameters())


@torch.no_grad()
def content(player: Player) -> dict:
    """The version, settings and weights of the model, as the file has them; gains are folded into the weights."""
    model, (*blocks, _) = player.model, player.model.config.parts
    convs = [layer for layer in model.body.layers if isinstance(layer, Conv1d)]
    rows = [(conv.weight, conv.bias) for conv in convs]
    rows[0] = (rows[0][0] * model.input_gain, rows[0][1])
    rows[-1] = (rows[-1][0] * model.head_scale, rows[-1][1] * model.head_scale)
    config = {"channels": blocks[0].outputs, "dilations": [part.dilation for part in blocks[::2]]}
    config |= {"batchnorm": False, "activation": _bends(player)[0]["type"]}
    flat = torch.cat([tensor.flatten() for row in rows for tensor in row])
    return {"version": OLD, "architecture": "ConvNet", "config": config, "weights": stranger.short(flat)}


def _is_convnet(parts: tuple) -> bool:
    if len(parts) < 3 or not parts[0].outputs or parts[1].outputs:
        return False
    dilations = tuple(part.dilation for part in parts[:-1:2])
    return parts == models.find("row").dilated(parts[0].outputs, dilations, parts[1].kind)


def _bends(player: Player) -> list[dict]:
    """The activations as the file names them, without the numbers that they would have anyway."""
    parts = zip(player.model.body.layers[1::2], player.model.config.parts[1::2], strict=True)
    rows = [told(layer.function, part.kind) for layer, part in parts]
    return [
        {name: value for name, value in row.items() if name not in USUAL or value != USUAL[name]}
        for row in rows
    ]


def _fill(conv: Conv1d, weight: Tensor, bias: Tensor) -> None:
    with torch.no_grad():
        conv.weight.copy_(weight.reshape(conv.weight.shape))
        conv.bias.copy_(bias)


def _folded(part: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """The weights of a convolution without a bias, and of the batch norm after it, as those of one with a bias."""
    sizes = [len(part) - 4 * channels - 1, *[channels] * 4, 1]
    weight, mean, variance, scale, shift, least = part.double().split(sizes)
    gain, offset = gain_and_offset(mean, variance, scale, shift, least)
    return (weight.reshape(channels, -1) * gain[:, None]).float(), offset.float()
