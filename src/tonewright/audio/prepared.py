"""What `tonewright prepare` writes: a folder with a safetensors file for each recording, and nothing else.

    sound       float32 [F * hop], one channel
    f0_hz, live_f0_hz, loudness_db    float32 [F]
    voiced      uint8 [F], 0 or 1

The one metadata key, `performance`, holds JSON: format, name, sample_rate, hop, clipped, and of the sound file that
it was made from its path within the recordings (source), its bytes (size) and their SHA-256 (sha256).
"""

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from tonewright.atomic import write_whole
from tonewright.audio.corpus_store import is_corpus
from tonewright.audio.performance import Performance
from tonewright.errors import AudioError, FileError

FORMAT = 1  # a higher number is refused; what has a lower one is prepared again
KEY = "performance"
SUFFIX = ".data"  # of the folder
FILE = ".safetensors"
MAX_HEADER, MAX_FRAMES = 1 << 20, 1 << 26  # bytes, and frames: a week of them
ROWS = {"f0_hz": "F32", "live_f0_hz": "F32", "loudness_db": "F32", "voiced": "U8"}
RANGES = {"sound": (-1e3, 1e3), "f0_hz": (1.0, 1e5), "live_f0_hz": (1.0, 1e5)}
RANGES |= {"loudness_db": (-300.0, 300.0), "voiced": (0, 1)}


