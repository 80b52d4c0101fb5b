"""Our WaveNets from the settings and weights of a .nam file.

What fits the plain WaveNet is read as one, for that is what is taught and played fastest; all else as a patchwork.
The flat list of weights is our parameters in their order, with the scale of the output at the end.
"""

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export.fields import expect, field, number, numbers, rate_of_sound, shown
from tonewright.export.nam.arrays import described
from tonewright.export.nam.bends import KINDS, bend, fill
from tonewright.export.nam.version import check_version
from tonewright.models.base import Model

# (activation, the other one behind a gate) as the file names them: those that a plain WaveNet has, in our words
ACTIVATIONS = {
    ("Tanh", None): "tanh",
    ("ReLU", None): "relu",
    ("LeakyReLU", None): "leaky_relu",
    ("Sigmoid", None): "sigmoid",
    ("Softsign", None): "softsign",
    ("Tanh", "Sigmoid"): "gated",
    ("Softsign", "Softsign"): "softgated",
}
# the same as a patchwork says it: (activation, gating, what gates)
PLAIN = {
    (KINDS[first], "gated" if second else "none", KINDS[second or "Sigmoid"]): name
    for (first, second), name in ACTIVATIONS.items()
}
MAX_DEPTH = 4  # of conditions within conditions


def wavenet(config: dict, weights: Tensor, rate: int) -> tuple[str, Model]:
    """The WaveNet of these settings, in the keys of any version, and the key of our architecture.

    Raises:
        ConfigError: settings that ours does not have, or another number of weights than they need.
    """
    condition = _condition(config, rate, MAX_DEPTH)
    settings, bent = described(config, condition.config if condition else None)
    if settings.outputs != 1:
        raise ConfigError(f"{settings.outputs} channels come out of it, and this version plays one")
    plain = _plain(settings, config["layers"])
    if plain is None:
        return "patchwork", _patchwork(settings, bent, config, weights, condition)
    expect(weights, plain.weights + 1)  # that of the scale
    model = models.find("wavenet").Model(plain)
    _fill(list(model.parameters()), model.head_scale, weights)
    return "wavenet", model


def _plain(settings, arrays: list[dict]):
    """The settings of a plain WaveNet that is the same; None where there is none."""
    room, stacks = models.find("wavenet"), []
    if settings.tail or settings.condition:
        return None
    for stack, array in zip(settings.stacks, arrays, strict=True):
        names = {PLAIN.get((layer.activation, layer.gating, layer.second)) for layer in stack.layers}
        usual = (stack.channels, 1, 1, 1, None, (), 1)
        own = (stack.bottleneck, stack.groups, stack.mixin_groups, stack.out, stack.side, stack.films)
        if len(names) > 1 or None in names or (*own, stack.head_dilation) != usual:
            return None
        kernels = tuple(layer.kernel for layer in stack.layers)
        stacks.append(
            room.Stack(
                stack.channels,
                tuple(layer.dilation for layer in stack.layers),
                kernels if array.get("kernel_size") is None else kernels[:1],
                names.pop(),
                head_channels=stack.head_channels,
                head_kernel=stack.head_kernel,
                head_bias=stack.head_bias,
            )
        )
    return room.Config(tuple(stacks))


def _patchwork(settings, bent: list, config: dict, weights: Tensor, condition: Model | None) -> Model:
    room = models.find("patchwork")
    with torch.device("meta"):  # where they are counted, and take no memory
        expect(weights, sum(parameter.numel() for parameter in own(room.Model(settings))) + 1)
    model = room.Model(settings)
    _fill(own(model), model.head_scale, weights)
    for stack, rows in zip(model.stacks, bent, strict=True):
        for layer, (first, _, second) in zip(stack.layers, rows, strict=True):
            fill(layer.bend, first)
            if layer.second is not None:
                fill(layer.second, second)
    if settings.tail:
        for layer in model.tail.layers[::2]:
            fill(layer.function, bend(config["head"].get("activation")))
    if condition:
        model.condition.load_state_dict(condition.state_dict())
    return model


def own(model: Model) -> list[Tensor]:
    """The parameters of a patchwork that are in the file's list.

    Slopes are settings there, and a condition has a list of its own.
    """
    named = model.named_parameters()
    return [p for name, p in named if not name.startswith("condition.") and not name.endswith(".slopes")]


def _fill(parameters: list[Tensor], head_scale: Tensor, weights: Tensor) -> None:
    *parts, scale = weights.split([*(p.numel() for p in parameters), 1])
    with torch.no_grad():
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.copy_(part.reshape(parameter.shape))
    head_scale.copy_(scale[0])


def _condition(config: dict, rate: int, depth: int) -> Model | None:
    """The patchwork whose answer is the condition of all layers."""
    if config.get("condition_dsp") is None:
        return None
    if depth == 0:
        raise ConfigError(f"its conditions are more than {MAX_DEPTH} deep")
    values = field(config, "condition_dsp", dict)
    check_version(values)
    if (name := field(values, "architecture", str)) != "WaveNet":
        raise ConfigError(f"'condition_dsp' is a {shown(name)}, and this version plays only a WaveNet there")
    if values.get("sample_rate") is not None and rate_of_sound(number(values, "sample_rate")) != rate:
        raise ConfigError(f"'condition_dsp' is for another rate than the {rate} Hz of the whole")
    inner = field(values, "config", dict)
    condition = _condition(inner, rate, depth - 1)
    settings, bent = described(inner, condition.config if condition else None)
    weights = numbers(field(values, "weights", list), "weights")
    return _patchwork(settings, bent, inner, weights, condition)
