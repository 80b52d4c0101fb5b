"""A library of sounds: every sound file in a folder and the folders in it, of whatever kind, rate and length."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tonewright.audio import files
from tonewright.audio.files import SoundInfo
from tonewright.errors import AudioError

KINDS = (".wav", ".wave", ".rf64", ".w64", ".caf", ".au", ".aiff", ".aif", ".aifc", ".flac", ".ogg", ".oga")
KINDS += (".opus", ".mp3", ".m4a", ".aac", ".wma", ".ape", ".wv")  # the last five we cannot read, and say so
OURS = "made by tonewright: "  # the comment of a sound that was drawn from a library begins so
TOLD = 5  # files that cannot be read are told one by one; of the others, only how many


@dataclass(frozen=True)
class Library:
    """What there is to draw from.

    Attributes:
        path: the folder, or the one sound file.
        sounds: at least one, in the order of their paths.
        unread: why other files cannot be read, a sentence each.
    """

    path: Path
    sounds: tuple[SoundInfo, ...]
    unread: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """The length of all of it."""
        return sum(sound.seconds for sound in self.sounds)

    @property
    def usual_rate(self) -> int:
        """The sample rate in Hz of most of it by length; the higher one where two are as usual."""
        seconds = Counter()
        for sound in self.sounds:
            seconds[sound.sample_rate] += sound.seconds
        return max(seconds, key=lambda rate: (seconds[rate], rate))


def open_library(
    path: Path | str, said: Callable[[str], None] = lambda sentence: None, told: int = TOLD
) -> Library:
    """The sounds of a folder, or of one file, by their headers.

    Hidden files and what is no sound by its name are passed over, and so is what `OURS` marks, unless it is named
    itself. The order is that of the names, so the same library is the same wherever it lies.

    Args:
        path: of the folder or the file.
        said: is told of files that cannot be read, which are left out.
        told: of how many of them one by one.

    Raises:
        AudioError: when there is nothing to draw from.

    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, seconds in (("b.wav", 1), ("a.flac", 2)):
    ...         clipped = files.write(f"{folder}/{name}", np.zeros(seconds * 8000), 8000)
    ...     library = open_library(folder)
    >>> [sound.path.name for sound in library.sounds], library.seconds, library.usual_rate
    (['a.flac', 'b.wav'], 3.0, 8000)
    """
    path = Path(path)
    if path.is_file():
        return Library(path, (files.info(path),))
    if not path.exists():
        raise AudioError(f"there is no file or folder {path}; name a folder of sounds, or one sound file")
    sounds, wrong = [], []
    for candidate in _candidates(path, wrong):
        try:
            sound = files.info(candidate)
        except AudioError as error:
            wrong.append(str(error))
        else:
            sounds += [] if sound.comment.startswith(OURS) else [sound]
    for sentence in wrong[:told]:
        said(f"left out: {sentence}")
    if len(wrong) > told:
        said(f"left out: {len(wrong) - told} more files that cannot be read")
    if not sounds:
        raise AudioError(
            f"{path} holds no sound file that can be read (WAV, FLAC, AIFF, OGG, MP3); name a folder that holds "
            "music or other sounds, or one sound file"
        )
    return Library(path, tuple(sounds), tuple(wrong))


def each(
    sounds: tuple[SoundInfo, ...], progress: Callable[[float], None]
) -> Iterator[tuple[SoundInfo, Callable[[float], None]]]:
    """Sound after sound, each with where to tell how much of it is done; `progress` is told how much of all."""
    whole, before = sum(sound.seconds for sound in sounds), 0.0
    for sound in sounds:
        yield sound, lambda share, before=before, own=sound.seconds: progress((before + share * own) / whole)
        before += sound.seconds
        progress(before / whole)


def _candidates(top: Path, wrong: list[str]) -> Iterator[Path]:
    """Files that are sounds by their names. Links are followed, but into no folder twice."""

    def refused(error: OSError) -> None:
        wrong.append(f"{error.filename} cannot be read ({error.strerror}); copy it to where you may read it")

    seen = set()
    for folder, folders, names in os.walk(top, onerror=refused, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in KINDS:
                yield Path(folder, name)
