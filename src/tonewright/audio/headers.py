"""How long a sound file says it is, against what is there. libsndfile reads a cut WAV silently short."""

import mmap
import os
import struct
from typing import BinaryIO

from tonewright.errors import AudioError

_OGG_PAGE_BYTES = 27 + 255 + 255 * 255  # the longest page: header, lacing table, payload
_MAX_CHUNKS = 10000  # a damaged file of zeros would be walked for minutes

# Kilobits per second of MPEG audio layer III, by the four bits that choose it (ISO 11172-3, 13818-3).
_KBPS_MPEG1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_MPEG2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_MPEG1 = (44100, 48000, 32000)
_RATE_DIVISORS = {3: 1, 2: 2, 0: 4}  # MPEG 1, 2 and 2.5, by the two bits that choose the version


def check_whole(path: str | os.PathLike) -> None:
    """Compares the length that the header of a WAV, RF64, AIFF or OGG file promises with the file's own.

    Other formats pass: FLAC and MP3 are found short when they are decoded. A header that leaves the
    length open, as programs write into a pipe, passes too.

    Raises:
        AudioError: the file ends before the sound does.
        OSError: the file cannot be opened.
    """
    with open(path, "rb") as f:
        kind = f.read(4)
        if kind in (b"RIFF", b"RF64"):
            _check_chunks(path, f, "<4sI", b"data")
        elif kind == b"FORM":
            _check_chunks(path, f, ">4sI", b"SSND")
        elif kind == b"OggS":
            _check_last_page(path, f)


def cut_short(path: str | os.PathLike, held: float, promised: float) -> AudioError:
    """The error about a file that ends early. `held` and `promised` are in any one unit.

    >>> print(cut_short("dry.wav", 150, 200))
    dry.wav is cut short: it holds 75 % of the sound that its header promises; copy or export it again
    """
    percent = int(100 * held / promised)
    return AudioError(
        f"{path} is cut short: it holds {percent} % of the sound that its header promises; "
        "copy or export it again"
    )


def _check_chunks(path, f: BinaryIO, layout: str, sound: bytes) -> None:
    """Finds the chunk called `sound` in a RIFF or an AIFF file: name, size, content padded to even."""
    end = f.seek(0, os.SEEK_END)
    at, size_64 = 12, None
    for _ in range(_MAX_CHUNKS):
        f.seek(at)
        head = f.read(8)
        if len(head) < 8:
            return  # no sound chunk: libsndfile says what is wrong
        name, size = struct.unpack(layout, head)
        at += 8
        if name == b"ds64":  # RF64 keeps sizes of 64 bits here: of the file, then of the sound
            size_64 = struct.unpack("<QQ", f.read(16).ljust(16, b"\0"))[1]
        if name == sound:
            promised = size_64 if size == 0xFFFFFFFF and size_64 is not None else size
            if end - at < promised and not _is_open_ended(promised):
                raise cut_short(path, end - at, promised)
            return
        at += size + size % 2


def _is_open_ended(size: int) -> bool:
    """Whether a size means "until the end": ffmpeg writes 2**32 - 1 into a pipe, sox 2**31 - 4096 or so."""
    return 2**31 - 2**16 <= size <= 2**31 or 2**32 - 2**16 <= size < 2**32


def _check_last_page(path, f: BinaryIO) -> None:
    """Looks for the mark of the last page of an Ogg stream (RFC 3533), and for all of that page."""
    end = f.seek(0, os.SEEK_END)
    f.seek(max(0, end - _OGG_PAGE_BYTES))
    tail = f.read()
    at = tail.rfind(b"OggS\0")
    page = tail[at:] if at >= 0 else b""
    if len(page) >= 27:
        is_last, segments = page[5] & 4, page[26]
        whole = len(page) >= 27 + segments and len(page) >= 27 + segments + sum(page[27 : 27 + segments])
        if is_last and whole:
            return
    raise AudioError(f"{path} is cut short: its last page is missing; copy or export it again")


def mp3_frames(path: str | os.PathLike) -> int | None:
    """The length in samples of an MP3 file whose header does not tell it, counted frame by frame.

    Without a "Xing", "Info" or "VBRI" header libsndfile guesses the length from the first bit rate, and
    guesses wrong by any factor when the bit rate varies.

    Returns:
        Samples per channel, or None when the file has such a header or is not MPEG layer III.

    Raises:
        OSError: the file cannot be opened.
    """
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = _after_id3(data)
        first = _mpeg_frame(data, at)
        if first is None:
            return None
        if any(tag in data[at : at + first[0]] for tag in (b"Xing", b"Info", b"VBRI")):
            return None
        samples = 0
        while (frame := _mpeg_frame(data, at)) is not None:
            at += frame[0]
            samples += frame[1]
        return samples


def _after_id3(data: mmap.mmap) -> int:
    """Where the sound starts: after the ID3v2 tag, whose length is in four bytes of seven bits."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    a, b, c, d = data[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _mpeg_frame(data: mmap.mmap, at: int) -> tuple[int, int] | None:
    """Bytes and samples of the layer III frame at `at`, or None when there is none."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, rate, kbps = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate == 3 or kbps in (0, 15):
        return None
    table, samples = (_KBPS_MPEG1, 1152) if version == 3 else (_KBPS_MPEG2, 576)
    sample_rate = _RATES_MPEG1[rate] // _RATE_DIVISORS[version]
    padding = head[2] >> 1 & 1
    return samples * 125 * table[kbps] // sample_rate + padding, samples
