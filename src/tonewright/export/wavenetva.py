"""The JSON of WaveNetVA, SmartGuitarAmp and PedalNetRT: one stack of dilated layers and a linear mix of them all.

Layer -1 brings the sound to the channels of the stack, layers 0 to L - 1 are its own, and layer L mixes all that
they made. Weights lie tap by tap, the oldest first, and those of a tap [inputs, outputs]; some trainers write them as
words. Players begin with an empty memory, so their first `settle` samples differ from ours.
"""

from pathlib import Path

import torch
from torch import Tensor

from tonewright import models, storage
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.facts import USUAL_RATE, assumed, no_knobs, rate_of
from tonewright.export.fields import field, is_whole, numbers, only, shown, unspelled, words
from tonewright.layers.conv import Conv1d
from tonewright.models.base import Model
from tonewright.runtime.player import Player

ACTIVATIONS = ("linear", "tanh", "sigmoid", "relu", "softsign", "gated", "softgated")


def check(player: Player) -> None:
    """Refuse what these players have no layers for.

    Raises:
        ConfigError: saying what.
    """
    if player.tone.architecture != "wavenet":
        raise ConfigError(
            f"WaveNetVA files hold a WaveNet, and this model is of kind {player.tone.architecture}"
        )
    config = player.model.config
    refuse, instead = "WaveNetVA players have", "teach --preset gated"
    no_knobs(player, "WaveNetVA")
    if len(config.stacks) > 1:
        raise ConfigError(f"{refuse} one stack of layers, and this model has {len(config.stacks)}; {instead}")
    stack = config.stacks[0]
    if config.conditioned:
        raise ConfigError(
            f"{refuse} layers that hear only the layer before, and these hear the input too; {instead}"
        )
    if stack.activation not in ACTIVATIONS:
        raise ConfigError(f"{refuse} no activation '{stack.activation}', only {words(ACTIVATIONS)}")
    if len(set(stack.kernels)) > 1 or stack.head_kernel > 1:
        raise ConfigError(f"{refuse} one kernel for all layers and none in the mix; {instead}")
    stranger.check_weights(config.weights, "WaveNetVA")


def write(player: Player, path: Path) -> str:
    """Write the model as numbers; the scale of its output goes into the mix.

    Args:
        player: of the model.
        path: of the file.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the format cannot hold the model.
        FileError: it cannot be written there.
    """
    check(player)
    model = player.model
    stack = model.config.stacks[0]
    layers = zip(_layers(stack), _tensors(model), strict=True)
    rows = [row for (place, name, _), tensors in layers for row in _variables(place, name, *tensors)]
    values = {"activation": stack.activation, "output_channels": 1, "input_channels": 1}
    values |= {"residual_channels": stack.channels, "filter_width": stack.kernels[0]}
    stranger.write(path, values | {"dilations": list(stack.dilations), "variables": rows})
    count = sum(len(row["data"]) for row in rows)
    return (
        f"{len(stack.dilations)} {stack.activation} layers of {stack.channels} channels, {count} weights, for "
        f"WaveNetVA and SmartGuitarAmp; the file tells no rate, so run its player at {player.sample_rate} Hz"
    )


def looks_like(values: dict) -> bool:
    """Whether these are the values of such a file."""
    return "residual_channels" in values and "variables" in values


def from_values(values: dict, rate: int | None = None) -> storage.Tone:
    """The model of the values of such a file.

    Args:
        values: of the file.
        rate: at how many Hz it plays, for the file tells none; None for 44100.

    Raises:
        ConfigError: when they ask for what this version does not play.
    """
    if not looks_like(values):
        raise ConfigError("it is not a WaveNetVA file")
    only(values, "input_channels", 1)
    only(values, "output_channels", 1)
    config = _config(values)
    stack = config.stacks[0]
    given = _given(field(values, "variables", list), len(stack.dilations))
    tensors = [_read_layer(given, *layer) for layer in _layers(stack)]
    if given:
        (place, name), _ = given.popitem()
        raise ConfigError(f"its layer {place} has '{shown(name)}', which no player knows")
    model = models.find("wavenet").Model(config)
    model.head_scale.fill_(1.0)
    with torch.no_grad():
        for layer, (weight, bias) in zip(_convolutions(model), tensors, strict=True):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    learned = rate_of(None, rate, USUAL_RATE)
    return storage.Tone("wavenet", model.eval(), learned, provenance=assumed(None, rate))


