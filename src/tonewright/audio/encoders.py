"""The sound formats that can be written, and what each of them can hold."""

import os
from dataclasses import dataclass
from pathlib import Path

import soundfile

from tonewright.audio.wav import FloatWav
from tonewright.errors import AudioError

_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_ANY = range(1, 2**20)  # in Hz; a million is beyond anything that is sound
_AIFF_SAMPLES = (2**32 - 2**16) // 3  # 4 GB of 24 bits


@dataclass(frozen=True)
class Format:
    """What a sound format can hold.

    Attributes:
        name: as libsndfile calls it.
        subtype: how samples are stored, as libsndfile calls it.
        max_channels: the most channels of a file.
        rates: the sample rates it knows, in Hz.
        clips: whether samples beyond +-1 are lost.
        max_samples: the most samples of all channels together, where that is a number that people reach.
    """

    name: str
    subtype: str
    max_channels: int
    rates: range | tuple[int, ...] = _ANY
    clips: bool = True
    max_samples: int | None = None

    def encoder(self, path: Path, sample_rate: int, channels: int, comment: str = ""):
        """What writes this format into a file: it has `write(frames [n, C])` and `close()`."""
        if self.name == "WAV":
            return FloatWav(path, sample_rate, channels, comment)
        sound = Unseeking(str(path), "w", sample_rate, channels, self.subtype, format=self.name)
        if comment:
            sound.comment = comment
        return sound


# Beyond 255 channels or 200000 Hz libvorbis crashes (github.com/bastibe/python-soundfile/issues/187).
FORMATS = {
    ".wav": Format("WAV", "FLOAT", 1024, clips=False),  # as many channels as libsndfile reads back
    ".flac": Format("FLAC", "PCM_24", 8, range(1, 655351)),
    ".aiff": Format("AIFF", "PCM_24", 1024, max_samples=_AIFF_SAMPLES),
    ".aif": Format("AIFF", "PCM_24", 1024, max_samples=_AIFF_SAMPLES),
    ".ogg": Format("OGG", "VORBIS", 255, range(1, 200001)),
    ".mp3": Format("MP3", "MPEG_LAYER_III", 2, _MP3_RATES),
}


class Unseeking(soundfile.SoundFile):
    """A sound file that is read or written from front to back.

    `SoundFile` seeks after every block of a file that can seek. In an MP3 that starts the decoder anew and
    leaves an error of 2e-4 at every cut (measured), and a FLAC in blocks of 1000 takes 7 times longer.
    """

    def seekable(self) -> bool:
        """No, so that nobody does. `seek` still works, for whoever asks."""
        return False


def format_for(path: str | os.PathLike, sample_rate: int, channels: int) -> Format:
    """The format that the suffix of `path` names.

    Raises:
        AudioError: the suffix is not known, or the format cannot hold such a sound.

    >>> format_for("out.FLAC", 44100, 2).subtype
    'PCM_24'
    >>> format_for("out.mp3", 96000, 2)
    Traceback (most recent call last):
    tonewright.errors.AudioError: out.mp3 would be at 96000 Hz, and .mp3 cannot be; write a .wav, or convert
    the sound to 48000 Hz first
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        came = f"ends in {suffix}" if suffix else "has no suffix"
        raise AudioError(
            f"a sound file is written as {', '.join(FORMATS)}, and {path} {came}; give it one of these names"
        )
    kind = FORMATS[suffix]
    if not 1 <= channels <= kind.max_channels:
        raise AudioError(
            f"{path} would have {channels} channels, and {suffix} holds 1 to {kind.max_channels}; "
            "write a .wav, or fewer channels"
        )
    if sample_rate not in kind.rates:
        near = min((48000, kind.rates[0], kind.rates[-1]), key=lambda rate: abs(rate - sample_rate))
        raise AudioError(
            f"{path} would be at {sample_rate} Hz, and {suffix} cannot be; "
            f"write a .wav, or convert the sound to {near} Hz first"
        )
    return kind
