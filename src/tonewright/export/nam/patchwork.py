"""Our patchwork as the settings and weights of a .nam file, in the newer keys; parts that are off are said to be."""

import torch
from torch import Tensor, nn

from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.nam.bends import told
from tonewright.export.nam.departures import check_heads, departures
from tonewright.export.nam.newer import Bends, layer_array
from tonewright.export.nam.read_wavenet import own
from tonewright.export.nam.version import NEW
from tonewright.models.base import Model
from tonewright.runtime.player import Player


def check(player: Player) -> None:
    """Refuse a patchwork that .nam files have no words for, or that their players do not open.

    Raises:
        ConfigError: saying which part of it.
    """
    outputs = player.model.config.outputs
    if outputs != 1:
        raise ConfigError(f".nam players make one channel, and this model makes {outputs}")
    check_heads(player.model.config)
    content(player)


def weights(player: Player) -> int:
    """How many weights the file will hold, those of its conditions included."""
    names = [name for name, _ in player.model.named_parameters() if not name.endswith(".slopes")]
    return sum(player.model.get_parameter(name).numel() for name in names) + player.model.config.depth


def content(player: Player) -> dict:
    """The version, settings and weights of the model, as the file has them."""
    return _content(player.model, float(player.sample_rate))


def left_out(player: Player) -> str:
    """What the core of the plugins does not play of the file, in words."""
    return departures(player.model.config)


def _content(model: Model, rate: float) -> dict:
    config = model.config
    sources = (1, *(stack.channels for stack in config.stacks))
    arrays = [
        layer_array(stack, source, config.conditions, _bends(made, stack))
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


def _bends(made: nn.Module, stack) -> list[Bends]:
    """Of each layer of a stack: its activation, and what gates it."""
    return [
        (
            told(layer.bend, kinds.activation),
            None if layer.second is None else told(layer.second, kinds.second),
        )
        for layer, kinds in zip(made.layers, stack.layers, strict=True)
    ]


def _shared(bends: list[dict]) -> dict:
    """The one activation of all; slopes that were taught apart are several."""
    if any(bend != bends[0] for bend in bends):
        raise ConfigError(".nam players have one activation after the last head, and this model has several")
    return bends[0]


@torch.no_grad()
def _flat(model: Model) -> Tensor:
    return torch.cat([*(p.detach().flatten() for p in own(model)), model.head_scale.reshape(1)])
