"""Our WaveNet as the settings and weights of a .nam file: in the older keys where these can say it, else the newer.

Every player reads the older keys, and some read nothing else; the newer ones also know a kernel for each layer, other
activations than tanh, gates, and a head of several taps.
"""

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.facts import no_knobs
from tonewright.export.fields import words
from tonewright.export.nam.arrays import MAX_LAYERS
from tonewright.export.nam.newer import layer_array
from tonewright.export.nam.read_wavenet import ACTIVATIONS
from tonewright.export.nam.version import NEW, OLD
from tonewright.layers.activations import SLOPE
from tonewright.models.base import Model
from tonewright.runtime.player import Player

NAMES = {ours: pair for pair, ours in ACTIVATIONS.items()}
INSTEAD = "teach --preset standard"


def check(player: Player) -> None:
    """Refuse a WaveNet that .nam files have no words for.

    Raises:
        ConfigError: saying which part of it.
    """
    config = player.model.config
    no_knobs(player, ".nam")
    if config.mix != "sum":
        raise ConfigError(
            f".nam players add what their layers made, and this model mixes it by weight; {INSTEAD}"
        )
    if not config.conditioned:
        raise ConfigError(f".nam players let every layer hear the input, and this model does not; {INSTEAD}")
    if config.input_bias:
        raise ConfigError(
            f".nam players have no bias where the sound comes in, and this model has; {INSTEAD}"
        )
    for stack in config.stacks:
        if stack.activation not in NAMES:
            raise ConfigError(f".nam players have no activation '{stack.activation}', only {words(NAMES)}")
    layers = sum(len(stack.dilations) for stack in config.stacks)
    if layers > MAX_LAYERS:
        raise ConfigError(
            f".nam files are read here of {MAX_LAYERS} layers at most, and this model has {layers}; {INSTEAD}"
        )


def content(player: Player) -> dict:
    """The version, settings and weights of the model, as the file has them."""
    model = player.model
    config = {"layers": arrays(model.config), "head": None, "head_scale": stranger.short(model.head_scale)}
    return {
        "version": OLD if is_plain(model.config) else NEW,
        "architecture": "WaveNet",
        "config": config,
        "weights": stranger.short(flat(model).numpy()),
    }


def weights(player: Player) -> int:
    """How many weights the file will hold."""
    return player.model.config.weights + 1  # the scale of the output


def is_plain(config) -> bool:
    """Whether the older keys can say it: tanh, one kernel for all layers of a stack, and a head of one tap."""
    return all(
        stack.activation == "tanh" and len(set(stack.kernels)) == 1 and stack.head_kernel == 1
        for stack in config.stacks
    )


def arrays(config) -> list[dict]:
    """The stacks, each as a layer array."""
    sources = (1, *(stack.channels for stack in config.stacks))
    make = _old if is_plain(config) else _new
    return [make(stack, source) for source, stack in zip(sources, config.stacks, strict=False)]


@torch.no_grad()
def flat(model: Model) -> Tensor:
    """Every weight in the order of the file, which is ours, and the scale of the output after them. [n]"""
    return torch.cat([*(p.detach().flatten() for p in model.parameters()), model.head_scale.reshape(1)])


def _old(stack, source: int) -> dict:
    return {
        "input_size": source,
        "condition_size": 1,
        "channels": stack.channels,
        "head_size": stack.head_channels,
        "kernel_size": stack.kernels[0],
        "dilations": list(stack.dilations),
        "activation": "Tanh",
        "gated": False,
        "head_bias": stack.head_bias,
    }


def _new(stack, source: int) -> dict:
    """As the patchwork that it is, on which nothing is hung."""
    room, (first, second) = models.find("patchwork"), NAMES[stack.activation]
    gating = "gated" if second else "none"
    layers = tuple(room.Layer(kernel, dilation, gating=gating) for kernel, dilation in stack.layers)
    head = {name: getattr(stack, name) for name in ("head_channels", "head_kernel", "head_bias")}
    activation = {"type": first} | ({"negative_slope": SLOPE} if first == "LeakyReLU" else {})
    bends = [(activation, {"type": second} if second else None)] * len(layers)
    return layer_array(room.Stack(stack.channels, stack.channels, layers, **head), source, 1, bends)
