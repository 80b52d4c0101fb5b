"""The room that an instrument learned, as a sound: an impulse response for any convolution reverb."""

from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve

from tonewright.audio import files
from tonewright.runtime.player import Player
from tonewright.runtime.room import response_of


def check(player: Player) -> None:
    """Refuse a model without a room.

    Raises:
        ConfigError: saying so.
    """
    response_of(player)


def write(player: Player, path: Path) -> str:
    """The impulse response as a sound file of one channel at the model's rate: 1.0 at sample 0, then the echoes.

    Args:
        player: of an instrument that learned a room.
        path: of the sound file; its suffix chooses the format.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the model has no room.
        AudioError: it cannot be written there.
    """
    response = response_of(player)
    files.write(path, response, player.sample_rate, comment=f"tonewright: a room, {player.tone.architecture}")
    echoes = 10.0 * np.log10(max(float(np.sum(response[1:].astype(float) ** 2)), 1e-20))
    seconds = len(response) / player.sample_rate
    return f"the room, {seconds:.2f} s at {player.sample_rate} Hz; all echoes together have {echoes:.1f} dB"


def replay(player: Player, path: Path, x: np.ndarray) -> np.ndarray:
    """The sound x [T] in the room of that file."""
    return _heard(x, files.read(files.info(path))[0][0])


def expected(player: Player, x: np.ndarray) -> np.ndarray:
    """The sound x [T] in the room that the instrument learned."""
    return _heard(x, response_of(player))


def _heard(x: np.ndarray, response: np.ndarray) -> np.ndarray:
    return fftconvolve(x.astype(np.float64), response.astype(np.float64))[: len(x)].astype(np.float32)
