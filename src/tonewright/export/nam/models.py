"""Our models from the settings and weights of a .nam file.

The flat list of weights is our parameters in their order: those of a WaveNet as they are, with the scale of the
output at the end; an LSTM has its two weight matrices side by side, one bias for each gate, and the state that it
begins from.
"""

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export.fields import absent, field, only, shown, uniform, words
from tonewright.models.base import Model

# (activation, the other one behind a gate) as the file names them: ours
ACTIVATIONS = {
    ("Tanh", None): "tanh",
    ("ReLU", None): "relu",
    ("LeakyReLU", None): "leaky_relu",
    ("Sigmoid", None): "sigmoid",
    ("Softsign", None): "softsign",
    ("Tanh", "Sigmoid"): "gated",
    ("Softsign", "Softsign"): "softgated",
}
MODULATIONS = (
    *("conv_pre_film", "conv_post_film", "input_mixin_pre_film", "input_mixin_post_film"),
    *("activation_pre_film", "activation_post_film", "layer1x1_post_film", "head1x1_post_film"),
)
MAX_ARRAYS = 16


def wavenet(config: dict, weights: Tensor) -> Model:
    """The WaveNet of these settings, in the keys of any version.

    Raises:
        ConfigError: settings that our WaveNet does not have, or another number of weights than they need.
    """
    room = models.find("wavenet")
    only(config, "head", None)
    only(config, "condition_dsp", None)
    only(config, "in_channels", 1)
    arrays = field(config, "layers", list)
    if not 1 <= len(arrays) <= MAX_ARRAYS or not all(isinstance(array, dict) for array in arrays):
        raise ConfigError(f"'layers' wants 1 to {MAX_ARRAYS} groups of settings, and is {shown(arrays)}")
    stacks, source = [], 1
    for array in arrays:
        stacks.append(_stack(room, array, source))
        source = stacks[-1].channels
    settings = room.Config(tuple(stacks))
    _expect(weights, wavenet_weights(settings))
    model = room.Model(settings)
    *parts, scale = weights.split([*(p.numel() for p in model.parameters()), 1])
    with torch.no_grad():
        for parameter, part in zip(model.parameters(), parts, strict=True):
            parameter.copy_(part.reshape(parameter.shape))
    model.head_scale.copy_(scale[0])
    return model


def wavenet_weights(settings) -> int:
    """How many weights a file with these settings has, counted before any memory is taken for them."""
    count, source = 1, 1
    for stack in settings.stacks:
        channels, made = stack.channels, stack.channels * (2 if stack.gated else 1)
        taps = sum(kernel for kernel, _ in stack.layers)
        # each layer has a convolution, what it hears of the input, and its way out
        layers = made * channels * taps + len(stack.layers) * (2 * made + channels * channels + channels)
        head = stack.head_channels * (channels * stack.head_kernel + stack.head_bias)
        count, source = count + source * channels + layers + head, channels
    return count


def lstm(config: dict, weights: Tensor) -> Model:
    """The LSTM of these settings.

    Raises:
        ConfigError: settings that our LSTM does not have, or another number of weights than they need.
    """
    room = models.find("lstm")
    for name in ("input_size", "in_channels", "out_channels"):
        only(config, name, 1)
    hidden, layers = field(config, "hidden_size", int), field(config, "num_layers", int)
    settings = room.Config(hidden, layers)
    sizes = [4 * hidden * (width + hidden) + 6 * hidden for width in (1, *[hidden] * (layers - 1))]
    _expect(weights, sum(sizes) + hidden + 1)
    model = room.Model(settings)
    *cells, head = model.body.layers
    *parts, weight, bias = weights.split([*sizes, hidden, 1])
    with torch.no_grad():
        for cell, part in zip(cells, parts, strict=True):
            _fill_cell(cell, part)
        head.weight.copy_(weight.reshape(head.weight.shape))
        head.bias.copy_(bias)
    return model


