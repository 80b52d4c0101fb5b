"""Sample rates: refusing to mix them, and converting sound from one to another."""

import os

import numpy as np
import soxr

from tonewright.errors import AudioError, ShapeError


def check_rate(path: str | os.PathLike, sample_rate: int, wanted_name: str, wanted_rate: int) -> None:
    """Refuses a sound at another rate than the one a model was learned at.

    Args:
        path: the sound, as the person wrote it.
        sample_rate: the rate of the sound in Hz.
        wanted_name: what to call the model.
        wanted_rate: the rate of the model in Hz.

    Raises:
        AudioError: the rates differ.

    >>> check_rate("guitar.wav", 48000, "amp.tone", 48000)
    >>> check_rate("guitar.wav", 44100, "amp.tone", 48000)
    Traceback (most recent call last):
    tonewright.errors.AudioError: guitar.wav is 44100 Hz and amp.tone was learned at 48000 Hz; add
    --resample to convert
    """
    if sample_rate != wanted_rate:
        raise AudioError(
            f"{path} is {sample_rate} Hz and {wanted_name} was learned at {wanted_rate} Hz; "
            "add --resample to convert"
        )


class Resampler:
    """Converts sound from one rate to another, block by block.

    What comes out lines up with what went in: sample n of the input is at n * rate_out / rate_in of the
    output. The first blocks therefore give less than their share, and `finish` gives what is left.
    Where the blocks are cut makes no difference, to the bit. Equal rates pass the sound through untouched.

    Args:
        rate_in: rate of what goes in, in Hz.
        rate_out: rate of what comes out, in Hz.
        channels: channels of every block.

    Source: libsoxr's "very high quality": flat to 0.01 dB up to 0.45 of the lower rate, more than 120 dB
    down from 0.52 of it (measured in tests/audio/test_rates.py).

    >>> up = Resampler(44100, 48000, channels=1)
    >>> y = [up.process(np.zeros((1, 441), dtype=np.float32)) for _ in range(10)] + [up.finish()]
    >>> np.concatenate(y, axis=1).shape
    (1, 4800)
    """

    def __init__(self, rate_in: int, rate_out: int, channels: int):
        if rate_in < 1 or rate_out < 1:
            raise AudioError(f"a sample rate is at least 1 Hz, and {rate_in} and {rate_out} Hz came")
        self.channels = channels
        self._stream = None
        if rate_in != rate_out:
            self._stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality="VHQ")

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next block [C, n] in, what is ready of the output [C, m] out, float32.

        Raises:
            ShapeError: the block is not [C, n].
        """
        if block.ndim != 2 or len(block) != self.channels:
            raise ShapeError(f"Resampler wants blocks [{self.channels}, n], and got {list(block.shape)}")
        return self._convert(block, last=False)

    def finish(self) -> np.ndarray:
        """What is left of the output [C, m] after the last block. Nothing can follow."""
        return self._convert(np.zeros((self.channels, 0)), last=True)

    def _convert(self, block: np.ndarray, last: bool) -> np.ndarray:
        if self._stream is None:
            return np.array(block, dtype=np.float32)
        frames = np.ascontiguousarray(block.T, dtype=np.float32)
        return np.ascontiguousarray(self._stream.resample_chunk(frames, last=last).T)


def resample(x: np.ndarray, rate_in: int, rate_out: int) -> np.ndarray:
    """A whole sound at another rate: what `Resampler` gives for it, in one go.

    Args:
        x: sound [C, T].
        rate_in: its rate in Hz.
        rate_out: the rate wanted, in Hz.

    Returns:
        The same sound, float32 [C, T * rate_out / rate_in, rounded].

    Raises:
        ShapeError: x is not [C, T].

    >>> resample(np.zeros((2, 48000)), 48000, 44100).shape
    (2, 44100)
    """
    if x.ndim != 2:
        raise ShapeError(f"resample wants sound [C, T], and got {list(x.shape)}")
    stream = Resampler(rate_in, rate_out, channels=len(x))
    return np.concatenate([stream.process(x), stream.finish()], axis=1)
