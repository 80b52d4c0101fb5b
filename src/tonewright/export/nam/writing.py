"""Writing .nam files: one model, or two sizes of one in a container from which a player chooses.

A kind of model that the format holds is a module beside this one, with

    check(player)    refuses, in a sentence, what the format cannot say of it
    weights(player)  how many weights the file will hold
    content(player)  "version", "architecture", "config" and "weights" of the file
    left_out(player) where the file, or the player of most plugins, may not have all of it: what, in words that follow
                     others
"""

from pathlib import Path

from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.nam import convnet, linear, lstm, patchwork, wavenet
from tonewright.export.nam.container import KIND
from tonewright.export.nam.metadata import metadata
from tonewright.export.nam.version import NEW
from tonewright.export.table import NAM
from tonewright.runtime.player import Player

KINDS = {
    "wavenet": wavenet,
    "lstm": lstm,
    "chain": linear,
    "patchwork": patchwork,
    "row": convnet,
}  # by our name of the architecture
HALF = 0.5  # from 0 to this a player takes the smaller model, and above it the larger


def check(player: Player) -> None:
    """Refuse a model that .nam files cannot hold.

    Raises:
        ConfigError: saying why.
    """
    kind = KINDS.get(player.tone.architecture)
    if kind is None:
        raise ConfigError(f".nam files hold {NAM}, and this model is of kind {player.tone.architecture}")
    kind.check(player)
    stranger.check_weights(kind.weights(player), ".nam")


def write(
    player: Player, path: Path, about: dict[str, str] | None = None, smaller: Player | None = None
) -> str:
    """Write the model, or with `smaller` a container of both.

    Args:
        player: of the model.
        path: of the file.
        about: what is told of it: name, modeled_by, gear_type, gear_make, gear_model, tone_type, date, and as numbers
            input_level_dbu and output_level_dbu.
        smaller: a second, cheaper model of the same device, for players that are short of time.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the format cannot hold the model, or what is told of it.
        FileError: it cannot be written there.
    """
    values = values_of(player, about)
    said = _words(values)
    if smaller is not None:
        _check_smaller(player, smaller)
        second = values_of(smaller, about)
        values, said = container(values, second), f"{said} and {_words(second)}"
    stranger.write(path, values)
    # of two sizes each, and once where it is the same
    rest = "".join(dict.fromkeys(_left_out(one) for one in (player, smaller) if one is not None))
    if smaller is None and (count := player.tone.provenance.get("sizes")):
        rest += f"; it was read from a file of {count} sizes, of which this is one: --smaller adds another"
    return f"{said}, {player.sample_rate} Hz, version {values['version']}{rest}"


def values_of(player: Player, about: dict[str, str] | None = None) -> dict:
    """What the file of one model holds.

    Raises:
        ConfigError: as `write`.
    """
    check(player)
    content = KINDS[player.tone.architecture].content(player)
    return {
        "version": content["version"],
        "metadata": metadata(player, about or {}),
        "architecture": content["architecture"],
        "config": content["config"],
        "weights": content["weights"],
        "sample_rate": float(player.sample_rate),
    }


def container(larger: dict, smaller: dict) -> dict:
    """Two models as one file, which tells of itself what the larger one does."""
    rows = [{"max_value": HALF, "model": smaller}, {"max_value": 1.0, "model": larger}]
    return {
        "version": NEW,
        "metadata": larger["metadata"],
        "architecture": KIND,
        "config": {"submodels": rows},
        "weights": [],
        "sample_rate": larger["sample_rate"],
    }


def _check_smaller(player: Player, smaller: Player) -> None:
    check(smaller)
    if smaller.sample_rate != player.sample_rate:
        raise ConfigError(
            f"the smaller model is of {smaller.sample_rate} Hz, and the other of {player.sample_rate} Hz; "
            "a .nam container wants one rate"
        )
    counts = [KINDS[one.tone.architecture].weights(one) for one in (smaller, player)]
    if counts[0] >= counts[1]:
        cure = "name them the other way round" if counts[0] > counts[1] else "name one with fewer"
        raise ConfigError(f"the smaller model has {counts[0]:,} weights, and the other {counts[1]:,}; {cure}")


def _left_out(player: Player) -> str:
    kind = KINDS[player.tone.architecture]
    return kind.left_out(player) if hasattr(kind, "left_out") else ""


def _words(values: dict) -> str:
    return f"{values['architecture']} of {len(values['weights']):,} weights"
