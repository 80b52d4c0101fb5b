"""A file from a stranger that holds JSON: read whole, with every size looked at before any memory is taken for it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from tonewright.atomic import write_whole
from tonewright.errors import ConfigError, FileError
from tonewright.storage import Tone, check_is_file

MAX_FILE = 1 << 24  # bytes
# Each takes many times the memory of its characters. A model needs hundreds of lists, and thousands of names.
MAX_LISTS, MAX_NAMES, MAX_VALUES = 1 << 14, 1 << 15, 1 << 20
MAX_WEIGHTS = (
    700_000  # of a model that is written: as many as a file has room for, however long its numbers are
)
MAX_DIGITS = 20  # of a whole number


def made(path: Path | str, values: dict, make: Callable[..., Tone], **options) -> Tone:
    """The model that `make(values, **options)` gives of values that were read from that file.

    Raises:
        FileError: when `make` refuses them.
    """
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
    data = _data(path)
    if too_much := _too_much(data):
        raise FileError(f"{path} holds more than {too_much}, and no model does")
    try:
        values = json.loads(data.decode("utf-8-sig"), parse_int=_whole)
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not a {path.suffix} file") from error
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
    values = values.detach() if isinstance(values, Tensor) else values
    return np.asarray(values, np.float32).astype(str).astype(np.float64).tolist()


def write(path: Path | str, values: dict) -> None:
    """Write values as a JSON file that any reader takes, whole or not at all; float32 numbers come back as they were.

    Raises:
        ConfigError: a number that is none, or more than a file that is read may hold.
        FileError: when it cannot be written there.
    """
    try:
        data = json.dumps(values, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise ConfigError(
            "the model holds NaN or infinite numbers, which no file can; teach it again"
        ) from error
    too_much = f"{MAX_FILE >> 20} MB" if len(data) > MAX_FILE else _too_much(data)
    if too_much:
        raise ConfigError(
            f"{Path(path).suffix} files hold {too_much} at most, and this would be more; teach a smaller one"
        )
    write_whole(path, data)


def check_weights(count: int, title: str) -> None:
    """Refuse a model of more weights than a file has room for.

    Raises:
        ConfigError: telling both numbers.

    >>> check_weights(10**6, ".nam")
    Traceback (most recent call last):
    tonewright.errors.ConfigError: .nam files hold 700,000 weights at most, and this model has 1,000,000; teach a ...
    """
    if count > MAX_WEIGHTS:
        raise ConfigError(
            f"{title} files hold {MAX_WEIGHTS:,} weights at most, and this model has {count:,}; teach a smaller one"
        )


def _too_much(data: bytes) -> str:
    """Of what a text holds more than any model, as far as its characters tell; nothing when all is well."""
    for marks, most, what in (
        ("[{", MAX_LISTS, "lists"),
        (":", MAX_NAMES, "names"),
        (",", MAX_VALUES, "values"),
    ):
        if sum(data.count(mark.encode()) for mark in marks) > most:
            return f"{most:,} {what}"
    return ""


def _whole(digits: str) -> int | float:
    """A whole number, and of one that no setting has as much as a float can say, which takes no time to tell."""
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


def _data(path: Path) -> bytes:
    try:
        check_is_file(path)
        if path.stat().st_size > MAX_FILE:
            raise FileError(
                f"{path} is larger than the {MAX_FILE >> 20} MB that a {path.suffix} file may have"
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); copy it to where you may read it") from error
