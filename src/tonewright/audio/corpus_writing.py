"""Preparing a corpus once: every sound file of a folder goes into one store, and what is there already stays."""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from tonewright.atomic import explain
from tonewright.audio import prepared
from tonewright.audio.corpus import check_enough, nothing_left
from tonewright.audio.corpus_hearing import BLOCK, hear
from tonewright.audio.corpus_journal import JOURNAL, PART, Journal, forget_finished
from tonewright.audio.corpus_levels import levelled
from tonewright.audio.corpus_ring import Corpus
from tonewright.audio.corpus_source import Settings, Source
from tonewright.audio.corpus_store import (
    INDEX,
    SAMPLE,
    Index,
    is_corpus,
    map_samples,
    read_index,
    write_index,
)
from tonewright.audio.library import Library
from tonewright.audio.prepared import Source as Identity
from tonewright.audio.reader import SoundInfo
from tonewright.errors import AudioError, FileError

Heard = list[tuple[Source, Iterator[np.ndarray]]]
HASHED = 0.1  # of the way, when it is known which sounds there are
# sounds and what they are -> for each in its order, what was heard of it or why it could not be
Hearer = Callable[[list[tuple[SoundInfo, Identity]], Settings, Path], Iterator[Heard | AudioError]]


def hear_here(
    sounds: list[tuple[SoundInfo, Identity]], settings: Settings, folder: Path
) -> Iterator[Heard | AudioError]:
    """One sound after the other, in this process."""
    for sound, identity in sounds:
        try:
            yield hear(sound, identity, settings, folder=folder)
        except AudioError as error:
            yield error


def prepare_corpus(
    library: Library,
    folder: Path,
    settings: Settings,
    said: Callable[[str], None] = lambda sentence: None,
    progress: Callable[[float], None] = lambda share: None,
    hearer: Hearer = hear_here,
) -> Corpus:
    """Read all sounds into one store. What was read before, and has not changed since, is not read again.

    Killed at any moment, it goes on where it was; the finished store has the same bytes as one that was written in
    one go, whatever happened before, in whatever order files were added.

    Args:
        library: the sounds.
        folder: of the store; there already.
        settings: how to read them.
        said: is told of files that are left out, one by one.
        progress: is told how much is done, from 0 to 1.
        hearer: reads the sounds; `corpus_cluster.on_cluster` does it on many machines.

    Raises:
        AudioError: there is nothing to learn from.
        FileError: the folder holds something else, or the disk is full.
    """
    wrong = list(library.unread)

    def left(sentence: str) -> None:
        wrong.append(sentence)
        said(f"left out: {sentence}")

    old = _there(folder, settings)
    sounds = list(_identified(library, left, lambda share: progress(HASHED * share)))
    try:
        if old and _unchanged(old[0], sounds, hearer, folder, left):
            index = _index(old[0].sources, settings, wrong, library.path)
            write_index(index, folder)
        else:
            _check_room(sounds, folder, settings, said)
            with Journal(folder, settings) as journal:
                _write(
                    journal, sounds, old, folder, lambda s: progress(HASHED + (1 - HASHED) * s), left, hearer
                )
                index = _index(journal.sources, settings, wrong, library.path)
                journal.finish(index.file)
                write_index(index, folder)
    except AudioError:
        _clear(folder, PART, JOURNAL)  # of nothing that can be gone on with
        raise
    except OSError as error:
        raise FileError(_why(folder, error)) from error
    others = [path.name for path in folder.glob("samples-*.i16") if path.name != index.file]
    _clear(folder, JOURNAL, *others, *(path.name for path in folder.glob(".corpus-*.json")))
    return Corpus(map_samples(index, folder), index)


def _index(sources: Sequence[Source], settings: Settings, wrong: list[str], path: Path) -> Index:
    if not sources:
        raise nothing_left(path, wrong)
    check_enough(sources, settings, path)
    return Index(settings, levelled(sources, settings.keep_levels), tuple(wrong))


def _there(folder: Path, settings: Settings) -> tuple[Index, np.ndarray] | None:
    """What was prepared before."""
    if not is_corpus(folder):
        if prepared.prepared_files(folder):
            raise FileError(f"{folder} was prepared for an instrument; choose another -o, or remove it first")
        return None
    index = read_index(folder)
    if asdict(index.settings) | {"keep_levels": settings.keep_levels} != asdict(settings):
        was = f"at {index.settings.sample_rate} Hz, {'stereo' if index.settings.stereo else 'mono'}"
        raise FileError(
            f"{folder} was prepared with other settings ({was}, silence up to {index.settings.longest_silence_s:g} "
            "s); choose another -o, or remove it first"
        )
    try:
        samples = map_samples(index, folder)
    except FileError:
        if (folder / JOURNAL).exists():
            return None  # it was killed while it put a new store in the place of the old
        raise
    try:
        forget_finished(folder, index.file)
    except OSError as error:
        raise FileError(explain(folder / JOURNAL, error)) from error
    return index, samples