def _fill_cell(cell, part: Tensor) -> None:
    rows, hidden = cell.weight_ih.shape[0], cell.hidden
    matrix, bias, h, c = part.split([rows * (cell.inputs + hidden), rows, hidden, hidden])
    both = matrix.reshape(rows, cell.inputs + hidden)
    cell.weight_ih.copy_(both[:, : cell.inputs])
    cell.weight_hh.copy_(both[:, cell.inputs :])
    cell.bias_ih.copy_(bias)
    cell.bias_hh.zero_()  # the file has their sum
    cell.initial_h.copy_(h)
    cell.initial_c.copy_(c)


def _stack(room, array: dict, source: int):
    """One layer array as one of our stacks; `source` channels come from the array before."""
    channels, dilations = field(array, "channels", int), _wholes(field(array, "dilations", list), "dilations")
    for name, wanted in (("input_size", source), ("condition_size", 1), ("bottleneck", channels)):
        only(array, name, wanted)
    for name in ("groups_input", "groups_input_mixin"):
        only(array, name, 1)
    for name in ("head1x1", *MODULATIONS):
        absent(array, name)
    only(array, "slimmable", None)
    way_out = array.get("layer1x1")
    if way_out is not None and (not isinstance(way_out, dict) or way_out.get("active") is not True):
        raise ConfigError("its layers have no 'layer1x1', which this version does not play")
    only(way_out or {}, "groups", 1)
    size, kernel, bias = _head(array)
    return room.Stack(
        channels,
        tuple(dilations),
        tuple(_kernels(array, len(dilations))),
        _activation(array, len(dilations)),
        head_channels=size,
        head_kernel=kernel,
        head_bias=bias,
    )


def _head(array: dict) -> tuple[int, int, bool]:
    """(channels, taps, whether it has a bias) of what reads the array."""
    if array.get("head") is None:
        return field(array, "head_size", int), 1, field(array, "head_bias", bool)
    head = field(array, "head", dict)
    only(head, "head_dilation", 1)
    return field(head, "out_channels", int), field(head, "kernel_size", int), field(head, "bias", bool)


def _kernels(array: dict, layers: int) -> list[int]:
    if (array.get("kernel_size") is None) == (array.get("kernel_sizes") is None):
        raise ConfigError("a layer array wants either 'kernel_size' or 'kernel_sizes'")
    if array.get("kernel_size") is not None:
        return [field(array, "kernel_size", int)]
    kernels = _wholes(field(array, "kernel_sizes", list), "kernel_sizes")
    if len(kernels) != layers:
        raise ConfigError(
            f"'kernel_sizes' wants one number for each of {layers} layers, and has {len(kernels)}"
        )
    return kernels


def _wholes(values: list, name: str) -> list[int]:
    if not values or not all(type(value) is int for value in values):
        raise ConfigError(f"'{name}' wants a list of whole numbers, and is {shown(values)}")
    return values


def _activation(array: dict, layers: int) -> str:
    mode = uniform(array, "gating_mode", layers)
    if mode not in (None, "none", "gated"):
        raise ConfigError(f"'gating_mode' is {shown(mode)}, and this version plays 'none' and 'gated'")
    gated = mode == "gated" or (array.get("gated") is not None and field(array, "gated", bool))
    second = uniform(array, "secondary_activation", layers) if gated else None
    first = _name(uniform(array, "activation", layers))
    pair = (first, (_name(second) if second is not None else "Sigmoid") if gated else None)
    if pair not in ACTIVATIONS:
        known = words([f"{a} gated by {b}" if b else a for a, b in ACTIVATIONS])
        told = f"{shown(first)} gated by {shown(pair[1])}" if gated else shown(first)
        raise ConfigError(f"its activation is {told}, and this version plays {known}")
    return ACTIVATIONS[pair]


def _name(activation) -> str:
    """An activation is a name, or a name with its settings."""
    if isinstance(activation, dict):
        slope = activation.get("negative_slope")
        if activation.get("type") == "LeakyReLU" and slope is not None and slope != 0.01:
            raise ConfigError(
                f"its LeakyReLU has a slope of {shown(slope)}, and this version plays only 0.01"
            )
        activation = activation.get("type")
    if not isinstance(activation, str):
        raise ConfigError(f"'activation' wants a name, and is {shown(activation)}")
    return activation


def _expect(weights: Tensor, count: int) -> None:
    if len(weights) != count:
        raise ConfigError(f"its settings need {count} weights, and it has {len(weights)}")
