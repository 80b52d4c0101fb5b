"""Float WAV files, written block by block. libsndfile writes them too, but with the time of day inside."""

import os
import struct

import numpy as np

LIMIT_BYTES = 2**32 - 2  # the longest that a WAV header can say of its file
_UNTOLD = 2**32 - 1  # what RF64 writes where the 32 bits are too short
_HEADER_BYTES = 12 + 36 + 26 + 12 + 8  # without a comment
_IEEE_FLOAT = 3


class FloatWav:
    """The encoder of a WAV file of 32-bit floats, values beyond +-1 and all.

    The same sound gives the same bytes. A file that grows beyond 4 GB becomes an RF64 file (EBU Tech 3306)
    when it is closed: the room for the longer sizes is kept in a JUNK chunk, which players skip.

    Args:
        path: the file; one that is there is overwritten.
        sample_rate: in Hz.
        channels: 1 or more.
        comment: what a player shows beside the sound, up to 2000 bytes.

    Raises:
        OSError: the disk refuses, here or later.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wav = FloatWav(f"{folder}/a.wav", 48000, channels=1)
    ...     wav.write(np.array([[0.5], [-1.5]]))
    ...     wav.close()
    ...     open(f"{folder}/a.wav", "rb").read()[-8:] == struct.pack("<ff", 0.5, -1.5)
    True
    """

    def __init__(self, path: str | os.PathLike, sample_rate: int, channels: int, comment: str = ""):
        self._rate, self._channels = sample_rate, channels
        self._comment = _list_chunk(comment) if comment else b""
        self._bytes = 0  # of sound
        self._file = open(path, "wb")  # noqa: SIM115  closed by close()
        self._file.write(self._header())

    def write(self, frames: np.ndarray) -> None:
        """Appends frames [n, C]."""
        data = frames.astype("<f4").tobytes()
        self._file.write(data)
        self._bytes += len(data)

    def close(self) -> None:
        """Completes the header and closes the file. Closing twice is allowed."""
        if not self._file.closed:
            with self._file:
                self._file.seek(0)
                self._file.write(self._header())

    def _header(self) -> bytes:
        frame_bytes = 4 * self._channels
        frames = self._bytes // frame_bytes
        size = _HEADER_BYTES - 8 + len(self._comment) + self._bytes
        long = size > LIMIT_BYTES
        sizes = struct.pack("<QQQI", size, self._bytes, frames, 0) if long else bytes(28)
        head = struct.pack("<4sI4s", b"RF64" if long else b"RIFF", _UNTOLD if long else size, b"WAVE")
        head += struct.pack("<4sI28s", b"ds64" if long else b"JUNK", 28, sizes)
        head += struct.pack(
            "<4sIHHIIHHH",
            b"fmt ",
            18,
            _IEEE_FLOAT,
            self._channels,
            self._rate,
            self._rate * frame_bytes,
            frame_bytes,
            32,
            0,
        )
        head += struct.pack("<4sII", b"fact", 4, _UNTOLD if long else frames) + self._comment
        return head + struct.pack("<4sI", b"data", _UNTOLD if long else self._bytes)


def _list_chunk(comment: str) -> bytes:
    """The chunk that holds a comment: a LIST of the kind INFO with one ICMT, both of even length."""
    text = comment.encode() + b"\0"
    text += bytes(len(text) % 2)
    return struct.pack("<4sI4s4sI", b"LIST", 12 + len(text), b"INFO", b"ICMT", len(text)) + text
