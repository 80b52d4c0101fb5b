"""Our patchwork as the settings and weights of a .nam file, in the newer keys; parts that are off are said to be."""

import torch
from torch import Tensor, nn

from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.nam.arrays import MODULATIONS
from tonewright.export.nam.bends import told
from tonewright.export.nam.read_wavenet import own
from tonewright.export.nam.version import NEW
from tonewright.models.base import Model
from tonewright.runtime.player import Player


def check(player: Player) -> None:
    """Refuse a patchwork that .nam files have no words for.

    Raises:
        ConfigError: saying which part of it.
    """
    outputs = player.model.config.outputs
    if outputs != 1:
        raise ConfigError(f".nam players make one channel, and this model makes {outputs}")
    content(player)


def weights(player: Player) -> int:
    """How many weights the file will hold, those of its conditions included."""
    names = [name for name, _ in player.model.named_parameters() if not name.endswith(".slopes")]
    return sum(player.model.get_parameter(name).numel() for name in names) + player.model.config.depth


def content(player: Player) -> dict:
    """The version, settings and weights of the model, as the file has them."""
    return _content(player.model, float(player.sample_rate))


def _content(model: Model, rate: float) -> dict:
    config = model.config
    sources = (1, *(stack.channels for stack in config.stacks))
    arrays = [
        {"input_size": source, "condition_size": config.conditions, **_array(made, stack)}
        for source, stack, made in zip(sources, config.stacks, model.stacks, strict=False)
    ]
    settings = {"layers": arrays, "head": None, "head_scale": float(model.head_scale)}
    if config.tail:
        settings["head"] = {
            "channels": config.tail.channels,
            "out_channels": config.tail.outputs,
            "kernel_sizes": list(config.tail.kernels),
            "activation": _shared(
                [told(layer.function, config.tail.activation) for layer in model.tail.layers[::2]]
            ),
        }
    if config.condition:
        settings["condition_dsp"] = {**_content(model.condition, rate), "sample_rate": rate}
    return {
        "version": NEW,
        "architecture": "WaveNet",
        "config": settings,
        "weights": stranger.short(_flat(model)),
    }


def _array(made: nn.Module, stack) -> dict:
    """One stack as a layer array."""
    films = {film.place: film for film in stack.films}
    pairs = list(zip(made.layers, stack.layers, strict=True))
    head = {"out_channels": stack.head_channels, "kernel_size": stack.head_kernel, "bias": stack.head_bias}
    return {
        "channels": stack.channels,
        "bottleneck": stack.bottleneck,
        "kernel_sizes": [layer.kernel for layer in stack.layers],
        "dilations": [layer.dilation for layer in stack.layers],
        "activation": [told(layer.bend, settings.activation) for layer, settings in pairs],
        "gating_mode": [layer.gating for layer in stack.layers],
        "secondary_activation": [
            None if layer.second is None else told(layer.second, settings.second) for layer, settings in pairs
        ],
        "head": head | ({"head_dilation": stack.head_dilation} if stack.head_dilation > 1 else {}),
        "head1x1": {
            "active": stack.side is not None,
            "out_channels": stack.side.channels if stack.side else 1,
            "groups": stack.side.groups if stack.side else 1,
        },
        "layer1x1": {"active": stack.out is not None, "groups": stack.out or 1},
        "groups_input": stack.groups,
        "groups_input_mixin": stack.mixin_groups,
        **{name: _film(films.get(place)) for name, place in MODULATIONS.items()},
        "slimmable": None,
    }


def _film(film) -> dict:
    if film is None:
        return {"active": False, "shift": True, "groups": 1}
    return {"active": True, "shift": film.shift, "groups": film.groups}


def _shared(bends: list[dict]) -> dict:
    """The one activation of all; slopes that were taught apart are several."""
    if any(bend != bends[0] for bend in bends):
        raise ConfigError(".nam players have one activation after the last head, and this model has several")
    return bends[0]


@torch.no_grad()
def _flat(model: Model) -> Tensor:
    return torch.cat([*(p.detach().flatten() for p in own(model)), model.head_scale.reshape(1)])
