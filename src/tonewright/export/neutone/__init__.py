"""The .nm file of the Neutone plugins: the model as TorchScript, in the host that the neutone-sdk puts around it."""

import json
from pathlib import Path

import numpy as np
import torch

from tonewright.atomic import write_whole
from tonewright.errors import ConfigError
from tonewright.export.graphs import traced
from tonewright.export.neutone import host, sdk
from tonewright.export.neutone.card import ABOUT, card_of
from tonewright.export.neutone.knobs import KNOBS
from tonewright.export.torchscript.build import check_graph
from tonewright.export.torchscript.saving import saved
from tonewright.models.base import channels_of
from tonewright.runtime.player import Player

MAX_RATE = 96000  # Hz, of the metadata's schema
BLOCK = 480  # samples of the host that plays a file back; divides hardly any model's block

__all__ = ["ABOUT", "check", "expected", "replay", "write"]


def check(player: Player) -> None:
    """Refuse a model that Neutone cannot play.

    Raises:
        ConfigError: saying why.
    """
    model = player.model
    if model.ratio != 1:
        raise ConfigError(
            f"Neutone takes as many samples as it gives, and this model makes {model.ratio} for each that it hears"
        )
    if max(channels_of(model)) > 2:
        inputs, outputs = channels_of(model)
        raise ConfigError(
            f"Neutone plays one or two channels, and this model hears {inputs} and makes {outputs}"
        )
    if player.sample_rate > MAX_RATE:
        raise ConfigError(
            f"Neutone plays up to {MAX_RATE} Hz, and this model plays at {player.sample_rate} Hz"
        )
    check_graph(traced(model)[0])


def write(player: Player, path: Path, about: dict[str, str] | None = None) -> str:
    """A .nm file that the Neutone FX plugin opens.

    Args:
        player: of the model.
        path: of the file.
        about: what is told of it, by the names in ABOUT.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the model does not fit, what is told is longer than Neutone shows, or neutone-sdk is missing.
        FileError: the file cannot be written there.
    """
    check(player)
    card = card_of(player, about or {})
    with sdk.quiet() as neutone, torch.no_grad():
        from tonewright.export.neutone.wrapper import wrapped

        script = neutone.utils.model_to_torchscript(wrapped(player, card))
        metadata = script.to_metadata() | {"sample_sound_files": []}
        neutone.metadata.validate_metadata(metadata, True)
        data = saved(script, {"metadata.json": json.dumps(metadata, indent=4)})
    write_whole(path, data)
    return f"'{card.name}', {player.sample_rate} Hz, {_knobs(player)}"


def replay(player: Player, path: Path, x: np.ndarray) -> np.ndarray:
    """What the file makes of the sound x in a host of blocks of 480 samples, less the delay that it tells."""
    played = host.Host(path, player.sample_rate, BLOCK)
    y = played.play(x)[: channels_of(player.model)[1]]
    return y[0] if x.ndim == 1 and len(y) == 1 else y


def expected(player: Player, x: np.ndarray) -> np.ndarray:
    """What the model makes of x, less its latency."""
    late = player.latency
    y = player.render(np.concatenate([x, np.zeros((*x.shape[:-1], late), x.dtype)], axis=-1))
    return y[..., late:]


def _knobs(player: Player) -> str:
    names = [port.name for port in player.model.ports]
    if not names:
        return "no knobs"
    told = f"knobs {', '.join(names[:KNOBS])}"
    others = ", ".join(names[KNOBS:])
    return f"{told}; Neutone has {KNOBS}, so these stay at their defaults: {others}" if others else told
