"""Sound files, read whole, in part or in blocks. What is damaged is refused, never read short."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from tonewright.audio.encoders import Unseeking
from tonewright.audio.headers import check_whole, cut_short, mp3_frames
from tonewright.errors import AudioError

MP3_SLACK = 1152  # samples by which an MP3 may be shorter than its header says: one frame of the format
_BLOCK = 65536  # samples decoded at once where the caller does not care
_UNTOLD = 2**62  # a length beyond this is how libsndfile says that the header does not tell it


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file holds.

    Attributes:
        path: where it is.
        sample_rate: in Hz.
        channels: 1 for mono, 2 for stereo.
        frames: length in samples per channel, at least 1; an MP3 may turn out up to 1152 shorter.
        comment: words that travel with the sound; often none.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int
    comment: str = field(default="", compare=False)

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.frames / self.sample_rate


def info(path: str | os.PathLike) -> SoundInfo:
    """What a sound file holds, from its header.

    Raises:
        AudioError: there is no such file, it is no sound file, it is empty, damaged or cut short.
    """
    path = Path(path)
    _check_file(path)
    with _decoder(path) as sound:
        return SoundInfo(path, sound.samplerate, sound.channels, _length(path, sound), sound.comment)


def read(
    path: str | os.PathLike | SoundInfo, start: int = 0, frames: int | None = None
) -> tuple[np.ndarray, int]:
    """A sound file, or a part of it, as an array. Of a part, no more than that is kept in memory.

    Args:
        path: the file, or what `info` said of it, so that it need not be looked at again.
        start: the first sample to read.
        frames: how many samples to read at most; all that follow when None.

    Returns:
        The sound as float32 [C, T], full scale at +-1, and its sample rate in Hz.

    Raises:
        AudioError: as `info`; or it ends before `start`, or has NaN or infinite samples.

    >>> import tempfile
    >>> from tonewright.audio.writer import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clipped = write(f"{folder}/a.wav", np.linspace(-1, 1, 5), 48000)
    ...     read(f"{folder}/a.wav", start=1, frames=3)
    (array([[-0.5,  0. ,  0.5]], dtype=float32), 48000)
    """
    source = path if isinstance(path, SoundInfo) else info(path)
    if not 0 <= start < source.frames:
        raise AudioError(
            f"{source.path} has {source.frames} samples and was to be read from number {start}; start within it"
        )
    stop = source.frames if frames is None else min(start + frames, source.frames)
    x = np.empty((source.channels, stop - start), dtype=np.float32)
    filled = 0
    for block in _stream(source, start, stop, _BLOCK):
        x[:, filled : filled + block.shape[1]] = block
        filled += block.shape[1]
    return x[:, :filled], source.sample_rate


def blocks(path: str | os.PathLike, frames: int = 16384) -> Iterator[np.ndarray]:
    """A sound file block by block, in memory that does not grow with the file.

    Args:
        path: the file.
        frames: samples of a block; the last one may be shorter.

    Yields:
        float32 [C, n], full scale at +-1.

    Raises:
        AudioError: as `read`, when the first block is asked for, or the block that is damaged.
    """
    source = info(path)
    yield from _stream(source, 0, source.frames, frames)


def first_bad(x: np.ndarray) -> int | None:
    """The first sample of x [C, T] at which a channel is NaN or infinite, or None.

    >>> first_bad(np.array([[0.0, 1.0, np.nan], [0.0, np.inf, 0.0]]))
    1
    """
    good = np.isfinite(x)
    return None if good.all() else int(np.argmin(good.all(axis=0)))


def _check_file(path: Path) -> None:
    _check_name(path)
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise AudioError(f"{path} is a folder, and a sound file was wanted; name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise AudioError(f"{path} is not an ordinary file; copy the sound into one")
        if status.st_size == 0:
            raise _no_sound(path)
        check_whole(path)
    except FileNotFoundError:
        raise AudioError(f"there is no file {path}; check its name and its folder") from None
    except OSError as error:
        raise AudioError(
            f"{path} cannot be read ({error.strerror}); copy it to where you may read it"
        ) from None


def _check_name(path: Path) -> None:
    """A disk that was written elsewhere may have names in another encoding, which libsndfile is not given."""
    try:
        str(path).encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        name = str(path).encode("utf-8", "backslashreplace").decode()
        raise AudioError(f"{name} cannot be opened, for its name cannot be read here; rename it") from None


@contextmanager
def _decoder(path: Path) -> Iterator[soundfile.SoundFile]:
    try:
        sound = Unseeking(str(path), "r")
    except (soundfile.SoundFileError, TypeError):  # a TypeError for .raw, which has no header
        raise AudioError(
            f"{path} is damaged or not a sound file of a kind that can be read (WAV, FLAC, AIFF, OGG, MP3); "
            "convert it to WAV"
        ) from None
    with sound:
        try:
            yield sound
        except soundfile.SoundFileError:
            raise AudioError(
                f"{path} is damaged or cut short and cannot be read to its end; copy or export it again"
            ) from None


def _length(path: Path, sound: soundfile.SoundFile) -> int:
    frames = sound.frames
    if frames > _UNTOLD:  # a FLAC that was written into a pipe
        frames = sum(len(block) for block in _decoded(sound, _UNTOLD, _BLOCK))
    if sound.format == "MP3" and (counted := mp3_frames(path)) is not None:
        if frames < counted - MP3_SLACK:
            raise AudioError(
                f"{path} is an MP3 of varying bit rate whose header does not tell its length, and could be "
                "read only in part; convert it to WAV"
            )
        frames = counted
    if frames < 1:
        raise _no_sound(path)
    return frames


def _stream(source: SoundInfo, start: int, stop: int, block: int) -> Iterator[np.ndarray]:
    with _decoder(source.path) as sound:
        if start:
            sound.seek(start)
        at = start
        for frames in _decoded(sound, stop - start, block):
            x = np.ascontiguousarray(frames.T)
            bad = first_bad(x)
            if bad is not None:
                seconds = (at + bad) / source.sample_rate
                raise AudioError(
                    f"{source.path} has NaN or infinite samples (first at {seconds:.2f} s); export it again"
                )
            at += len(frames)
            yield x
        slack = MP3_SLACK if sound.format == "MP3" else 0
    if at < stop - slack:
        raise cut_short(source.path, at, source.frames)


def _decoded(sound: soundfile.SoundFile, wanted: int, block: int) -> Iterator[np.ndarray]:
    """The next samples [n, C] up to `wanted` of them, as long as there are any."""
    while wanted > 0 and len(frames := sound.read(min(block, wanted), dtype="float32", always_2d=True)):
        wanted -= len(frames)
        yield frames


def _no_sound(path: Path) -> AudioError:
    return AudioError(f"{path} is empty (0 samples); export it again")
