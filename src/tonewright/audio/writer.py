"""Sound files, written so that a file is either whole or not there."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import soundfile

from tonewright.atomic import explain
from tonewright.audio import reader
from tonewright.audio.encoders import format_for
from tonewright.errors import AudioError, ShapeError

_COMMENT_BYTES = 2000  # libsndfile gives back none that is longer than 2047 in a WAV
_CHUNK = 4096  # samples encoded at once: libvorbis keeps them on the stack (github.com/xiph/vorbis/issues/99)


def write(path: str | os.PathLike, samples: np.ndarray, sample_rate: int, comment: str = "") -> int:
    """A whole sound into a file. See `Writer`.

    Args:
        path: the file; its suffix chooses the format.
        samples: floating-point sound [C, T] or [T], full scale at +-1.
        sample_rate: in Hz.
        comment: as in `Writer`.

    Returns:
        How many samples were clipped, as `Writer.clipped`.

    Raises:
        AudioError: as `Writer`.
        ShapeError: samples are not [C, T] or [T], or not floating-point.
    """
    x = np.atleast_2d(np.asarray(samples))
    with Writer(path, sample_rate, channels=len(x), comment=comment) as writer:
        writer.write(x)
    return writer.clipped


class Writer:
    """A sound file that is written block by block and is there only once all of it is.

    The sound goes to a temporary file beside the target. When the `with` ends well that file is completed,
    read back by its header, forced to the disk and renamed; when it ends with any exception it is removed,
    and a target that was there before stays as it was.

    The suffix chooses the format: .wav (32-bit float, so that values beyond +-1 survive; RF64 beyond 4 GB),
    .flac, .aiff and .aif (24 bits), .ogg (Vorbis), .mp3.

    Args:
        path: the target.
        sample_rate: in Hz.
        channels: 1 or more, as many as the format holds.
        comment: words that travel with the sound; what is beyond 2000 bytes is left out.

    Attributes:
        clipped: samples beyond +-1 that had to be clipped so far; always 0 for .wav.
        frames: samples per channel written so far.

    Raises:
        AudioError: the suffix is unknown, the format cannot hold such a sound, the folder is missing or
            closed to us, the disk is full, a sample is NaN or infinite, or nothing was written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Writer(f"{folder}/a.flac", 44100, channels=2) as writer:
    ...         for level in (0.5, 1.5):
    ...             writer.write(np.full((2, 100), level))
    ...     print(writer.frames, writer.clipped, reader.info(f"{folder}/a.flac").frames)
    200 200 200
    """

    def __init__(self, path: str | os.PathLike, sample_rate: int, channels: int, comment: str = ""):
        self.path, self.sample_rate, self.channels = Path(path), sample_rate, channels
        self._comment = comment.encode()[:_COMMENT_BYTES].decode(errors="ignore")
        self.clipped = self.frames = 0
        self._format = format_for(path, sample_rate, channels)
        self._target = Path(os.path.realpath(path))  # a link is followed, not replaced
        if self._target.is_dir():
            raise AudioError(f"{path} is a folder, and a file name was wanted; choose another name")
        if self._target.exists() and not os.access(self._target, os.W_OK):
            raise AudioError(f"{path} is there and write-protected; choose another name")
        self._part = self._target.with_name(f".tonewright-{secrets.token_hex(6)}.part")
        self._encoder = None
        self._waiting = np.zeros((channels, 0), dtype=np.float32)

    def __enter__(self) -> "Writer":
        try:
            with self._in_words():
                _create(self._part)
                about = (self.sample_rate, self.channels, self._comment)
                self._encoder = self._format.encoder(self._part, *about)
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, block: np.ndarray) -> None:
        """Appends floating-point sound [C, n], or [n] when there is one channel.

        Raises:
            AudioError: a sample is NaN or infinite, or the disk is full.
            ShapeError: the block has another number of channels, or is not floating-point.
        """
        x = np.atleast_2d(np.asarray(block))
        if x.ndim != 2 or len(x) != self.channels or x.dtype.kind != "f":
            shape = list(np.shape(block))
            raise ShapeError(f"Writer wants floats [{self.channels}, n], and got {x.dtype} {shape}")
        for start in range(0, x.shape[1], _CHUNK):
            with np.errstate(over="ignore"):  # what is too large for 32 bits is found to be infinite
                chunk = x[:, start : start + _CHUNK].astype(np.float32)
            self._append(self._checked(chunk))

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._discard()

    def _checked(self, x: np.ndarray) -> np.ndarray:
        """The next samples as the format can hold them, counted."""
        bad = reader.first_bad(x)
        if bad is not None:
            seconds = (self.frames + bad) / self.sample_rate
            raise AudioError(
                f"{self.path} was not written, for the sound has NaN or infinite samples "
                f"(first at {seconds:.2f} s); check what it was made from"
            )
        self.frames += x.shape[1]
        if self._format.max_samples is not None and self.frames * self.channels > self._format.max_samples:
            raise AudioError(
                f"{self.path} was not written, for it would pass the 4 GB of its format; "
                "write a .wav or .flac"
            )
        if self._format.clips:
            self.clipped += int(np.count_nonzero(np.abs(x) > 1.0))
            x = np.clip(x, -1.0, 1.0)
        return x

    def _append(self, x: np.ndarray) -> None:
        """Gives the encoder chunks of one size, because libvorbis starts otherwise from a short first one."""
        self._waiting = np.concatenate([self._waiting, x], axis=1)
        if self._waiting.shape[1] >= _CHUNK:
            self._encode(self._waiting[:, :_CHUNK])
            self._waiting = self._waiting[:, _CHUNK:]

    def _encode(self, x: np.ndarray) -> None:
        with self._in_words():
            self._encoder.write(np.ascontiguousarray(x.T))

    def _finish(self) -> None:
        if self.frames == 0:
            raise AudioError(f"{self.path} was not written, for there is no sound to write (0 samples)")
        if self._waiting.shape[1]:
            self._encode(self._waiting)
        with self._in_words():
            self._encoder.close()
            self._check_written()
            with open(self._part, "rb+") as f:
                os.fsync(f.fileno())
            os.replace(self._part, self._target)

    def _check_written(self) -> None:
        """Reads the length back, because libsndfile closes an OGG or MP3 on a full disk without a word."""
        try:
            frames = reader.info(self._part).frames
        except AudioError:
            frames = 0
        if frames < self.frames - (reader.MP3_SLACK if self._format.name == "MP3" else 0):
            raise soundfile.SoundFileRuntimeError("what was written does not read back")

    def _discard(self) -> None:
        if self._encoder is not None:
            with suppress(Exception):
                self._encoder.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turns what the disk and libsndfile complain of into one sentence."""
        try:
            yield
        except OSError as error:
            raise AudioError(explain(self.path, error)) from error
        except (soundfile.SoundFileError, AssertionError) as error:  # soundfile asserts that all went out
            raise AudioError(explain(self.path, _probe(self._part) or error)) from error


def _create(part: Path) -> None:
    """Makes the temporary file, because Python says why it cannot and libsndfile does not."""
    with open(part, "xb"):
        pass


def _probe(part: Path) -> OSError | None:
    """What the disk has against more bytes in a file that libsndfile could not write, or None."""
    try:
        with open(part, "ab") as f:
            f.write(bytes(1 << 18))
            f.flush()
            os.fsync(f.fileno())
    except OSError as error:
        return error
    return None
