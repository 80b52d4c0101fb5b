"""The settings of a chain as JSON: for people to read and to write, and for programs.

    {
      "chain": "gain,phaser[6]",
      "sample_rate": 44100,
      "channels": 1,
      "settings": {
        "gain": {
          "gain_db": -3.0
        },
        "phaser": {
          ...
        }
      }
    }

"chain" names the processors as `tonewright match --chain` does, in the order that the sound runs through them, and
"settings" says where they are turned to, in units. Whoever writes such a file may leave out all but the chain: a
setting that is not there stands where it does by default.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tonewright import models
from tonewright.atomic import write_whole
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.facts import USUAL_RATE, assumed, rate_of
from tonewright.export.fields import field, is_number, known, number, shown
from tonewright.layers.fir import MOST_TAPS
from tonewright.models.base import Model
from tonewright.runtime.player import Player
from tonewright.storage import Tone

KEYS = ("chain", "sample_rate", "channels", "settings")
MOST_NUMBERS = 16384  # of one setting: a cabinet, but no hall
LONGEST_WORD = 40  # characters of a processor and its size
INDENT = 2


def check(player: Player) -> None:
    """Refuse a model that has no settings, or more than anybody reads.

    Raises:
        ConfigError: with the reason.
    """
    if not is_chain(player):
        raise ConfigError(
            "settings are those of a chain, which 'tonewright match' makes; this model has none"
        )
    for name, values in player.settings.items():
        longest = max((len(value) for value in values.values() if isinstance(value, list)), default=0)
        if longest > MOST_NUMBERS:
            raise ConfigError(
                f"its {name} is a sound of {longest:,} samples, and settings hold up to {MOST_NUMBERS:,}; when all "
                f"of the chain is linear, write a .wav of it"
            )


def write(player: Player, path: Path) -> str:
    """The settings of a chain as a JSON file.

    Args:
        player: of a chain.
        path: of the file.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the model has no settings, or too many.
        FileError: it cannot be written there.
    """
    check(player)
    write_whole(path, text(player).encode())
    return f"the settings of {', '.join(player.settings)}"


def text(player: Player) -> str:
    """The file of a chain, with all of its settings, however many; of a model without any, "{}"."""
    return "".join([*_lines(values_of(player)), "\n"])


def is_chain(player: Player) -> bool:
    """Whether the model is one that `tonewright match` makes."""
    return models.verb_of(player.tone.architecture) == "match"


def values_of(player: Player) -> dict:
    """What the file of a chain holds; of another model its settings, or nothing when it has none.

    >>> tone = from_values({"chain": "gain", "settings": {"gain": {"gain_db": 0.1}}})
    >>> values_of(Player(tone))["settings"]
    {'gain': {'gain_db': 0.1}}
    """
    if not is_chain(player):
        return {"settings": player.settings} if player.settings else {}
    config = player.model.config
    return {
        "chain": ",".join(f"{link.kind}[{link.size}]" if link.size else link.kind for link in config.links),
        "sample_rate": config.sample_rate,
        "channels": config.channels,
        "settings": {
            name: {setting: stranger.short(value) for setting, value in own.items()}
            for name, own in player.settings.items()
        },
    }


def looks_like(values: dict) -> bool:
    """Whether these are the values of such a file.

    >>> looks_like({"chain": "gain,tanh"}), looks_like({"architecture": "WaveNet"})
    (True, False)
    """
    return isinstance(values.get("chain"), str)


def from_values(values: dict, rate: int | None = None) -> Tone:
    """The chain that the values of a file describe.

    Args:
        values: of the file.
        rate: in Hz, where the file tells none; 44100 without it.

    Raises:
        ConfigError: when they say what no chain has.

    >>> from_values({"chain": "gain", "settings": {"gain": {"gain_d": -6}}})
    Traceback (most recent call last):
    tonewright.errors.ConfigError: gain has no 'gain_d'; did you mean 'gain_db'?
    """
    room = models.find("chain")
    known(values, KEYS, "the file of a chain")
    settings = field(values, "settings", dict) if "settings" in values else {}
    channels = field(values, "channels", int) if "channels" in values else 1
    config = room.Config(_links(room, values), channels, _rate(values, rate))
    known(settings, config.names, "this chain")
    own = [field(settings, name, dict) if name in settings else {} for name in config.names]
    config = replace(config, links=tuple(map(room.Link.sized, config.links, own)))
    if sum(link.size for link in config.links) > MOST_TAPS:
        raise ConfigError(f"its sizes come to more than the {MOST_TAPS:,} samples that a file may ask for")
    model = room.Model(config)
    for name, turned in zip(config.names, own, strict=True):
        _turn(model, name, turned)
    told = assumed(values.get("sample_rate"), rate)
    return Tone("chain", model.eval(), config.sample_rate, provenance=told)


def _links(room, values: dict):
    chain = field(values, "chain", str)
    if max(map(len, chain.split(","))) > LONGEST_WORD:
        raise ConfigError(f"'chain' wants processors with commas between them, and is {shown(chain)}")
    return room.spoken(chain)


def _rate(values: dict, given: int | None) -> int:
    if "sample_rate" not in values:
        return rate_of(None, given, USUAL_RATE)
    return rate_of(number(values, "sample_rate"), given, USUAL_RATE)


def _turn(model: Model, processor: str, own: dict) -> None:
    """Turn the settings of one processor, once they are what settings are."""
    known(own, model.values()[processor], processor)
    for name, value in own.items():
        for item in value if isinstance(value, list) else [value]:
            if not is_number(item):
                raise ConfigError(f"{processor}.{name} wants a number, and has {shown(item)}")
        model.set({f"{processor}.{name}": value})


def _lines(value, indent: int = 0) -> Iterator[str]:
    """JSON with a line for each setting, however many numbers that has."""
    if not isinstance(value, dict) or not value:
        yield json.dumps(value, allow_nan=False)
        return
    start = "{"
    for name, item in value.items():
        yield f"{start}\n{' ' * (indent + INDENT)}{json.dumps(name)}: "
        yield from _lines(item, indent + INDENT)
        start = ","
    yield f"\n{' ' * indent}}}"
