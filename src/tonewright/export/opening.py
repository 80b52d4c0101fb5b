"""Whatever model file a person names, ready to play: ours, and those of other programs."""

from pathlib import Path

import numpy as np

from tonewright import storage
from tonewright.errors import ConfigError, FileError
from tonewright.export import stranger
from tonewright.export.formats import ALL, for_reading, is_json
from tonewright.runtime.player import Player

PROGRAMS = (".ts", ".nm")  # TorchScript: they are written, and never read from strangers


def load(path: Path | str, **options) -> Player:
    """The player of a .tone file, or of a file that another program made.

    Args:
        path: the file.
        options: of its format; `size`, from 0 to 1, says which model of a .nam container to take, and `rate` at how
            many Hz a model plays whose file tells no rate. None leaves an option out.

    Raises:
        FileError: when it is missing, damaged, foreign, or asks for what this version does not play.
        ConfigError: for an option that files of this kind do not have.

    >>> load("missing.nam")
    Traceback (most recent call last):
    tonewright.errors.FileError: there is no file missing.nam
    """
    return Player(read(path, **options))


def read(path: Path | str, **options) -> storage.Tone:
    """What `load` plays, as a Tone.

    Raises:
        FileError, ConfigError: as `load`.
    """
    path, options = Path(path), {name: value for name, value in options.items() if value is not None}
    if not is_foreign(path):
        _refuse(path, options, ())
        return storage.load(path)
    if path.suffix.lower() in PROGRAMS:
        raise FileError(
            f"{path} is a program, and to read it is to run it; ask whoever made it for a .tone file"
        )
    values = stranger.parse(path) if is_json(path) else None  # once, for a large one takes its time
    row = for_reading(path, values)
    if values is not None and (row is None or not row.load().looks_like(values)):
        _refuse_other(path, values)
    if row is None:
        raise FileError(f"{path} is of no format that is read here; {_what_is(path.suffix.lower())}")
    _refuse(path, options, row.read_options)
    if values is None:
        return row.read(path, **options)
    return stranger.made(path, values, row.load().from_values, **options)


def check_answer(player: Player, path: Path) -> None:
    """Refuse a model whose weights are numbers, and whose sound is none.

    Args:
        player: of the model.
        path: of the file that it is from.

    Raises:
        FileError: its answer to a short sound has NaN or infinite samples.
    """
    x = storage.probe(player.sample_rate, storage.probe_samples(player.model)).numpy()
    if not np.isfinite(player.render(x)).all():
        raise FileError(
            f"{path} holds a model that answers a sound with NaN or infinite samples; it was never well taught"
        )


def is_foreign(path: Path) -> bool:
    """Whether the file is, by its name, of another program; what has no such name is taken for one of ours.

    >>> is_foreign(Path("amp.nam")), is_foreign(Path("amp.tone"))
    (True, False)
    """
    return any(path.suffix.lower() in row.suffixes for row in ALL)


def _refuse_other(path: Path, values: dict) -> None:
    """Refuse a file whose values are of a format that its name does not tell."""
    others = [row for row in ALL if row.reads and path.suffix.lower() not in row.suffixes]
    for row in others:
        looks_like = getattr(row.load(), "looks_like", None)  # sounds have none
        if looks_like is not None and looks_like(values):
            name = path.with_suffix(row.suffixes[0]).name
            raise FileError(f"{path} holds a model for {row.title}; name it {name}")


def _what_is(suffix: str) -> str:
    """What is read of files with that suffix, or else which suffixes are read."""
    titles = [row.title for row in ALL if row.reads and suffix in row.suffixes]
    if titles:
        return f"{suffix} files that are: {'; '.join(titles)}"
    return f"what is: .tone, {', '.join(sorted({suffix for row in ALL if row.reads for suffix in row.suffixes}))}"


def _refuse(path: Path, options: dict, known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            raise ConfigError(f"'{name}' says nothing of {path}; leave it out")
