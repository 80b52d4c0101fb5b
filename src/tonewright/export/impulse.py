"""The impulse response of a linear chain, as a sound for any convolver; and such sounds as chains of one response."""

from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve

from tonewright.audio import files
from tonewright.audio.encoders import format_for
from tonewright.errors import ConfigError, FileError
from tonewright.export.responses import Response, chain_of, response_of
from tonewright.layers.fir import MOST_TAPS
from tonewright.runtime.player import Player
from tonewright.storage import Tone

KINDS = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC")  # how WAV, AIFF and FLAC files begin
MOST_CHANNELS = 8
LONGEST_S, MOST = 60, 1 << 23  # seconds, and samples at any rate, of one that rings on for longer


def check(player: Player) -> None:
    """Refuse a model that is more than its response to a click.

    Raises:
        ConfigError: naming what in it is not linear, or why else it cannot be written.
    """
    _response(player)


def write(player: Player, path: Path) -> str:
    """The impulse response as a sound file at the model's rate; a .wav of 32-bit floats holds it to the last bit.

    A response that rings on ends where all that follows is 140 dB below all of it, and after a minute at the latest.
    The samples by which a chain is late are left out where they are silent. A chain that makes two channels, or hears
    two and keeps them apart, gives a file of two channels.

    Args:
        player: of a chain of linear processors.
        path: of the sound file; its suffix chooses the format.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the model is not linear, or the format cannot hold its response.
        AudioError: it cannot be written there.
    """
    response = _response(player)
    taps = response.taps.astype(np.float32)
    peak = float(np.abs(taps).max())
    if peak > 1.0 and format_for(path, player.sample_rate, len(taps)).clips:
        raise ConfigError(
            f"this response goes up to {peak:.3g}, and a {path.suffix} file to 1; write a .wav file"
        )
    files.write(path, taps, player.sample_rate, comment="tonewright: an impulse response")
    kind = "the impulse response" if len(taps) == 1 else f"the impulse responses of {len(taps)} channels"
    return f"{kind}, {response.told(player.sample_rate)}"


def replay(player: Player, path: Path, x: np.ndarray) -> np.ndarray:
    """The sound x [T] or [C, T] convolved with that file, in float64."""
    taps = files.read(files.info(path))[0].astype(np.float64)
    x = np.broadcast_to(x, (len(taps), x.shape[-1])).astype(np.float64)
    return fftconvolve(x, taps, axes=-1)[:, : x.shape[-1]]


def expected(player: Player, x: np.ndarray) -> np.ndarray:
    """What the chain makes of x [T] or [C, T], without the samples by which the file is ahead of it."""
    early = _response(player).early
    y = player.render(np.concatenate([x, np.zeros((*x.shape[:-1], early), x.dtype)], axis=-1))
    return np.atleast_2d(y)[:, early:]


def read(path: Path) -> Tone:
    """The chain of one response that a sound file is.

    Args:
        path: of a sound file of one channel, or of several that are the same, at any rate.

    Raises:
        AudioError: it is no sound, or a damaged one.
        FileError: it is no WAV, AIFF or FLAC file, is silent, has channels that differ or too many, or is too long or
            too loud for a response.

    >>> read(Path("missing.wav"))
    Traceback (most recent call last):
    tonewright.errors.AudioError: there is no file missing.wav; check its name and its folder
    """
    _check_start(path)
    sound = files.info(path)
    if sound.channels > MOST_CHANNELS:
        raise FileError(
            f"{path} has {sound.channels} channels, and an impulse response at most {MOST_CHANNELS}; keep one of them"
        )
    if sound.frames > MOST_TAPS:
        raise FileError(
            f"{path} lasts {sound.seconds:.1f} s, and an impulse response at {sound.sample_rate} Hz "
            f"{MOST_TAPS / sound.sample_rate:.1f} s at most; cut it"
        )
    x, rate = files.read(sound)
    if (x != x[0]).any():
        raise FileError(
            f"{path} has {len(x)} channels that differ, and an impulse response is read from one; keep one of them"
        )
    if not x.any():
        raise FileError(f"{path} is silent, and no impulse response")
    try:
        model = chain_of(x[0], rate)
    except ConfigError as error:
        raise FileError(f"{path} cannot be played: {error}") from error
    return Tone("chain", model, rate)


def _check_start(path: Path) -> None:
    """Refuse other kinds of sound before they are decoded: some take much memory for little in a file."""
    if not path.is_file() or path.stat().st_size == 0:
        return  # which is told better where it is opened
    with path.open("rb") as file:
        start = file.read(26)
    if start[:4] not in KINDS:
        raise FileError(f"{path} is no WAV, AIFF or FLAC file; convert it to one")
    if start[:4] == b"fLaC" and not int.from_bytes(start[21:26], "big") & (1 << 36) - 1:
        raise FileError(f"{path} does not tell how long it is; convert it to a WAV file")


def _response(player: Player) -> Response:
    response = response_of(player, min(LONGEST_S * player.sample_rate, MOST), ahead=True)
    if response.constant.any():
        raise ConfigError(
            "an impulse response cannot hold this model, for it makes sound of silence (an offset)"
        )
    return response
