"""The player of whatever model file a person names."""

from pathlib import Path

from tonewright.runtime.player import Player, load


def open_player(path: Path) -> Player:
    """The player of a .tone file, or of a .nam file.

    Raises:
        FileError: when it is missing, damaged, foreign, or asks for what this version does not play.

    >>> open_player(Path("missing.nam"))
    Traceback (most recent call last):
    tonewright.errors.FileError: there is no file missing.nam
    """
    if path.suffix.lower() != ".nam":
        return load(path)
    from tonewright.export import nam

    return Player(nam.read(path))
