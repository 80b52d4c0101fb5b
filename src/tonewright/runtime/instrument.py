"""Playing an instrument from frames of pitch and loudness, whoever made them: a pitch tracker, or a score."""

from collections.abc import Iterator

import numpy as np
import torch

from tonewright.audio.performance import Performance
from tonewright.dsp.convolution import long_fir
from tonewright.errors import ConfigError, ShapeError
from tonewright.runtime import native
from tonewright.runtime.native import NativeStream
from tonewright.runtime.phrase import Phrase
from tonewright.runtime.player import Player
from tonewright.runtime.room import own_room, plays_frames
from tonewright.runtime.stream import Stream, checked_port
from tonewright.storage import Tone
from tonewright.threads import one_thread

FRAMES = 400  # that are played at a time
BEYOND = 2.0  # how far beyond what it listens for an instrument is played: an octave


def sounds(
    player: Player,
    phrase: Phrase,
    room: np.ndarray | None = None,
    timbre: np.ndarray | None = None,
    **controls: float,
) -> Iterator[np.ndarray]:
    """What the instrument plays, in blocks [T] that together have hop samples for each frame.

    Frame n is heard at sample n hop, without any delay.

    Args:
        player: of an instrument.
        phrase: what to play; of an empty one, nothing comes.
        room: the echoes [N] that are heard beside the sound; None for the instrument's own, an empty one for none.
        timbre: of each frame, [timbres, F], to which the controls are added; None for the typical one.
        controls: as of its live stream: transpose in semitones, loudness in dB, reverb, timbre_1 ...

    Raises:
        ConfigError: when the player is of no instrument, or has no such control.
        ShapeError: when the timbre has other timbres than the instrument, or other frames than the phrase.
    """
    voice = voice_of(player)
    check_controls(player, controls)
    if not len(phrase):
        return
    phrase = phrase.transposed(controls.get("transpose", 0.0)).louder(controls.get("loudness", 0.0))
    frames = _rows(voice, phrase, timbre, controls)
    echoes, amount = own_room(player) if room is None else room, controls.get("reverb", 1.0)
    memory, stream, late = torch.zeros(1, 1, max(0, len(echoes) - 1)), voice_stream(player), voice.latency
    for start in range(0, frames.shape[1], FRAMES):
        y = stream.process(frames[:, start : start + FRAMES])[0]
        y, late = y[late:], 0
        if len(echoes) and amount:
            heard, memory = _heard(y, echoes, memory)
            y = y + amount * heard
        yield y


def play(
    player: Player,
    phrase: Phrase,
    room: np.ndarray | None = None,
    timbre: np.ndarray | None = None,
    **controls: float,
) -> np.ndarray:
    """All that `sounds` gives, [F * hop].

    >>> import tonewright as tw
    >>> from tonewright import models
    >>> room = models.find("ddsp")
    >>> player = Player(Tone("ddsp", room.Model(room.PRESETS["tiny"]), 16000))
    >>> play(player, Phrase([440.0, 440.0, 466.0], [-30.0, -20.0, -20.0]), transpose=12).shape
    (480,)
    """
    return np.concatenate([np.zeros(0, np.float32), *sounds(player, phrase, room, timbre, **controls)])


def play_again(player: Player, performance: Performance) -> np.ndarray:
    """A recording of the instrument, [F * hop], from what was heard in it: pitch, loudness, and timbre if any.

    The timbre is that which the instrument's own encoder hears, where it was taught one.
    """
    phrase, timbre = Phrase(performance.f0_hz, performance.loudness_db, performance.voiced), None
    if player.model.config.latent:
        with torch.no_grad():
            timbre = player.model.encode(torch.from_numpy(performance.sound)[None, None])[0].numpy()
    return play(player, phrase, timbre=timbre)


def check_controls(player: Player, controls: dict[str, float]) -> None:
    """Refuse controls that an instrument does not have, or cannot take.

    Raises:
        ConfigError: with what is wrong.
    """
    for name, value in controls.items():
        checked_port(player.model.ports, name, value)


def voice_of(player: Player):
    """The part of an instrument that sounds from frames.

    Raises:
        ConfigError: when the player is of no instrument.
    """
    if not plays_frames(player):
        kind = player.tone.architecture
        raise ConfigError(f"only an instrument is played by pitch and loudness, and this is a {kind}")
    return player.model.voice


def voice_stream(player: Player) -> Stream | NativeStream:
    """A fresh stream of the instrument's voice: frames [2 + timbres, F] in, the dry sound out, a hop late."""
    voice = voice_of(player).eval()
    file = native.playable(Tone(player.tone.architecture, voice, player.sample_rate))
    return Stream(voice, player.sample_rate) if file is None else NativeStream(file, voice)


def _rows(voice, phrase: Phrase, timbre: np.ndarray | None, controls: dict[str, float]) -> np.ndarray:
    """The frames as the voice takes them, [2 + timbres, F + 1]: the last one twice, for the sound trails by one."""
    low_hz, high_hz = voice.config.lowest_hz / BEYOND, voice.config.highest_hz * BEYOND
    timbres = np.zeros((voice.inputs - 2, len(phrase))) if timbre is None else np.asarray(timbre, float)
    if timbres.shape != (voice.inputs - 2, len(phrase)):
        raise ShapeError(
            f"the timbre of this phrase is [{voice.inputs - 2}, {len(phrase)}], and not {list(timbres.shape)}"
        )
    turned = [controls.get(f"timbre_{i + 1}", 0.0) for i in range(len(timbres))]
    rows = [np.clip(phrase.f0_hz, low_hz, high_hz), phrase.loudness_db]
    rows += [row + knob for row, knob in zip(timbres, turned, strict=True)]
    return np.pad(np.stack(rows).astype(np.float32), ((0, 0), (0, 1)), mode="edge")


@one_thread()
@torch.no_grad()
def _heard(y: np.ndarray, echoes: np.ndarray, memory: torch.Tensor) -> tuple[np.ndarray, torch.Tensor]:
    heard, memory = long_fir(torch.from_numpy(y)[None, None], torch.from_numpy(echoes), memory)
    return heard[0, 0].numpy(), memory
