"""Playing an instrument from frames of pitch and loudness, whoever made them: a pitch tracker, or a score."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from tonewright.audio.f0 import f0_track
from tonewright.dsp.convolution import long_fir
from tonewright.dsp.loudness import loudness
from tonewright.errors import AudioError, ConfigError
from tonewright.runtime import native
from tonewright.runtime.native import NativeStream
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream
from tonewright.storage import Tone
from tonewright.threads import one_thread

FRAMES = 400  # that are played at a time
RANGE = (10.0, 95.0)  # percentiles of the loudness of voiced frames: what a player calls soft and loud
SLOPES = (0.5, 2.0)  # by which a range of loudness is stretched at most
SILENT_DB, FLOOR_DB = -70.0, -80.0
UNVOICED_DB, SMOOTHED = 15.0, 5  # what has no pitch is played softer by that, within so many frames
RANGE_KEYS = ("f0_low_hz", "f0_high_hz", "loudness_low_db", "loudness_high_db")  # of a file's levels


@dataclass(frozen=True)
class Phrase:
    """What is to be played.

    Attributes:
        f0_hz: the pitch of each frame, [F], above 0 also where nothing sounds.
        loudness_db: A-weighted, [F]; -80 is silence.
        voiced: frames that have a pitch, [F] bool.
    """

    f0_hz: np.ndarray
    loudness_db: np.ndarray
    voiced: np.ndarray

    def transposed(self, semitones: float) -> "Phrase":
        """Higher, or lower, by so many semitones."""
        return replace(self, f0_hz=self.f0_hz * 2.0 ** (semitones / 12.0))


def frames_of(x: np.ndarray, sample_rate: int, hop: int) -> Phrase:
    """The pitch and the loudness of a sound [T], a frame for each whole hop.

    Raises:
        AudioError: when nothing in it has a pitch.
    """
    track = f0_track(x, sample_rate, hop)
    if not track.voiced.any():
        raise AudioError("nothing in this sound has a pitch; an instrument is played by a melody, one note at a time")
    level = loudness(torch.from_numpy(np.ascontiguousarray(x, np.float32))[None, None], sample_rate, hop)
    return Phrase(track.f0_hz, level[0, 0].numpy()[: len(track.f0_hz)], track.voiced)


def ranges(f0_hz: np.ndarray, loudness_db: np.ndarray, voiced: np.ndarray) -> dict[str, float]:
    """What a file tells of the instrument's range: pitch in Hz and loudness in dB, low and high."""
    sounding = voiced & (loudness_db > SILENT_DB)
    sounding = sounding if sounding.any() else voiced
    pitch, level = np.percentile(f0_hz[sounding], (2, 98)), np.percentile(loudness_db[sounding], RANGE)
    return dict(zip(RANGE_KEYS, map(float, (*pitch, *level)), strict=True))


def fitted(phrase: Phrase, levels: dict[str, float], octaves: bool = True) -> tuple[Phrase, int]:
    """The phrase as loud as the instrument was when it was recorded, and in its range.

    Args:
        phrase: as it was heard.
        levels: of the instrument's file; without the ranges in it, the phrase stays as it is.
        octaves: move it by whole octaves to where the instrument plays.

    Returns:
        The phrase, and by how many semitones it was moved.
    """
    if not all(name in levels for name in RANGE_KEYS):
        return phrase, 0
    own = ranges(phrase.f0_hz, phrase.loudness_db, phrase.voiced)
    soft, loud = own["loudness_low_db"], own["loudness_high_db"]
    slope = (levels["loudness_high_db"] - levels["loudness_low_db"]) / max(loud - soft, 1e-3)
    level = levels["loudness_high_db"] + min(max(slope, SLOPES[0]), SLOPES[1]) * (phrase.loudness_db - loud)
    level = level - UNVOICED_DB * (1.0 - _smoothed(phrase.voiced))
    level = np.where(phrase.loudness_db <= FLOOR_DB + 0.5, FLOOR_DB, np.maximum(level, FLOOR_DB))
    middle = 0.5 * np.log2(levels["f0_low_hz"] * levels["f0_high_hz"])
    moved = 12 * round(middle - 0.5 * np.log2(own["f0_low_hz"] * own["f0_high_hz"])) if octaves else 0
    return replace(phrase, loudness_db=level).transposed(moved), moved


def sounds(player: Player, phrase: Phrase, room: np.ndarray | None = None, dry: float = 1.0) -> Iterator[np.ndarray]:
    """What the instrument plays, in blocks [T] that together have hop samples for each frame.

    Args:
        player: of an instrument.
        phrase: one or more frames.
        room: the response that the sound is heard through beside itself, [N]; None for the instrument's own, an
            empty one for none.
        dry: how much of the sound itself is heard.

    Raises:
        ConfigError: when the player is of no instrument.
    """
    voice, echoes = voice_of(player), own_room(player) if room is None else room
    rows = [phrase.f0_hz, phrase.loudness_db, *np.zeros((voice.inputs - 2, len(phrase.f0_hz)))]
    frames = np.stack(rows).astype(np.float32)
    late, memory = voice.latency, torch.zeros(1, 1, max(0, len(echoes) - 1))
    stream = _stream(voice, player.sample_rate)
    for start in range(0, frames.shape[1] + 1, FRAMES):
        block = frames[:, start : start + FRAMES]
        if start + FRAMES > frames.shape[1]:  # the last frame once more, for the sound trails by one
            block = np.concatenate([block, frames[:, -1:]], axis=1)
        y = stream.process(block)[0]
        y, late = y[late:], 0
        if len(echoes):
            heard, memory = _heard(y, echoes, memory)
            y = dry * y + heard
        yield y


def play(player: Player, phrase: Phrase, room: np.ndarray | None = None, dry: float = 1.0) -> np.ndarray:
    """All that `sounds` gives, [F * hop]."""
    return np.concatenate(list(sounds(player, phrase, room, dry)))


def voice_of(player: Player):
    """The part of an instrument that sounds from frames.

    Raises:
        ConfigError: when the player is of no instrument.
    """
    voice = getattr(player.model, "voice", None)
    if voice is None:
        raise ConfigError(
            f"only an instrument is played by pitch and loudness, and this is a {player.tone.architecture}"
        )
    return voice


def own_room(player: Player) -> np.ndarray:
    """The impulse response that the instrument learned, without the dry sound, [N]; empty when it has none."""
    room = player.model.room
    return np.zeros(0, np.float32) if room is None else room.echoes.detach().numpy()


def _stream(voice, sample_rate: int) -> Stream | NativeStream:
    file = native.playable(Tone("ddsp", voice.eval(), sample_rate))
    return Stream(voice, sample_rate) if file is None else NativeStream(file, voice)


@one_thread()
@torch.no_grad()
def _heard(y: np.ndarray, echoes: np.ndarray, memory):
    heard, memory = long_fir(torch.from_numpy(y)[None, None], torch.from_numpy(echoes), memory)
    return heard[0, 0].numpy(), memory


def _smoothed(flags: np.ndarray) -> np.ndarray:
    """1 where it is true and 0 where not, with slopes of a few frames."""
    return np.convolve(np.pad(flags.astype(float), SMOOTHED // 2, mode="edge"), np.ones(SMOOTHED) / SMOOTHED, "valid")
