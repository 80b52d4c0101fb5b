"""Playing a file on an instrument: a melody, whose pitch and loudness it follows, or a score."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tonewright.audio import files
from tonewright.audio.midi_file import read_tune
from tonewright.audio.score import notes_to_features
from tonewright.dsp.loudness import FLOOR_DB
from tonewright.errors import AudioError
from tonewright.runtime.instrument import check_controls, sounds, voice_of
from tonewright.runtime.phrase import Phrase, fitted, heard, told_range
from tonewright.runtime.player import Player
from tonewright.runtime.render import BLOCK, converted, mixed_down
from tonewright.runtime.room import read_room

SCORES = (".mid", ".midi")
LISTENING = 0.4  # share of the time that goes into listening, about
BEYOND = 1.06  # what is a semitone outside of an instrument's range is told
MANY = 0.05  # of the frames; less is not told

Said = Callable[[str], None]


def is_score(path: Path) -> bool:
    """Whether a file holds notes and no sound, by its suffix.

    >>> is_score(Path("tune.mid")), is_score(Path("singing.wav"))
    (True, False)
    """
    return Path(path).suffix.lower() in SCORES


def perform(
    player: Player,
    source: Path,
    target: Path,
    controls: dict[str, float] | None = None,
    room: Path | None = None,
    part: str | None = None,
    said: Said = lambda sentence: None,
    progress: Callable[[float], None] = lambda done: None,
) -> int:
    """Write `target`: what an instrument plays, following a sound or a score, of one channel.

    From a sound, it lines up with it, is as long and has its rate. Its pitch is found by swift-f0, better than live,
    and moved by octaves into the instrument's range, unless `transpose` says how far; its loudness is fitted as well.

    Args:
        player: of an instrument.
        source: a sound, or a MIDI file.
        target: a sound file; the suffix chooses its format.
        controls: transpose in semitones, loudness in dB, reverb, timbre_1 ..., as of the live stream.
        room: the recorded response of a room, to stand in for that of the instrument.
        part: of a MIDI file: its name, or its number from 1; the one with the most notes when None.
        said: is told what was found and decided, sentence by sentence.
        progress: is told the share that is done, 0..1.

    Returns:
        How many samples the format of the target had to clip.

    Raises:
        AudioError: a file that cannot be read or written; a sound without a pitch; a room of several channels.
        ConfigError: when the player is of no instrument, or has no such control.
    """
    controls, source = dict(controls or {}), Path(source)
    hop = voice_of(player).config.hop
    echoes = None if room is None else read_room(room, player.sample_rate)
    check_controls(player, controls)
    sound = None if is_score(source) else files.info(source)
    sample_rate = player.sample_rate if sound is None else sound.sample_rate
    writer = files.Writer(target, sample_rate, 1)  # refuses a name before anything takes long
    if sound is None:
        phrase = _read_score(player, source, part, controls.get("transpose", 0.0), said)
    else:
        octaves = "transpose" not in controls
        phrase = listen(player, source, octaves, said, lambda done: progress(LISTENING * done))
    total = len(phrase) * hop if sound is None else sound.frames
    done, blocks = 0, (block[None] for block in sounds(player, phrase, echoes, **controls))
    with writer:
        for block in converted(blocks, player.sample_rate, sample_rate):
            block = block[:, : total - done]
            writer.write(block)
            done += block.shape[1]
            progress(LISTENING + (1 - LISTENING) * done / total)
    return writer.clipped


def listen(
    player: Player,
    source: Path | str,
    octaves: bool = True,
    said: Said = lambda sentence: None,
    progress: Callable[[float], None] = lambda done: None,
) -> Phrase:
    """The pitch and the loudness of a sound file, fitted to an instrument.

    Args:
        player: of an instrument.
        source: a sound file; several channels are mixed down.
        octaves: move it by whole octaves to where the instrument plays.
        said: is told what was found and decided, sentence by sentence.
        progress: is told the share that is done, 0..1.

    Raises:
        AudioError: it cannot be read, or nothing in it has a pitch.
        ConfigError: when the player is of no instrument.
    """
    hop, sound = voice_of(player).config.hop, files.info(source)
    if sound.channels > 1:
        said(f"its {sound.channels} channels were mixed down, for an instrument has one voice")
    if sound.sample_rate != player.sample_rate:
        said(
            f"it has {sound.sample_rate} Hz and the instrument plays at {player.sample_rate} Hz; converted and back"
        )
    blocks = _told(mixed_down(files.blocks(source, BLOCK)), sound.frames, progress)
    blocks = (block[0] for block in converted(blocks, sound.sample_rate, player.sample_rate))
    try:
        phrase, moved = fitted(heard(blocks, player.sample_rate, hop), player.tone.levels, octaves)
    except AudioError as error:
        named = str(error).startswith(str(source))
        raise error if named else AudioError(f"{source} cannot be played: {error}") from error
    if moved:
        way = "up" if moved > 0 else "down"
        said(
            f"moved {way} by {abs(moved)} semitones to where the instrument plays; --transpose says how far instead"
        )
    return phrase


def _read_score(player: Player, path: Path, part: str | None, transpose: float, said: Said) -> Phrase:
    """A part of a MIDI file, as loud as the instrument is."""
    tune, told = read_tune(path, part), told_range(player.tone.levels)
    hop_s = player.model.config.hop / player.sample_rate
    for sentence in tune.words:
        said(sentence)
    loudness = {} if told is None else {"loudness_range_db": told[2:]}
    f0_hz, loudness_db = notes_to_features(tune.notes, hop_s, **loudness)
    phrase = Phrase(f0_hz, loudness_db, loudness_db > FLOOR_DB)
    if told is not None:
        _warn_of_range(phrase.transposed(transpose), told, said)
    return phrase


def _warn_of_range(phrase: Phrase, told: tuple[float, ...], said: Said) -> None:
    pitch = phrase.f0_hz[phrase.voiced]
    outside = float(np.mean((pitch < told[0] / BEYOND) | (pitch > told[1] * BEYOND)))
    if outside > MANY:
        said(
            f"{100 * outside:.0f} % of it is outside of what the instrument was recorded with, {told[0]:.0f} to "
            f"{told[1]:.0f} Hz, and may sound odd; --transpose moves it"
        )


def _told(
    blocks: Iterator[np.ndarray], frames: int, progress: Callable[[float], None]
) -> Iterator[np.ndarray]:
    done = 0
    for block in blocks:
        yield block
        done += block.shape[-1]
        progress(done / frames)
