"""What a written file is worth: the probe, played through it and through the model."""

from pathlib import Path

import numpy as np

from tonewright.errors import NotPlayable
from tonewright.export.format import Format
from tonewright.layers.graph import trace_whole
from tonewright.models.base import channels_of
from tonewright.runtime.player import Player
from tonewright.storage import PROBE_STEP, probe, probe_samples

# Where a delay moves, it is a float32 of some hundred samples: its last bit is heard where the sound is steep, and
# players that add in another order are so far apart.
MOVING = 2e-4


def difference(row: Format, player: Player, path: Path, **options) -> float:
    """Largest difference between what the file and the model make of the probe, relative to the loudest sample.

    Args:
        row: the format of the file.
        player: of the model that was written.
        path: of the file.
        options: of reading it, such as which `size` of several the model is.

    Raises:
        FileError, ConfigError: when the file cannot be played.
    """
    expected, x = getattr(row.load(), "expected", Player.render), heard(player)
    got = played(row, player, path, x, **options)
    apart = _apart(got, expected(player, x))
    if (
        apart > row.tolerance
    ):  # a network near to chaos: its players differ, and a right file is near to one of them
        apart = min(apart, _apart(got, expected(_ByTorch(player.tone), x)))
    return apart


class _ByTorch(Player):
    """Played by torch, also where the native core could."""

    _file = None


def _apart(got: np.ndarray, wanted: np.ndarray) -> float:
    got, wanted = (np.asarray(y, np.float64) for y in (got, wanted))
    if got.shape != wanted.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):  # infinite less infinite: NaN, which is too far
        return float(np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-9))


def allowed(row: Format, player: Player) -> float:
    """How far from the model a file of that format may be, relative to the loudest sample.

    >>> from tonewright.export.formats import named
    >>> from tonewright.models.wavenet import Model as WaveNet
    >>> from tonewright.storage import Tone
    >>> allowed(named("nam"), Player(Tone("wavenet", WaveNet(), 48000)))
    1e-05
    """
    try:
        graph, _ = trace_whole(player.model, tuple(player.controls))
    except NotPlayable:
        return row.tolerance
    moves = any(node["op"] == "delay_line" and len(node["inputs"]) > 1 for node in graph["nodes"])
    return max(MOVING, row.tolerance) if moves else row.tolerance


def played(row: Format, player: Player, path: Path, x: np.ndarray, **options) -> np.ndarray:
    """What the written file makes of the sound x, [T] or [inputs, T]: the raw stream of `row.played_by`."""
    module = row.load()
    if hasattr(module, "replay"):
        return module.replay(player, path, x)
    return Player(row.read(path, **options)).render(x)


def heard(player: Player) -> np.ndarray:
    """The probe of a model: [T], or [inputs, T] when it hears several, each a little later than the one before."""
    x = probe(player.sample_rate, probe_samples(player.model)).numpy()
    inputs, _ = channels_of(player.model)
    if inputs == 1:
        return x
    return np.stack([np.concatenate([np.zeros(c * PROBE_STEP, x.dtype), x])[: len(x)] for c in range(inputs)])
