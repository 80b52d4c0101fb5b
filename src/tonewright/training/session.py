"""The CSV that lists several recordings: one device at several settings, or several devices."""

import csv
from pathlib import Path

from tonewright.errors import PairError
from tonewright.training.recordings import Recording

WORDS = ("wet", "dry", "name", "mask", "latency")


def read_session(path: Path | str) -> tuple[list[Recording], tuple[str, ...]]:
    """One device at several settings.

    The first line names the columns: `wet` and `dry` (files, beside the CSV unless the path is absolute), `mask` and
    `latency` if need be, and every other column is a knob whose values are 0..1.

    Returns:
        The recordings, and the names of the knobs in the order of the columns.

    Raises:
        PairError: a column or value that cannot be read, with its line.
    """
    rows, knobs = _read(path)
    return [_recording(path, line, row, knobs) for line, row in rows], knobs


def read_batch(path: Path | str) -> list[tuple[str, Recording]]:
    """Several devices, one model each: columns `wet`, `dry` and, if wanted, `name` (of the .tone file).

    Raises:
        PairError: a column or value that cannot be read, or two rows of one name.
    """
    rows, knobs = _read(path)
    if knobs:
        raise PairError(
            f"{path} has a column '{knobs[0]}', and a batch knows {', '.join(WORDS)}; "
            f"one device with knobs is learned by --knobs"
        )
    named: dict[str, Recording] = {}
    for line, row in rows:
        recording = _recording(path, line, row, ())
        name = (row.get("name") or "").strip() or recording.wet.stem
        if "/" in name or "\\" in name or "\0" in name:
            raise PairError(
                f"line {line} of {path}: '{name}' cannot be the name of a file; leave out the folder"
            )
        if name in named:
            raise PairError(f"{path} makes two models called '{name}'; give them different names")
        named[name] = recording
    return list(named.items())


def _read(path: Path | str) -> tuple[list[tuple[int, dict]], tuple[str, ...]]:
    path = Path(path)
    if not path.is_file():
        raise PairError(
            f"there is no file {path}; it should list the recordings, in columns wet, dry and the knobs"
        )
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PairError(f"{path} is not a CSV file; save it as comma-separated text") from error
    for column in ("wet", "dry"):
        if column not in columns:
            raise PairError(f"{path} has no column '{column}'; its first line should be: wet,dry,drive,tone")
    if not rows:
        raise PairError(f"{path} lists no recording; give each its own line below the names of the columns")
    knobs = tuple(name for name in columns if name not in WORDS)
    for knob in knobs:
        if not knob.isidentifier():
            raise PairError(f"{path} has a knob called '{knob}'; use letters, digits and _")
    return rows, knobs


def _recording(path: Path | str, line: int, row: dict, knobs: tuple[str, ...]) -> Recording:
    folder, where = Path(path).parent, f"line {line} of {path}"
    if None in row:
        raise PairError(f"{where} has more values than there are columns; put what holds a comma into quotes")
    for column in ("wet", "dry", *knobs):
        if not (row.get(column) or "").strip():
            raise PairError(f"{where} has nothing in column '{column}'")
    settings = {knob: _number(row[knob], f"{where}: {knob}") for knob in knobs}
    latency = (row.get("latency") or "").strip()
    return Recording(
        dry=folder / row["dry"].strip(),
        wet=folder / row["wet"].strip(),
        knobs=settings,
        latency_samples=_latency(latency, f"{where}: latency") if latency else None,
        leave_out=(row.get("mask") or "").strip(),
    )


def _latency(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PairError(f"{what} should be a whole number of samples, and is '{text}'") from None


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise PairError(f"{what} should be a number, and is '{text}'") from None
    if not 0 <= value <= 1:
        raise PairError(f"{what} goes from 0 to 1, and is {text}; write the middle of a knob as 0.5")
    return value
