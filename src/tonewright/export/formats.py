"""The formats of other programs: which there are, and which of them a file or a model goes with.

A format is a module of this room, or a folder of it, with

    check(player)                   refuses, in a sentence, a model that the format cannot hold
    write(player, path, **options)  writes it whole or not at all, and says in words what it wrote
    replay(player, path, x)         what the written file makes of the sound x, played by `Format.played_by`:
                                    the raw stream, to compare with
    expected(player, x)             that with which it is compared; where there is none, `player.render(x)`

and where such files are read, with

    read(path, **options)           the model of a file, as a Tone
    looks_like(values)              of formats that are JSON: whether a file's values are of this one
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.runtime.player import Player


@dataclass(frozen=True)
class Format:
    """What is known of a format before its module is imported.

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
        read_options: of `read`.
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


OURS = "our own reader and player"
SOUND = (".wav", ".flac", ".aiff", ".aif")
ALL = (
    Format(
        "nam",
        "Neural Amp Modeler",
        (".nam",),
        "nam",
        "a WaveNet, an LSTM or a linear chain",
        OURS,
        reads=True,
        about=(
            *("name", "modeled_by", "gear_type", "gear_make", "gear_model", "tone_type", "date"),
            *("input_level_dbu", "output_level_dbu"),
        ),
        options=("smaller",),
        read_options=("size",),
    ),
    Format(
        "wavenetva",
        "WaveNetVA and SmartGuitarAmp",
        (".json",),
        "wavenetva",
        "a WaveNet of one stack",
        OURS,
        reads=True,
        read_options=("rate",),
    ),
    Format(
        "guitarml",
        "GuitarML: NeuralPi, Proteus, TS-M1N3",
        (".json",),
        "guitarml",
        "an LSTM of 20, 32 or 40 units",
        OURS,
        reads=True,
        read_options=("rate",),
    ),
    Format(
        "aidax",
        "AIDA-X and RTNeural",
        (".json", ".aidax"),
        "aidax",
        "an LSTM or a GRU",
        OURS,
        reads=True,
        about=("name", "source", "style", "based", "author", "dataset", "license"),
        read_options=("rate",),
    ),
    Format(
        "onnx",
        "ONNX Runtime and other runtimes",
        (".onnx",),
        "onnx",
        "every model",
        "ONNX Runtime",
        about=("name", "author", "description", "license"),
        extra="onnx",
    ),
    Format(
        "neutone",
        "Neutone FX",
        (".nm",),
        "neutone",
        "any model of one or two channels",
        "the loader of the neutone-sdk",
        about=(
            "name",
            "author",
            "summary",
            "description",
            "technical",
            "tags",
            "version",
            "citation",
            "paper",
            "code",
            "website",
        ),
        extra="neutone",
    ),
    Format("room", "convolution reverbs", SOUND, "room", "the room of an instrument", OURS),
    Format(
        "impulse",
        "convolvers and cabinet loaders",
        SOUND,
        "impulse",
        "a linear chain",
        "a convolution in 64 bits",
        reads=True,
    ),
    Format(
        "settings",
        "people and programs",
        (".json",),
        "settings",
        "the settings of a chain",
        OURS,
        reads=True,
        read_options=("rate",),
    ),
    Format(
        "nn",
        "nn~ for Max and Pure Data",
        (".ts",),
        "nn_tilde",
        "any model",
        "TorchScript",
        about=("name", "author", "description", "license"),
    ),
)
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
        ConfigError: no format has that suffix, none of them can hold the model, or several can.

    >>> for_writing(None, Path("amp.xyz"))
    Traceback (most recent call last):
    tonewright.errors.ConfigError: nothing is exported to '.xyz'; what can be: ...
    """
    if to is not None:
        chosen = named(to)
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


def refusal(row: Format, player: Player) -> str | None:
    """Why the format cannot hold the model, or None when it can."""
    try:
        row.load().check(player)
    except ConfigError as error:
        return str(error)
    return None


def for_reading(path: Path) -> Format | None:
    """The format of a file from elsewhere, by its suffix, and of JSON by what is in it; None when it is of none.

    Raises:
        FileError: several have that suffix, and it cannot be read to look which it is.
    """
    rows = [row for row in ALL if row.reads and path.suffix.lower() in row.suffixes]
    if len(rows) < 2:
        return rows[0] if rows else None
    values = stranger.parse(path)
    return next((row for row in rows if row.load().looks_like(values)), None)


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
            known = (
                f"what {row.key} files tell is {', '.join(row.about)}" if row.about else "they tell nothing"
            )
            raise ConfigError(f"{row.key} files do not tell '{name}'{did_you_mean(name, row.about)}; {known}")
    for name in options:
        if name not in row.options:
            raise ConfigError(f"'{name}' is not for {row.key} files; leave it out")
    return row.load().write(player, path, **options, **({"about": about} if about else {}))
