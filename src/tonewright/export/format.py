"""What is known of a format before its module is imported.

A format is a module of this room, or a folder of it, with

    check(player)                   refuses, in a sentence, a model that the format cannot hold
    write(player, path, **options)  writes it whole or not at all, and says in words what it wrote
    replay(player, path, x)         what the written file makes of the sound x, played by `Format.played_by`:
                                    the raw stream; where there is none, the file is read again and played
    expected(player, x)             that with which it is compared; where there is none, `player.render(x)`

and where such files are read, with

    read(path, **options)           the model of a file, as a Tone

or, where these are JSON, with

    looks_like(values)              whether a file's values are of this one
    from_values(values, **options)  the model of these values, as a Tone
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tonewright.export import stranger
from tonewright.storage import Tone


@dataclass(frozen=True)
class Format:
    """A format of other programs.

    Attributes:
        key: as `--to` names it.
        title: who reads it.
        suffixes: of its files.
        module: below tonewright.export.
        holds: in words, what goes into it.
        played_by: what plays a written file back.
        tolerance: the largest difference between a written file and the model, relative to the loudest sample.
        reads: whether files of others are read.
        about: what can be told of a model in it, by name.
        options: of `write`, beside `about`.
        read_options: of `read` or `from_values`.
        extra: of the package, that has to be installed for it.
    """

    key: str
    title: str
    suffixes: tuple[str, ...]
    module: str
    holds: str
    played_by: str
    tolerance: float = 1e-5
    reads: bool = False
    about: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    read_options: tuple[str, ...] = ()
    extra: str = ""

    def load(self) -> ModuleType:
        """The module of it."""
        return importlib.import_module(f"tonewright.export.{self.module}")

    def read(self, path: Path | str, **options) -> Tone:
        """The model of a file of this format. Runs no code from it, and believes no size before it has checked it.

        Args:
            path: the file.
            options: those that `read_options` names.

        Raises:
            FileError: when the file is missing, damaged, or asks for what this version does not play.

        >>> Format("nam", "", (".nam",), "nam", "", "").read("missing.nam")
        Traceback (most recent call last):
        tonewright.errors.FileError: there is no file missing.nam
        """
        module = self.load()
        if hasattr(module, "from_values"):
            return stranger.made(path, stranger.parse(path), module.from_values, **options)
        return module.read(Path(path), **options)
