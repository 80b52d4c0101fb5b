"""TorchScript files for nn~, the object for Max and Pure Data that plays neural networks.

They are written only. A file of TorchScript is a program, and loading it runs it, so none is read from strangers.
"""

from pathlib import Path

import numpy as np

from tonewright.atomic import write_whole
from tonewright.errors import ConfigError
from tonewright.export.nn_tilde.archive import to_bytes
from tonewright.export.nn_tilde.host import Host
from tonewright.export.nn_tilde.module import frames_fit, knob_names, module_of
from tonewright.export.torchscript.build import check_graph, traced
from tonewright.models.base import channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.timbre import is_timbre


def check(player: Player) -> None:
    """Refuse a model that nn~ cannot play.

    Raises:
        ConfigError: saying why.
    """
    ratio = player.model.ratio
    if ratio != 1:
        raise ConfigError(f"nn~ plays as many samples as it hears, and this model plays {ratio} for each")
    check_graph(traced(player.model)[0])


def write(player: Player, path: Path, about: dict[str, str] | None = None) -> str:
    """A module with `forward`, and `encode` and `decode` where the model has them; its knobs are attributes.

    Args:
        player: of the model.
        path: to write.
        about: what is told of the model, which stands in the file as JSON; nn~ does not show it.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: nn~ cannot play the model.
        FileError: it cannot be written there.
    """
    check(player)
    module, methods = module_of(player)
    write_whole(path, to_bytes(module, _told(player, about or {})))
    return _words(player, list(methods))


def replay(player: Player, path: Path, x: np.ndarray) -> np.ndarray:
    """What nn~ makes of x with that file, without what its buffers add to the delay."""
    host = Host(path)
    return _cut(player, host.play(np.atleast_2d(x)), host.buffer % player.model.block != 0, x)


def expected(player: Player, x: np.ndarray) -> np.ndarray:
    """What the model makes of x, as far as `replay` gives it."""
    return _cut(player, player.render(x), player.model.block > 1, x)


def _cut(player: Player, y: np.ndarray, waited: bool, x: np.ndarray) -> np.ndarray:
    """What comes out without the time that blocks waited, as much of it as there is in any case."""
    before, y = player.model.block - 1, np.atleast_2d(y)
    y = y[:, before:] if waited else y[:, : y.shape[1] - before]
    return y[0] if np.ndim(x) == 1 and len(y) == 1 else y


def _told(player: Player, about: dict[str, str]) -> dict:
    tone, model = player.tone, player.model
    known = {
        name: tone.provenance[name] for name in ("name", "modeled_by", "author") if name in tone.provenance
    }
    facts = {"architecture": tone.architecture, "sample_rate": tone.sample_rate, "latency": model.latency}
    return facts | {"block": model.block, "made_by": "tonewright"} | known | about


def _words(player: Player, methods: list[str]) -> str:
    model = player.model
    inputs, outputs = channels_of(model)
    words = [f"the methods {', '.join(methods)}" if len(methods) > 1 else "the method forward"]
    words[0] += f", {inputs} in and {outputs} out, for patches at {player.sample_rate} Hz"
    if model.latency:
        words.append(f"{model.latency} samples late")
    if model.block > 1 and "encode" not in methods:  # with it, nn~ has no buffer that is no multiple
        words.append(f"{model.block - 1} more where nn~'s buffer is no multiple of {model.block}")
    if is_timbre(player) and not frames_fit(model.block):
        words.append(f"no encode and decode, for nn~ cannot cut frames of {model.block} samples")
    names = knob_names(model) + (["fidelity"] if is_timbre(player) else [])
    if names:
        words.append(f"attributes {', '.join(names)}")
    return "; ".join(words)
