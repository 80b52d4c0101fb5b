"""A store that is being written: samples are appended, and a journal says how many of them count.

    samples.part      what will be the file of samples
    journal           the settings, then a line for each sound file that is done: its sources, or why it has none

Each line ends in its own checksum.

A killed run leaves both. The next one drops what the journal does not vouch for, and goes on behind it.
"""

import contextlib
import json
import os
import time
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tonewright.audio.corpus_source import Settings, Source, settings_from, source_from
from tonewright.audio.corpus_store import SAMPLE
from tonewright.errors import FileError

PART, JOURNAL = "samples.part", "journal"
COMMIT_S = 1.0  # from one commit to the next: to flush each of ten thousand one-shots would take a minute


@dataclass(frozen=True)
class Done:
    """What became of a sound file.

    Attributes:
        path, sha256: which it is, and in which state.
        sources: that it gave.
        wrong: why it gave none; empty where it gave some.
    """

    path: str
    sha256: str
    sources: tuple[Source, ...]
    wrong: str = ""


class Journal:
    """Appends sounds to a store that is not finished. A context; leaving it commits what is complete.

    Args:
        folder: of the store.
        settings: what was begun with others is begun anew.

    Attributes:
        done: what became of each sound file that is dealt with, in order.

    Raises:
        FileError: another program is writing there.
        OSError: the disk is full, or may not be written to.
    """

    def __init__(self, folder: Path, settings: Settings):
        self.folder, self.settings = folder, replace(settings, keep_levels=False)  # which change no sample
        self.done: list[Done] = []
        self._pending: list[Done] = []
        self._committed = time.monotonic()

    def __enter__(self) -> "Journal":
        self._file = open(self.folder / JOURNAL, "a+b")
        try:
            _lock(self._file, self.folder)
            self._take_back()
            self._part = open(self.folder / PART, "r+b" if (self.folder / PART).exists() else "w+b")
            self._resume()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        for last in (self.commit, self._part.close, self._file.close):
            with contextlib.suppress(OSError):  # of a full disk, which was told already
                last()

    @property
    def sources(self) -> list[Source]:
        """All that there are."""
        return [source for done in self.done for source in done.sources]

    def keep(self, number: int) -> None:
        """Forget all but the first `number` sound files."""
        if number < len(self.done):
            self.done = self.done[:number]
            self._rewrite()

    def append(
        self, path: str, sha256: str, pieces: Iterable[tuple[Source, Iterable[np.ndarray]]], wrong: str = ""
    ) -> None:
        """Add all the sources of one sound file, or why there are none."""
        at, sources = self._end, []
        try:
            for source, blocks in pieces:
                sources.append(source.at(at))
                for block in blocks:
                    self._part.write(np.ascontiguousarray(block, SAMPLE).data)
                at += source.length
        except BaseException:
            self._part.seek(SAMPLE.itemsize * self._end)  # what was half written does not count
            raise
        assert self._part.tell() == SAMPLE.itemsize * at, "a source has another length than it says"
        self._end = at
        self._pending.append(Done(path, sha256, tuple(sources), wrong))
        if time.monotonic() > self._committed + COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Vouch for what was appended, once it is on the disk."""
        if self._pending:
            self._part.flush()
            os.fsync(self._part.fileno())
            self._file.write(b"".join(_line(asdict(done)) for done in self._pending))
            self._file.flush()
            os.fsync(self._file.fileno())
            self.done += self._pending
            self._pending = []
        self._committed = time.monotonic()

    def finish(self, name: str) -> None:
        """Give the file of samples its name. The journal stays, until the index is there."""
        self.commit()
        self._part.truncate(SAMPLE.itemsize * self._end)
        os.fsync(self._part.fileno())
        self._file.write(_line({"finished": name}))
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self.folder / PART, self.folder / name)

    def _take_back(self) -> None:
        """A run that was killed between the last sample and the index has named its file already."""
        name = _finished(self._file)
        if name and Path(name).name == name and not (self.folder / PART).exists():
            with contextlib.suppress(FileNotFoundError):
                os.replace(self.folder / name, self.folder / PART)

    def _resume(self) -> None:
        self._file.seek(0)
        there, at = os.fstat(self._part.fileno()).st_size // SAMPLE.itemsize, 0
        with contextlib.suppress(_Torn):
            lines = self._file.read().splitlines(keepends=True)
            if not lines or settings_from(_read(lines[0]), lambda why: _Torn(why)) != self.settings:
                raise _Torn
            for line in lines[1:]:
                done = _done(_read(line))
                for source in done.sources:
                    if source.start != at or at + source.length > there:
                        raise _Torn
                    at += source.length
                self.done.append(done)
        self._rewrite()

    def _rewrite(self) -> None:
        """The journal says what is done and no more, and the next samples go behind that."""
        text = _line(asdict(self.settings)) + b"".join(_line(asdict(done)) for done in self.done)
        self._file.seek(0)
        kept = len(text) if self._file.read().startswith(text) else 0
        self._file.truncate(kept)
        self._file.write(text[kept:])
        self._file.flush()
        self._end = sum(source.length for source in self.sources)
        self._part.truncate(SAMPLE.itemsize * self._end)
        self._part.seek(SAMPLE.itemsize * self._end)


def forget_finished(folder: Path, name: str) -> None:
    """Clear the journal of a run that was killed when its index was there: `name` is not to be taken back from it.

    Args:
        folder: of the store.
        name: of the file of samples that the index vouches for.

    Raises:
        FileError: another program is writing there.
        OSError: the journal may not be removed.
    """
    try:
        with open(folder / JOURNAL, "r+b") as file:
            _lock(file, folder)
            over = _finished(file) == name and not (folder / PART).exists()
    except FileNotFoundError:
        return
    if over:
        (folder / JOURNAL).unlink(missing_ok=True)


class _Torn(Exception):
    """The journal ends here."""


def _line(told: dict) -> bytes:
    text = json.dumps(told).encode()
    return b"%s %08x\n" % (text, zlib.crc32(text))


def _read(line: bytes):
    text, _, checksum = line.rpartition(b" ")
    try:
        if checksum != b"%08x\n" % zlib.crc32(text):
            raise _Torn
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _Torn from None


def _finished(file) -> str:
    """The file of samples that a journal ends with; empty where it does not end so."""
    file.seek(0)
    last = file.read().splitlines(keepends=True)[-1:]
    with contextlib.suppress(_Torn, TypeError, KeyError):
        name = _read(last[0])["finished"] if last else ""
        return name if isinstance(name, str) else ""
    return ""


def _done(told) -> Done:
    if not isinstance(told, dict) or told.keys() != {"path", "sha256", "sources", "wrong"}:
        raise _Torn
    words, rows = (told["path"], told["sha256"], told["wrong"]), told["sources"]
    if not isinstance(rows, list) or not all(isinstance(word, str) for word in words):
        raise _Torn
    return Done(*words[:2], tuple(source_from(row, lambda why: _Torn(why)) for row in rows), words[2])


def _lock(file, folder: Path) -> None:
    """Two programs that write one store would spoil it. Where files cannot be locked, people have to see to it."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileError(
            f"another program is preparing {folder} at this moment; wait until it is done"
        ) from None
    except OSError:
        return
