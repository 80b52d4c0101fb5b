"""Preparing the recordings of an instrument once, so that nobody waits for it again."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tonewright.atomic import explain
from tonewright.audio import prepared
from tonewright.audio.corpus_store import is_corpus
from tonewright.audio.library import Library, each
from tonewright.audio.performance import Performance
from tonewright.audio.performances import nothing_left, perform
from tonewright.errors import AudioError, FileError


def prepare(
    library: Library,
    folder: Path,
    sample_rate: int,
    hop: int,
    said: Callable[[str], None],
    progress: Callable[[float], None],
) -> list[Performance]:
    """Hear all recordings and write what was heard. What was prepared before and has not changed since is left alone.

    Each recording is written when it is done, so that whoever stops this loses one recording at most.

    Args:
        library: the recordings.
        folder: there already; it gets a file for each recording.
        sample_rate: to hear them at, in Hz.
        hop: samples from frame to frame.
        said: is told of recordings that are left out, and of what is in the folder beside them.
        progress: is told how much is done, from 0 to 1.

    Returns:
        The performances, in the order of the library.

    Raises:
        AudioError: none of the recordings can be learned from.
        FileError: the folder holds something damaged or of another rate, or cannot be written to.
    """
    there = _there(folder, sample_rate, hop)
    _check_writable(folder)
    top = library.path
    found, wrong, heard = {}, [], {}
    for sound, progressed in each(library.sounds, progress):
        try:
            source = prepared.source_of(sound.path, top)
            if source.sha256 in heard:
                said(f"left out: {sound.path} is the same recording as {heard[source.sha256]}")
                continue
            heard[source.sha256] = sound.path
            path = prepared.file_of(folder, source)
            header = there.get(path)
            if header is None or header.format < prepared.FORMAT or header.source.sha256 != source.sha256:
                prepared.write(perform(sound, sample_rate, hop, progressed), source, path)
            _replace(there, path, source)
        except AudioError as error:
            wrong.append(str(error))
            said(f"left out: {error}")
        else:
            found[path] = source
    if not found:
        raise nothing_left(top, wrong)
    for path in there.keys() - found.keys():
        said(
            f"{path} is of {there[path].source.path}, which is not in {top}; remove it, or it is learned from too"
        )
    return [prepared.read(path)[0] for path in found]


def _there(folder: Path, sample_rate: int, hop: int) -> dict[Path, prepared.Header]:
    """What was prepared before."""
    if is_corpus(folder):
        raise FileError(f"{folder} was prepared for a timbre; choose another -o, or remove it first")
    there = {path: prepared.read_header(path) for path in prepared.prepared_files(folder)}
    for header in there.values():
        if (header.sample_rate, header.hop) != (sample_rate, hop):
            raise FileError(
                f"{folder} was prepared at {header.sample_rate} Hz, and was now to be at {sample_rate} Hz; choose "
                "another -o, or remove it first"
            )
    return there


def _replace(there: dict[Path, prepared.Header], path: Path, source: prepared.Source) -> None:
    """Takes out what was prepared of the same sound file before it was changed."""
    for old in [old for old, header in there.items() if header.source.path == source.path and old != path]:
        old.unlink(missing_ok=True)
        del there[old]


def _check_writable(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise FileError(explain(folder / "a recording", error)) from error
