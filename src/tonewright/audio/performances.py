"""The recordings of an instrument as performances: sound, pitch and loudness, side by side."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tonewright.audio import prepared
from tonewright.audio.clipping import flat_samples
from tonewright.audio.f0 import f0_track
from tonewright.audio.files import SoundInfo, blocks, info
from tonewright.audio.library import each, open_library
from tonewright.audio.performance import Performance
from tonewright.audio.rates import Resampler
from tonewright.dsp.loudness import loudness_of
from tonewright.dsp.pitch import HIGHEST_HZ, LOWEST_HZ, pitch
from tonewright.errors import AudioError
from tonewright.measure.metrics import rms_db

SHORTEST_S = 1.0  # of a recording that says anything of how an instrument is played
SILENT_DB = -90.0  # the level of 16-bit dither


def _quietly(sentence: str) -> None:
    """Says nothing."""


def _unseen(share: float) -> None:
    """Shows nothing."""


def open_performances(
    path: Path | str,
    sample_rate: int,
    hop: int,
    said: Callable[[str], None] = _quietly,
    progress: Callable[[float], None] = _unseen,
) -> list[Performance]:
    """All that there is to learn an instrument from.

    Args:
        path: a folder of recordings, with the folders in it; one sound file; or what `prepare` wrote.
        sample_rate: to hear them at, in Hz.
        hop: samples from frame to frame.
        said: is told of recordings that are left out.
        progress: is told how much is done, from 0 to 1.

    Returns:
        At least one, in the order of their paths.

    Raises:
        AudioError: when there is nothing to learn from.
        FileError: when what was prepared is damaged, or of another rate.

    >>> import tempfile
    >>> from tonewright.audio.files import write
    >>> tone = 0.1 * np.sin(2 * np.pi * 220 / 16000 * np.arange(32000))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("low.wav", "lower.wav"):
    ...         clipped = write(f"{folder}/{name}", tone, 16000)
    ...     found = open_performances(folder, 16000, 160)
    >>> [(one.name, one.frames, round(float(np.median(one.f0_hz)))) for one in found]
    [('low', 200, 220), ('lower', 200, 220)]
    """
    if prepared.is_prepared(path):
        return prepared.read_all(Path(path), sample_rate, hop, progress)
    library = open_library(path, said)
    found, wrong = [], []
    for source, progressed in each(library.sounds, progress):
        try:
            found.append(perform(source, sample_rate, hop, progressed))
        except AudioError as error:
            wrong.append(str(error))
            said(f"left out: {error}")
    if not found:
        raise nothing_left(path, wrong)
    return found


def nothing_left(path: Path | str, wrong: list[str]) -> AudioError:
    """Why nothing can be learned from what is there: the one reason, or how many."""
    if len(wrong) == 1:
        return AudioError(wrong[0])
    return AudioError(
        f"none of the {len(wrong)} recordings in {path} can be learned from (the first: {wrong[0]}); record the "
        "instrument alone, ten minutes or more"
    )


def perform(
    path: str | os.PathLike | SoundInfo,
    sample_rate: int,
    hop: int,
    progress: Callable[[float], None] = _unseen,
) -> Performance:
    """One recording, as it is learned from: mixed to one channel, at one rate, with its pitch and loudness.

    Args:
        path: a sound file, or what `info` said of it.
        sample_rate: to hear it at, in Hz.
        hop: samples from frame to frame.
        progress: is told how much is done, from 0 to 1.

    Returns:
        The performance; of its end, less than a hop is left out.

    Raises:
        AudioError: it cannot be read, is silent, or is shorter than a second.
    """
    source = path if isinstance(path, SoundInfo) else info(path)
    if source.seconds < SHORTEST_S:
        raise AudioError(
            f"{source.path} is {source.seconds:.2f} s long, and no instrument can be learned from less than a "
            "second; name longer recordings"
        )
    sound, clipped = _listen(source, sample_rate)
    sound = sound[: len(sound) // hop * hop]
    progress(0.1)
    if rms_db(sound) < SILENT_DB:
        raise AudioError(f"{source.path} is silent; check that the right track was exported")
    track = f0_track(sound, sample_rate, hop)
    progress(0.8)
    with torch.no_grad():
        loud = loudness_of(sound, sample_rate, hop)
    live_f0_hz = _live_f0_hz(sound, sample_rate, hop)
    progress(1.0)
    f0_hz, voiced = np.asarray(track.f0_hz, np.float32), np.asarray(track.voiced, bool)
    return Performance(sound, sample_rate, hop, f0_hz, live_f0_hz, voiced, loud, source.path.stem, clipped)


def _listen(source: SoundInfo, sample_rate: int) -> tuple[np.ndarray, int]:
    """The sound [T] in one channel at that rate, and how many samples were clipped.

    Beside the sound no more than a block is in memory.
    """
    resampler = Resampler(source.sample_rate, sample_rate, channels=1)
    parts, loud, clipped = [], False, 0
    for block in blocks(source.path):
        loud = loud or bool(np.any(block))
        clipped += sum(flat_samples(channel) for channel in block)
        parts.append(resampler.process(block.mean(axis=0, keepdims=True))[0])
    parts.append(resampler.finish()[0])
    sound = np.concatenate(parts)
    if loud and not np.any(sound):
        raise AudioError(
            f"the channels of {source.path} cancel when they are mixed into one; export one of the two alone"
        )
    return sound, clipped


def _live_f0_hz(sound: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """The pitch as the tracker that plays live will hear it: [F]."""
    lowest_hz = max(LOWEST_HZ, sample_rate / (2 * hop))
    highest_hz = min(HIGHEST_HZ, sample_rate / 8)
    with torch.no_grad():
        f0_hz, _ = pitch(torch.from_numpy(sound)[None, None], sample_rate, hop, lowest_hz, highest_hz)
    return f0_hz[0, 0].numpy().astype(np.float32)