def _config(values: dict):
    room = models.find("wavenet")
    activation = field(values, "activation", str)
    if activation not in ACTIVATIONS:
        raise ConfigError(
            f"its activation is {shown(activation)}, and this version plays {words(ACTIVATIONS)}"
        )
    dilations = field(values, "dilations", list)
    if not all(map(is_whole, dilations)):
        raise ConfigError(f"'dilations' wants whole numbers, and is {shown(dilations)}")
    channels, kernel = field(values, "residual_channels", int), field(values, "filter_width", int)
    stack = room.Stack(channels, tuple(map(int, dilations)), (kernel,), activation)
    return room.Config((stack,), conditioned=False, input_bias=True, mix="stack")


def _layers(stack) -> list[tuple[int, str, tuple[int, int, int]]]:
    """(layer_idx, end of the names, outputs x inputs x taps) of all convolutions, from the input to the mix."""
    channels, count, made = stack.channels, len(stack.dilations), stack.channels * (2 if stack.gated else 1)
    inner = [("_conv", (made, channels, stack.kernels[0])), ("_out", (channels, channels, 1))]
    layers = [(i, name, shape) for i in range(count) for name, shape in inner]
    return [(-1, "", (channels, 1, 1)), *layers, (count, "", (1, channels * count, 1))]


def _convolutions(model: Model) -> list[Conv1d]:
    """From the input to the mix, as `_layers` has them."""
    stack = model.stacks[0]
    inner = [part for layer in stack.layers for part in (layer.conv, layer.out)]
    return [stack.rechannel, *inner, stack.head]


@torch.no_grad()
def _tensors(model: Model) -> list[tuple[Tensor, Tensor | None]]:
    """The weight [outputs, inputs, taps] and the bias [outputs] of all convolutions, from the input to the mix."""
    *rows, (mix, bias) = [(part.weight, part.bias) for part in _convolutions(model)]
    mix, bias = mix * model.head_scale, None if bias is None else bias * model.head_scale
    if model.config.mix == "sum":  # which gives the same weights to every layer
        mix = mix.repeat(1, len(model.stacks[0].layers), 1)
    return [*rows, (mix, bias)]


def _variables(place: int, name: str, weight: Tensor, bias: Tensor | None) -> list[dict]:
    bias = weight.new_zeros(len(weight)) if bias is None else bias
    data = {f"W{name}": weight.permute(2, 1, 0).flatten(), f"b{name}": bias}
    return [{"layer_idx": place, "name": key, "data": stranger.short(value)} for key, value in data.items()]


def _given(variables: list, layers: int) -> dict[tuple[int, str], list]:
    """What the file has, by layer and name; players take any layer below 0 for the input, and beyond the last for the
    mix."""
    given = {}
    for row in variables:
        if not isinstance(row, dict):
            raise ConfigError(f"'variables' wants settings, and holds {shown(row)}")
        place, name = field(row, "layer_idx", int), field(row, "name", str)
        place = min(max(place, -1), layers)
        if (place, name) in given:
            raise ConfigError(f"its layer {place} has {shown(name)} twice")
        given[place, name] = field(row, "data", list)
    return given


def _read_layer(given: dict, place: int, name: str, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Takes the weight, of that shape, and the bias of a layer out of what the file has."""
    outputs, inputs, taps = shape
    weight = _take(given, place, f"W{name}", taps * inputs * outputs)
    bias = _take(given, place, f"b{name}", outputs)
    return weight.reshape(taps, inputs, outputs).permute(2, 1, 0), bias


def _take(given: dict, place: int, name: str, count: int) -> Tensor:
    data = given.pop((place, name), None)
    if data is None:
        raise ConfigError(f"its layer {place} has no '{name}'")
    if len(data) != count:
        raise ConfigError(f"'{name}' of its layer {place} wants {count} numbers, and has {len(data)}")
    return numbers([unspelled(value) for value in data], "weights")
