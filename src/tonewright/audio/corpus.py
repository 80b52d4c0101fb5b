"""All the sounds that a timbre is learned from, read from what was prepared, or from the files themselves."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tonewright.audio import prepared
from tonewright.audio.corpus_hearing import hear
from tonewright.audio.corpus_levels import levelled
from tonewright.audio.corpus_ring import Corpus
from tonewright.audio.corpus_source import Settings, Source
from tonewright.audio.corpus_store import INDEX, SAMPLE, Index, is_corpus, map_samples, read_index
from tonewright.audio.library import each, open_library
from tonewright.errors import AudioError, FileError
from tonewright.units import clock

LONG_S = 1800.0  # from which on it is a pity to read it twice
LEAST_S = 1.0  # of sound that can be called a corpus


def open_corpus(
    path: Path | str,
    sample_rate: int = 48000,
    said: Callable[[str], None] = lambda sentence: None,
    heard: Callable[[float], None] = lambda share: None,
) -> Corpus:
    """All that there is to learn a timbre from.

    Args:
        path: what `prepare --for timbre` wrote; a folder of sounds, with the folders in it; or one sound file. The
            last two are read into memory, as they would be by `prepare`.
        sample_rate: of the model, in Hz.
        said: is told of files that are left out.
        heard: is told how much is read, from 0 to 1.

    Raises:
        AudioError: there is nothing to learn from.
        FileError: what was prepared is damaged, of another rate, not finished or for something else.

    >>> import tempfile
    >>> from tonewright.audio.files import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, seconds in (("kick.wav", 1), ("snare.wav", 2)):
    ...         clipped = write(f"{folder}/{name}", 0.1 * np.ones(seconds * 16000), 16000)
    ...     corpus = open_corpus(folder, 16000)
    >>> corpus.seconds, corpus.crops(seed=0, step=1, batch=2, length=4096).shape
    (3.0, (2, 1, 4096))
    """
    path = Path(path)
    if is_corpus(path) or prepared.is_prepared(path):
        corpus = read_corpus(path)
        if corpus.sample_rate != sample_rate:
            raise FileError(
                f"{path} was prepared at {corpus.sample_rate} Hz and the model wants {sample_rate} Hz; prepare the "
                f"sounds again with --sample-rate {sample_rate} and another -o"
            )
        return corpus
    return _hear_all(path, Settings(sample_rate), said, heard)


def read_corpus(folder: Path) -> Corpus:
    """The corpus in a folder that `prepare --for timbre` wrote, at its own rate.

    Raises:
        FileError: as `open_corpus`.
    """
    if not (folder / INDEX).exists() and prepared.prepared_files(folder):
        raise FileError(
            f"{folder} was prepared for an instrument; write: tonewright prepare sounds/ --for timbre -o "
            f"{folder.stem}-timbre.data"
        )
    index = read_index(folder)
    check_enough(index.sources, index.settings, folder)
    return Corpus(map_samples(index, folder), index)


def check_enough(sources: Sequence[Source], settings: Settings, path: Path) -> None:
    """Refuses what no timbre can be learned from at all.

    Raises:
        AudioError: it is shorter than a second, or silent.
    """
    seconds = sum(source.length for source in sources) / settings.sample_rate
    if sources and not any(source.peak > 1e-5 for source in sources):
        raise AudioError(f"all that is in {path} is silent; check that the right tracks were exported")
    if seconds < LEAST_S:
        raise AudioError(
            f"{path} holds {seconds:.2f} s of sound, and a timbre is learned from hours; name a folder with more"
        )


def _hear_all(
    path: Path, settings: Settings, said: Callable[[str], None], heard: Callable[[float], None]
) -> Corpus:
    library = open_library(path, said)
    if library.seconds > LONG_S:
        said(
            f"reading {clock(library.seconds)} of sound, each time anew; tonewright prepare {path} --for timbre -o "
            f"{path.stem or 'sounds'}.data does it once"
        )
    sources, parts, wrong, at = [], [], list(library.unread), 0
    for sound, progressed in each(library.sounds, heard):
        try:
            pieces = hear(sound, prepared.source_of(sound.path, library.path), settings, progressed)
        except AudioError as error:
            wrong.append(str(error))
            said(f"left out: {error}")
            continue
        for source, samples in pieces:
            sources.append(source.at(at))
            parts += samples
            at += source.length
    if not sources:
        raise nothing_left(path, wrong)
    check_enough(sources, settings, path)
    index = Index(settings, levelled(sources, settings.keep_levels), tuple(wrong))
    return Corpus(np.concatenate([*parts, np.zeros(0, SAMPLE)]), index)


def nothing_left(path: Path, wrong: list[str]) -> AudioError:
    """Why nothing could be read."""
    if len(wrong) == 1:
        return AudioError(wrong[0])
    return AudioError(
        f"none of the {len(wrong)} sounds in {path} can be read (the first: {wrong[0]}); convert them to WAV"
    )
