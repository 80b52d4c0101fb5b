"""A file from a stranger that holds JSON: read whole, with every size looked at before any memory is taken for it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tonewright.atomic import write_whole
from tonewright.errors import ConfigError, FileError
from tonewright.storage import Tone

MAX_FILE = 1 << 24  # bytes; three quarters of a million weights
MAX_LISTS, MAX_VALUES = 1 << 14, 1 << 21  # a model needs some hundreds of lists


def read(path: Path | str, make: Callable[..., Tone], **options) -> Tone:
    """The model that `make(values, **options)` gives of a file's values.

    Raises:
        FileError: when the file is missing or damaged, or `make` refuses it.
    """
    values = parse(path)
    try:
        return make(values, **options)
    except ConfigError as error:
        raise FileError(f"{path} cannot be played: {error}") from error


def parse(path: Path | str) -> dict:
    """The values of a JSON file whose outermost is an object.

    Raises:
        FileError: when it is missing, no JSON, only a part of one, or larger than any model.

    >>> parse("missing.json")
    Traceback (most recent call last):
    tonewright.errors.FileError: there is no file missing.json
    """
    path = Path(path)
    text = _text(path)
    # Each takes many times the memory of its characters, so they are counted before any is made.
    if text.count("[") + text.count("{") > MAX_LISTS or text.count(",") > MAX_VALUES:
        raise FileError(f"{path} holds more than {MAX_LISTS} lists or {MAX_VALUES} values, and no model does")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path} is not a {path.suffix} file, or only a part of one") from error
    if not isinstance(values, dict):
        raise FileError(f"{path} is not a {path.suffix} file that holds a model")
    return values


def short(values) -> list | float:
    """Numbers, or one, as the shortest that give the same 32 bits.

    >>> short([0.10000000149011612, 1.0])
    [0.1, 1.0]
    """
    return np.asarray(values, np.float32).astype(str).astype(np.float64).tolist()


def write(path: Path | str, values: dict) -> None:
    """Write values as a JSON file that any reader takes, whole or not at all; float32 numbers come back as they were.

    Raises:
        ConfigError: a number that is none.
        FileError: when it cannot be written there.
    """
    try:
        text = json.dumps(values, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise ConfigError(
            "the model holds NaN or infinite numbers, which no file can; teach it again"
        ) from error
    write_whole(path, text.encode())


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise FileError(f"{path} is no file" if path.exists() else f"there is no file {path}")
        if path.stat().st_size > MAX_FILE:
            raise FileError(
                f"{path} is larger than the {MAX_FILE >> 20} MB that a {path.suffix} file may have"
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not a {path.suffix} file") from error
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); copy it to where you may read it") from error
