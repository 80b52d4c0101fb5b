"""Which format a file or a model goes with."""

from pathlib import Path

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.format import Format
from tonewright.export.table import ALL, SOUND
from tonewright.runtime.player import Player

__all__ = ["ALL", "FORMATS", "SOUND", "for_reading", "for_writing", "is_json", "named", "refusal", "write"]

FORMATS = {row.key: row for row in ALL}


def named(key: str) -> Format:
    """The format of that name.

    Raises:
        ConfigError: there is none.

    >>> named("nam").title
    'Neural Amp Modeler'
    """
    if key not in FORMATS:
        raise ConfigError(f"no format called '{key}'{did_you_mean(key, FORMATS)}")
    return FORMATS[key]


def for_writing(player: Player, path: Path, to: str | None = None) -> Format:
    """The format in which a model is written to that file.

    Args:
        player: of the model.
        path: to write; its suffix says what is wanted.
        to: the name of the format, where several have that suffix; then the suffix may be any.

    Raises:
        ConfigError: no format has that suffix, none of them can hold the model, or several can; or `to` is of a
            format whose files never have it, and others' do.

    >>> for_writing(None, Path("amp.xyz"))
    Traceback (most recent call last):
    tonewright.errors.ConfigError: nothing is exported to '.xyz'; what can be: ...
    """
    if to is not None:
        chosen = named(to)
        _check_suffix(chosen, path)
        chosen.load().check(player)
        return chosen
    rows = [row for row in ALL if path.suffix.lower() in row.suffixes]
    if not rows:
        known = "; ".join(f"{row.holds} to {', '.join(row.suffixes)}" for row in ALL)
        raise ConfigError(f"nothing is exported to '{path.suffix or path.name}'; what can be: {known}")
    reasons = {row.key: refusal(row, player) for row in rows}
    fitting = [row for row in rows if reasons[row.key] is None]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        known = " or ".join(f"--to {row.key} ({row.title})" for row in fitting)
        raise ConfigError(
            f"a {path.suffix} file of this model can be of several formats; say which by {known}"
        )
    if len(rows) == 1:
        raise ConfigError(reasons[rows[0].key])
    told = "; ".join(f"{key}: {reason}" for key, reason in reasons.items())
    raise ConfigError(f"no format of {path.suffix} files can hold this model ({told})")


def _check_suffix(row: Format, path: Path) -> None:
    """Refuse a name by which everybody would take the file for another."""
    suffix = path.suffix.lower()
    known = {".tone"}.union(*(other.suffixes for other in ALL))
    if suffix in known and suffix not in row.suffixes:
        raise ConfigError(
            f"{path} would be taken for another kind of file; what --to {row.key} writes ends in "
            f"{' or '.join(row.suffixes)}"
        )


def refusal(row: Format, player: Player) -> str | None:
    """Why the format cannot hold the model, or None when it can."""
    try:
        row.load().check(player)
    except ConfigError as error:
        return str(error)
    return None


def for_reading(path: Path, values: dict | None = None) -> Format | None:
    """The format of a file from elsewhere, by its suffix, and of JSON by what is in it; None when it is of none.

    Args:
        path: of the file.
        values: of its JSON, where they were read already.

    Raises:
        FileError: several have that suffix, and it cannot be read to look which it is.
    """
    rows = [row for row in ALL if row.reads and path.suffix.lower() in row.suffixes]
    if len(rows) < 2:
        return rows[0] if rows else None
    values = stranger.parse(path) if values is None else values
    return next((row for row in rows if row.load().looks_like(values)), None)


def is_json(path: Path) -> bool:
    """Whether a file with that suffix is read, and as JSON.

    >>> is_json(Path("amp.nam")), is_json(Path("hall.wav"))
    (True, False)
    """
    suffix = path.suffix.lower()
    return suffix not in SOUND and any(row.reads and suffix in row.suffixes for row in ALL)


def write(row: Format, player: Player, path: Path, /, about: dict[str, str] | None = None, **options) -> str:
    """Write the model in that format, and say in words what was written.

    Args:
        row: the format.
        player: of the model.
        path: to write.
        about: what is told of the model, by name.
        options: others that some formats have.

    Raises:
        ConfigError: the format cannot hold the model, or what is told of it.
        FileError: it cannot be written there.
    """
    for name in about or ():
        if name not in row.about:
            known = did_you_mean(name, row.about) if row.about else ", for they tell nothing"
            raise ConfigError(f"{row.key} files do not tell '{name}'{known}")
    for name in options:
        if name not in row.options:
            raise ConfigError(f"'{name}' is not for {row.key} files; leave it out")
    return row.load().write(player, path, **options, **({"about": about} if about else {}))
