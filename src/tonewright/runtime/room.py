"""The room that an instrument is heard in: the one that it learned, or a recorded response."""

from pathlib import Path

import numpy as np

from tonewright.audio import files
from tonewright.audio.rates import resample
from tonewright.errors import AudioError, ConfigError
from tonewright.layers.fir import MOST_TAPS
from tonewright.runtime.player import Player

NONE = np.zeros(0, np.float32)


def own_room(player: Player) -> np.ndarray:
    """The impulse response that the instrument learned, without the dry sound, [N]; empty when it has none."""
    room = getattr(player.model, "room", None)
    return NONE if room is None else room.echoes.detach().numpy().astype(np.float32)


def response_of(player: Player) -> np.ndarray:
    """The whole response of the instrument's room [N], from the dry sound on, which is 1 at sample 0.

    Raises:
        ConfigError: when it learned no room.
    """
    echoes = own_room(player)
    if not len(echoes):
        kind = player.tone.architecture
        other = f"only an instrument has a room, and this model is of kind {kind}"
        raise ConfigError("this model learned no room" if plays_frames(player) else other)
    return np.concatenate([np.ones(1, np.float32), echoes[1:]])


def plays_frames(player: Player) -> bool:
    """Whether this is an instrument, which can be played from frames of pitch and loudness."""
    return getattr(player.model, "voice", None) is not None


def read_room(path: Path, sample_rate: int) -> np.ndarray:
    """The echoes of a recorded impulse response, without the dry sound, [N] at `sample_rate`.

    Its strongest sample is taken for the direct sound: it is left out, with all that comes before it, and what comes
    behind is as loud as it is beside a direct sound of 1. So a room that was exported comes back as it was.

    Args:
        path: a sound file of one channel, at any rate.
        sample_rate: of the instrument, in Hz.

    Raises:
        AudioError: it cannot be read, has several channels, is silent, or lasts more than a minute or so.
    """
    sound = files.info(path)
    if sound.channels != 1:
        raise AudioError(
            f"{path} has {sound.channels} channels, and the room of an instrument has one; mix it down"
        )
    if sound.seconds * sample_rate > MOST_TAPS:
        raise AudioError(
            f"{path} lasts {sound.seconds:.0f} s, and a room rings for {MOST_TAPS / sample_rate:.0f} s at most"
        )
    x, rate = files.read(sound)
    if not x.any():
        raise AudioError(f"{path} is silent, and no room")
    direct = int(np.argmax(np.abs(x[0])))
    echoes = x[0, direct:] / x[0, direct]
    echoes[0] = 0.0
    echoes = resample(echoes[None], rate, sample_rate)[0] * (
        rate / sample_rate
    )  # taps closer by are smaller ones
    echoes[:1] = 0.0
    return echoes
