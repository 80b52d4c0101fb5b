"""Layers of an RTNeural file, each as parts of a row of layers with what they play from.

Keras keeps weights with a row for each input, and the gates of a recurrent layer side by side; of a GRU it has the
update gate before the reset gate. The taps of a convolution are its outermost, the oldest first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as made_with

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export.fields import field, gentle, is_whole, matrix, number, numbers, shown, words
from tonewright.export.norms import gain_and_offset
from tonewright.layers.recurrent import CELLS

BENDS = ("tanh", "relu", "sigmoid", "softmax", "elu")
MAX_WIDTH = 1024  # channels between two layers


@dataclass(frozen=True)
class Filled:
    """A part of the row, and its tensors by name.

    Attributes:
        part: of models/row.
        tensors: what its layer plays from.
    """

    part: object
    tensors: dict[str, Tensor] = made_with(default_factory=dict)


def parts_of(layer: dict, inputs: int) -> tuple[list[Filled], int]:
    """The parts of one layer that hears so many channels, and how many come out.

    Raises:
        ConfigError: a layer that this version does not play, or weights of another shape than it needs.
    """
    kind = field(layer, "type", str)
    if kind not in KINDS:
        raise ConfigError(f"it has a layer of type {shown(kind)}, and this version plays {words(KINDS)}")
    outputs = width(layer, "shape")
    parts = KINDS[kind](layer, inputs, outputs)
    bend = layer.get("activation")
    if (
        kind in CELLS
    ):  # Keras tells how the units themselves bend, and players know one way: nothing comes after
        if bend not in ("", "tanh", None):
            raise ConfigError(f"the units of its {kind} bend by {shown(bend)}, and players know only tanh")
        return parts, outputs
    if bend in ("", "linear", None) or kind == "activation":
        return parts, outputs
    return [*parts, _bend(layer)], outputs


def width(values: dict, name: str) -> int:
    """Channels, the last of a shape such as [null, null, 16].

    Raises:
        ConfigError: when it is no such shape.
    """
    shape = field(values, name, list)
    if not shape or not is_whole(shape[-1]) or not 1 <= shape[-1] <= MAX_WIDTH:
        raise ConfigError(f"'{name}' wants 1 to {MAX_WIDTH} channels at its end, and is {shown(shape)}")
    return int(shape[-1])


def swapped(weight: Tensor) -> Tensor:
    """Rows [3 H, ...] with the first two gates of a GRU in each other's place.

    >>> swapped(torch.arange(6))
    tensor([2, 3, 0, 1, 4, 5])
    """
    first, second, new = weight.chunk(3)
    return torch.cat([second, first, new])


def _part(*values, **settings):
    return models.find("row").Part(*values, **settings)


def _weights(layer: dict, *shapes: tuple[int, ...]) -> list[Tensor]:
    given, kind = field(layer, "weights", list), layer["type"]
    if len(given) != len(shapes):
        raise ConfigError(f"its {kind} wants {len(shapes)} lists of weights, and has {len(given)}")
    return [
        matrix(value, shape, f"weights of its {kind}") for value, shape in zip(given, shapes, strict=True)
    ]


def _same(layer: dict, inputs: int, outputs: int) -> None:
    if inputs != outputs:
        raise ConfigError(f"its {layer['type']} hears {inputs} channels, and says that {outputs} come out")


def _lstm(layer: dict, inputs: int, hidden: int) -> list[Filled]:
    shapes = (inputs, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,)
    given, past, bias = _weights(layer, *shapes)
    return [Filled(_part("lstm", hidden), _cell(given.mT, past.mT, bias, torch.zeros_like(bias)))]


def _gru(layer: dict, inputs: int, hidden: int) -> list[Filled]:
    shapes = (inputs, 3 * hidden), (hidden, 3 * hidden), (2, 3 * hidden)
    given, past, biases = _weights(layer, *shapes)
    return [Filled(_part("gru", hidden), _cell(*map(swapped, (given.mT, past.mT, *biases))))]


def _cell(*weights: Tensor) -> dict[str, Tensor]:
    return dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))


def _dense(layer: dict, inputs: int, outputs: int) -> list[Filled]:
    weight, bias = _weights(layer, (inputs, outputs), (outputs,))
    return [Filled(_part("conv", outputs), {"weight": weight.mT[..., None], "bias": bias})]


def _conv1d(layer: dict, inputs: int, outputs: int) -> list[Filled]:
    kernel, dilation = _single(layer, "kernel_size"), _single(layer, "dilation")
    groups = field(layer, "groups", int) if layer.get("groups") is not None else 1
    part = _part("conv", outputs, kernel, dilation, groups)
    if inputs % groups or outputs % groups:
        raise ConfigError(
            f"{groups} groups of its conv1d cannot share {inputs} channels in and {outputs} out"
        )
    weight, bias = _weights(layer, (kernel, inputs // groups, outputs), (outputs,))
    return [Filled(part, {"weight": weight.permute(2, 1, 0), "bias": bias})]


def _single(layer: dict, name: str) -> int:
    """The one number of a setting that is written as a list of one."""
    value = layer.get(name)
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return field({name: value}, name, int)


def _prelu(layer: dict, inputs: int, outputs: int) -> list[Filled]:
    _same(layer, inputs, outputs)
    given = field(layer, "weights", list)
    while isinstance(given, list) and len(given) == 1 and isinstance(given[0], list):
        given = given[0]  # however deep it lies
    slopes = numbers(given, "slopes")
    if len(slopes) not in (1, outputs):
        raise ConfigError(f"its prelu wants 1 or {outputs} slopes, and has {len(slopes)}")
    slopes = gentle(slopes)
    return [Filled(_part("prelu"), {"slopes": slopes.expand(outputs)[:, None]})]


def _batchnorm(layer: dict, inputs: int, outputs: int) -> list[Filled]:
    """As it plays once it is taught: a gain and an offset for each channel."""
    _same(layer, inputs, outputs)
    count = len(field(layer, "weights", list))
    if count not in (2, 4):
        raise ConfigError(f"its batchnorm wants 2 or 4 lists of weights, and has {count}")
    *affine, mean, variance = (part.double() for part in _weights(layer, *[(outputs,)] * count))
    scale, shift = affine or (torch.ones(outputs).double(), torch.zeros(outputs).double())
    gain, offset = gain_and_offset(mean, variance, scale, shift, number(layer, "epsilon"))
    scale, bias = numbers(gain.tolist(), "gains"), numbers(offset.tolist(), "offsets")
    return [Filled(_part("conv", outputs, groups=outputs), {"weight": scale[:, None, None], "bias": bias})]


def _activation(layer: dict, inputs: int, outputs: int) -> list[Filled]:
    _same(layer, inputs, outputs)
    return [_bend(layer)]


def _bend(layer: dict) -> Filled:
    name = field(layer, "activation", str)
    if name not in BENDS:
        raise ConfigError(f"its activation is {shown(name)}, and this version plays {words(BENDS)}")
    return Filled(_part(name))


KINDS: dict[str, Callable[[dict, int, int], list[Filled]]] = {
    "lstm": _lstm,
    "gru": _gru,
    "dense": _dense,
    "time-distributed-dense": _dense,
    "conv1d": _conv1d,
    "prelu": _prelu,
    "batchnorm": _batchnorm,
    "activation": _activation,
}
