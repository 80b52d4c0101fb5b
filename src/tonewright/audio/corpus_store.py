"""What `tonewright prepare --for timbre` writes: a folder with one flat file of samples and an index of it.

    samples-<12 digits>.i16    int16, little-endian, one source after another, nothing between them
    corpus.json                what each source is and where its samples are; written last, whole or not at all

sound = sample * scale - offset, and what is taught is that times gain. So levels can be changed, and undone, without
touching a sample. docs/tone-file.md has the page that another program is written from.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tonewright.atomic import write_whole
from tonewright.audio.corpus_source import Settings, Source, settings_from, source_from
from tonewright.errors import FileError

FORMAT = 1  # a higher number is refused
INDEX = "corpus.json"
SAMPLE = np.dtype("<i2")
MAX_INDEX = 1 << 29  # bytes: a million sources


@dataclass(frozen=True)
class Index:
    """What a store says of itself.

    Attributes:
        settings: how it was made.
        sources: in the order in which their samples lie.
        left_out: files that could not be read, a sentence each.
    """

    settings: Settings
    sources: tuple[Source, ...]
    left_out: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """How many there are, of all sources."""
        return sum(source.length for source in self.sources)

    @property
    def file(self) -> str:
        """The name of the file of samples, which tells what is in it."""
        made = [[source.sha256, source.channel, source.length] for source in self.sources]
        told = json.dumps([FORMAT, asdict(self.settings) | {"keep_levels": False}, made])
        return f"samples-{hashlib.sha256(told.encode()).hexdigest()[:12]}.i16"


def is_corpus(path: Path | str) -> bool:
    """Whether this is a folder that `prepare --for timbre` wrote to its end.

    >>> is_corpus("drums")
    False
    """
    return (Path(path) / INDEX).is_file()


def write_index(index: Index, folder: Path) -> None:
    """Write the index, whole or not at all; the samples are there before.

    Raises:
        FileError: when it cannot be written there.
    """
    told = {
        "format": FORMAT,
        "samples": index.samples,
        "file": index.file,
        "settings": asdict(index.settings),
        "left_out": list(index.left_out),
    }
    rows = ",\n".join(json.dumps(asdict(source)) for source in index.sources)
    head = json.dumps(told, indent=1)[:-2]  # a line for each source, so that people can read it too
    write_whole(folder / INDEX, f'{head},\n "sources": [\n{rows}\n]}}\n'.encode())


def read_index(folder: Path) -> Index:
    """What a store says of itself; every number in it is looked at.

    Raises:
        FileError: it is missing, damaged, foreign or of the future.
    """
    path = folder / INDEX
    try:
        if path.stat().st_size > MAX_INDEX:
            raise _damaged(path, "it is too long")
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FileError(
            f"{folder} holds no finished corpus; write: tonewright prepare sounds/ --for timbre -o {folder.name}"
        ) from None
    except OSError as error:
        raise FileError(
            f"{path} cannot be read ({error.strerror}); copy it to where you may read it"
        ) from error
    except (ValueError, RecursionError):
        raise _damaged(path, "it is no JSON") from None
    if not isinstance(told, dict) or type(told.get("format")) is not int or told["format"] < 1:
        raise _damaged(path, "it names no format")
    if told["format"] > FORMAT:
        raise FileError(
            f"{path} is of format {told['format']} and this version reads up to {FORMAT}; update tonewright"
        )
    return _checked(told, lambda why: _damaged(path, why))


def map_samples(index: Index, folder: Path) -> np.ndarray:
    """The samples of a store, int16 [T]; they stay on the disk until they are looked at.

    Raises:
        FileError: the file is missing, or of another length than the index says.
    """
    path, wanted = folder / index.file, index.samples * SAMPLE.itemsize
    try:
        there = path.stat().st_size
        if there != wanted:
            raise _damaged(path, f"it has {there} bytes, and {wanted} belong to its index")
        if not wanted:
            return np.zeros(0, SAMPLE)
        return np.asarray(np.memmap(path, SAMPLE, mode="r"))
    except FileNotFoundError:
        raise _damaged(path, "it is missing") from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); copy it to where you may read it") from error


def _checked(told: dict, wrong: Callable[[str], Exception]) -> Index:
    rows, left_out = told.get("sources"), told.get("left_out")
    if not isinstance(rows, list) or not isinstance(left_out, list):
        raise wrong("it lists no sources")
    if not all(isinstance(one, str) for one in left_out):
        raise wrong("'left_out' is not a list of sentences")
    index = Index(
        settings_from(told.get("settings"), wrong),
        tuple(source_from(row, wrong) for row in rows),
        tuple(left_out),
    )
    at = 0
    for source in index.sources:
        if source.start != at:
            raise wrong("its sources do not follow each other")
        at += source.length
    if told.get("samples") != at or told.get("file") != index.file:
        raise wrong("its sources and its file of samples do not belong together")
    return index


def _damaged(path: Path, why: str) -> FileError:
    return FileError(f"{path} is damaged ({why}); remove its folder and prepare again")