@dataclass(frozen=True)
class Source:
    """The sound file that a performance was made from.

    Attributes:
        path: within the folder of recordings, with slashes.
        size: in bytes.
        sha256: of these bytes.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Header:
    """What a prepared recording says of itself."""

    format: int
    name: str
    sample_rate: int
    hop: int
    clipped: int
    source: Source


def is_prepared(path: Path | str) -> bool:
    """Whether this is a folder that `prepare` wrote, or would write.

    >>> is_prepared("recordings"), is_prepared("violin.data")
    (False, False)
    """
    path = Path(path)
    return path.is_dir() and (path.suffix == SUFFIX or bool(prepared_files(path)))


def prepared_files(folder: Path) -> list[Path]:
    """The prepared recordings in a folder, in the order of their names."""
    return sorted(path for path in folder.glob(f"*{FILE}") if not path.name.startswith("."))


def source_of(path: Path, top: Path) -> Source:
    """What tells one state of a sound file from another; `top` is the folder of recordings.

    Raises:
        AudioError: when it cannot be read.
    """
    within = path.relative_to(top) if path != top else Path(path.name)
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Source(within.as_posix(), path.stat().st_size, digest)
    except OSError as error:
        raise AudioError(
            f"{path} cannot be read ({error.strerror}); copy it to where you may read it"
        ) from None


def file_of(folder: Path, source: Source) -> Path:
    """Where the performance of that sound file is kept: another state of it is another file."""
    return folder / f"{Path(source.path).stem[:50]}-{source.sha256[:12]}{FILE}"


def write(performance: Performance, source: Source, path: Path) -> None:
    """Write one prepared recording, whole or not at all.

    Raises:
        FileError: when it cannot be written there.
    """
    header = {
        "format": FORMAT,
        "name": performance.name,
        "sample_rate": performance.sample_rate,
        "hop": performance.hop,
        "clipped": performance.clipped,
        "source": source.path,
        "size": source.size,
        "sha256": source.sha256,
    }
    rows = {name: getattr(performance, name) for name in ("sound", "f0_hz", "live_f0_hz", "loudness_db")}
    tensors = {name: np.ascontiguousarray(row, np.float32) for name, row in rows.items()}
    tensors["voiced"] = np.ascontiguousarray(performance.voiced, np.uint8)
    write_whole(path, safetensors.numpy.save(tensors, metadata={KEY: json.dumps(header, sort_keys=True)}))


def read(path: Path) -> tuple[Performance, Header]:
    """One prepared recording. The sound stays on the disk until it is looked at.

    Raises:
        FileError: it is missing, damaged, foreign or of the future.
    """
    header = read_header(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:  # which maps the file; numpy's copies it
            wanted = {"sound": "F32"} | ROWS
            if set(file.keys()) != wanted.keys():
                raise _damaged(path, f"it wants {', '.join(sorted(wanted))} and holds something else")
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in wanted}
            kinds = {name: file.get_slice(name).get_dtype() for name in wanted}
            _check_shapes(path, header, shapes, kinds, wanted)
            rows = {name: file.get_tensor(name).numpy() for name in wanted}
    except (safetensors.SafetensorError, OSError) as error:
        raise _damaged(path, str(error)) from error
    _check_numbers(path, rows)
    rows["voiced"] = rows["voiced"].astype(bool)
    told = {name: getattr(header, name) for name in ("name", "sample_rate", "hop", "clipped")}
    return Performance(**told, **rows), header


def read_all(
    folder: Path, sample_rate: int, hop: int, progress: Callable[[float], None]
) -> list[Performance]:
    """Every recording of a prepared folder, at the rates that are wanted.

    Raises:
        FileError: as `read`; it holds none, or they are of other rates.
    """
    paths = prepared_files(folder)
    if not paths and is_corpus(folder):
        raise FileError(
            f"{folder} was prepared for a timbre; for an instrument, write: tonewright prepare recordings/ -o "
            f"{folder.stem}-instrument.data"
        )
    if not paths:
        raise FileError(
            f"{folder} holds no prepared recording; write: tonewright prepare recordings/ -o {folder.name}"
        )
    found = []
    for number, path in enumerate(paths, 1):
        performance, header = read(path)
        if header.format < FORMAT:
            raise FileError(f"{path} was prepared by an older version; prepare the recordings again")
        check_rates(path.parent, header, sample_rate, hop)
        found.append((header.source.path, performance))
        progress(number / len(paths))
    return [performance for _, performance in sorted(found, key=lambda one: one[0])]


def check_rates(folder: Path, header: Header, sample_rate: int, hop: int) -> None:
    """Refuses what was prepared for a model of another rate.

    Raises:
        FileError: the rates differ.
    """
    if header.sample_rate != sample_rate:
        raise FileError(
            f"{folder} was prepared at {header.sample_rate} Hz and the model wants {sample_rate} Hz; prepare the "
            f"recordings again with --sample-rate {sample_rate} and another -o"
        )
    if header.hop != hop:
        raise FileError(
            f"{folder} was prepared in frames of {header.hop} samples and the model wants {hop}; prepare the "
            "recordings again with another -o"
        )


def read_header(path: Path) -> Header:
    """What a prepared recording says of itself, without its sound.

    Raises:
        FileError: it is missing, damaged, foreign or of the future.
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise _foreign(path)
            told = json.loads(json.loads(file.read(length))["__metadata__"][KEY])
    except FileNotFoundError:
        raise FileError(f"there is no file {path}; prepare the recordings again") from None
    except OSError as error:
        raise FileError(
            f"{path} cannot be read ({error.strerror}); copy it to where you may read it"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _foreign(path) from None
    return _checked_header(path, told)


def _checked_header(path: Path, told) -> Header:
    words, numbers = ("name", "source", "sha256"), ("sample_rate", "hop", "clipped", "size")
    kinds = dict.fromkeys(words, str) | dict.fromkeys(numbers, int)
    if not isinstance(told, dict) or type(told.get("format")) is not int or told["format"] < 1:
        raise _foreign(path)
    if told["format"] > FORMAT:
        raise FileError(
            f"{path} is of format {told['format']} and this version reads up to {FORMAT}; update tonewright"
        )
    for name, kind in kinds.items():
        if type(told.get(name)) is not kind:
            raise _damaged(path, f"'{name}' is missing or not a {kind.__name__}")
    if not 1000 <= told["sample_rate"] <= 1_000_000 or not 1 <= told["hop"] <= told["sample_rate"]:
        raise _damaged(path, "its rates are no rates of sound")
    source = Source(told["source"], told["size"], told["sha256"])
    return Header(*(told[name] for name in ("format", "name", "sample_rate", "hop", "clipped")), source)


def _check_shapes(path: Path, header: Header, shapes: dict, kinds: dict, wanted: dict) -> None:
    frames = shapes["f0_hz"][0] if len(shapes["f0_hz"]) == 1 else 0
    if not 1 <= frames <= MAX_FRAMES:
        raise _damaged(path, "it has no frames, or too many")
    for name, kind in wanted.items():
        length = frames * header.hop if name == "sound" else frames
        if shapes[name] != (length,) or kinds[name] != kind:
            raise _damaged(path, f"'{name}' is not {length} numbers of {kind}")


def _check_numbers(path: Path, rows: dict[str, np.ndarray]) -> None:
    for name, (lowest, highest) in RANGES.items():
        if not bool(np.all((rows[name] >= lowest) & (rows[name] <= highest))):  # NaN is in no range
            raise _damaged(path, f"'{name}' holds numbers that are none of it")


def _foreign(path: Path) -> FileError:
    return FileError(
        f"{path} is not a prepared recording, or only a part of one; remove it and prepare again"
    )


def _damaged(path: Path, why: str) -> FileError:
    return FileError(f"{path} is damaged ({' '.join(why.split())}); remove it and prepare again")
