"""Other programs' formats. Each is a module with `write(player, path)`, which says in words what it wrote."""

from collections.abc import Callable
from pathlib import Path

from tonewright.errors import ConfigError
from tonewright.export import room
from tonewright.runtime.player import Player

EXPORTERS: dict[str, Callable[[Player, Path], str]] = {
    ".wav": room.write,
    ".flac": room.write,
    ".aiff": room.write,
}
MEANT = {".wav, .flac or .aiff": "the room of an instrument"}


def exporter(path: Path) -> Callable[[Player, Path], str]:
    """What writes the files of that suffix.

    Raises:
        ConfigError: nothing does.

    >>> exporter(Path("room.xyz"))
    Traceback (most recent call last):
    tonewright.errors.ConfigError: nothing is exported to '.xyz'; what can be: the room of an instrument to .wav, ...
    """
    if path.suffix.lower() not in EXPORTERS:
        known = "; ".join(f"{what} to {suffixes}" for suffixes, what in MEANT.items())
        raise ConfigError(f"nothing is exported to '{path.suffix or path.name}'; what can be: {known}")
    return EXPORTERS[path.suffix.lower()]