def _identified(
    library: Library, left: Callable[[str], None], progress: Callable[[float], None]
) -> Iterator[tuple[SoundInfo, Identity]]:
    for number, sound in enumerate(library.sounds, 1):
        try:
            yield sound, prepared.source_of(sound.path, library.path)
        except AudioError as error:
            left(str(error))
        progress(number / len(library.sounds))


def _unchanged(
    old: Index,
    sounds: list[tuple[SoundInfo, Identity]],
    hearer: Hearer,
    folder: Path,
    left: Callable[[str], None],
) -> bool:
    """Whether the store has all that can be read, in its order, and nothing else."""
    if (folder / JOURNAL).exists():
        return False
    there = list(dict.fromkeys((source.path, source.sha256) for source in old.sources))
    known = set(there)
    fresh = [(s, identity) for s, identity in sounds if (identity.path, identity.sha256) not in known]
    if [(i.path, i.sha256) for _, i in sounds if (i.path, i.sha256) in known] != there:
        return False
    wrong = []
    for heard in hearer(fresh, old.settings, folder):
        if not isinstance(heard, AudioError):
            return False
        wrong.append(str(heard))
    for sentence in wrong:
        left(sentence)
    return True


def _write(
    journal: Journal,
    sounds: list[tuple[SoundInfo, Identity]],
    old: tuple[Index, np.ndarray] | None,
    folder: Path,
    progress: Callable[[float], None],
    left: Callable[[str], None],
    hearer: Hearer,
) -> None:
    """All sounds in their order: those that the journal has, those that the old store has, and the new ones."""
    done = _resumed(journal, sounds, left)
    whole = sum(sound.seconds for sound, _ in sounds)
    before = sum(sound.seconds for sound, _ in sounds[:done])
    known = _known(old)
    fresh = [(sound, identity) for sound, identity in sounds[done:] if identity.sha256 not in known]
    answers = hearer(fresh, journal.settings, folder)
    for sound, identity in sounds[done:]:
        heard = _copied(known, old, identity) if identity.sha256 in known else next(answers)
        if isinstance(heard, AudioError):
            journal.append(identity.path, identity.sha256, [], str(heard))
            left(str(heard))
        else:
            journal.append(identity.path, identity.sha256, heard)
        before += sound.seconds
        progress(before / whole)
    journal.commit()


def _resumed(journal: Journal, sounds: list[tuple[SoundInfo, Identity]], left: Callable[[str], None]) -> int:
    """How many of the sounds are dealt with; what the journal has beyond the first other one, it forgets."""
    kept = 0
    for done, (_, identity) in zip(journal.done, sounds, strict=False):
        if (done.path, done.sha256) != (identity.path, identity.sha256):
            break
        kept += 1
        if done.wrong:
            left(done.wrong)
    journal.keep(kept)
    return kept


def _check_room(
    sounds: list[tuple[SoundInfo, Identity]], folder: Path, settings: Settings, said: Callable[[str], None]
) -> None:
    """A word before hours of work, if they may be in vain; how much silence will be left out, nobody knows yet."""
    seconds = sum(sound.seconds * (sound.channels if settings.stereo else 1) for sound, _ in sounds)
    wanted, free = SAMPLE.itemsize * settings.sample_rate * seconds, shutil.disk_usage(folder).free
    part = folder / PART
    if wanted - (part.stat().st_size if part.exists() else 0) > free:
        said(f"{folder} may come to {wanted / 1e9:.1f} GB, and its disk has {free / 1e9:.1f} GB free")


def _known(old: tuple[Index, np.ndarray] | None) -> dict[str, list[Source]]:
    """The sources of the old store by what they were made from; of copies of a file, those of one."""
    known = {}
    for source in old[0].sources if old else ():
        there = known.setdefault(source.sha256, [])
        if not there or there[0].path == source.path:
            there.append(source)
    return known


def _copied(known: dict[str, list[Source]], old: tuple[Index, np.ndarray], identity: Identity) -> Heard:
    def samples(source: Source) -> Iterator[np.ndarray]:
        for at in range(source.start, source.start + source.length, BLOCK):
            yield old[1][at : min(at + BLOCK, source.start + source.length)]

    sources = known[identity.sha256]
    return [(replace(source, path=identity.path, gain=1.0), samples(source)) for source in sources]


def _clear(folder: Path, *names: str) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(folder / name)


def _why(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        free = shutil.disk_usage(folder).free
        return (
            f"the disk of {folder} is full ({free / 1e9:.1f} GB are free); free some space, and the same line goes "
            "on where it was"
        )
    return explain(folder / INDEX, error)
