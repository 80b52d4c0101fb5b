"""Standard MIDI files: the notes of one part, as one player of an instrument of one voice reads them."""

import io
import itertools
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mido.midifiles import MidiFile

from tonewright.audio.midi_voice import Voice, strikes
from tonewright.audio.score import LONGEST_S, Note
from tonewright.config import did_you_mean
from tonewright.errors import AudioError

MOST_BYTES = 1 << 20  # an orchestra's symphony is half of it; every event of mido's takes microseconds
MOST_NOTES = 50_000  # of a part
LONGEST_RUN = 4096  # bytes above 127 in a row: mido would make one number of them
DRUMS = 9  # the channel that is called 10
USUAL_TEMPO_US = 500_000  # for a quarter
HEARD = ("note_on", "note_off", "pitchwheel", "control_change")
MOST_TICKS = 1 << 53
LONGEST_NAME, MANY = 60, 8  # of a part's, and how many of them a sentence lists


@dataclass(frozen=True)
class Tune:
    """One part of a MIDI file.

    Attributes:
        notes: in order, never two at once.
        part: what it is called.
        parts: all that could have been asked for, each with how many notes it has.
        words: sentences on what was chosen and left out, for whoever wonders.
    """

    notes: list[Note]
    part: str
    parts: dict[str, int]
    words: list[str]


def read_tune(path: Path | str, part: str | None = None) -> Tune:
    """The notes of a part, with changes of tempo, pitch bends (and their range), volume and expression.

    A part is a track, or one channel of a track that has several. Percussion (channel 10) is left out. Of
    notes that overlap the later one ends the earlier one, and of a chord the highest is played. Expression
    and volume count as 40 log10 of their value, volume relative to the loudest in the part, since it is the
    balance with the other parts that it mostly means.

    Args:
        path: a standard MIDI file of type 0, 1 or 2, at most 1 MiB.
        part: a name, or its beginning, or a number from 1, in the order of `Tune.parts`; the one with the
            most notes when None.

    Raises:
        AudioError: the file cannot be read, is no MIDI file or is damaged; it has no notes or no such part; it
            lasts more than an hour or is larger than a score can be.

    Source: Standard MIDI Files 1.0; General MIDI 1 for the curve of volume and expression; RPN 0 for bends.

    >>> import tempfile
    >>> from mido import Message, MidiTrack
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file, track = MidiFile(), MidiTrack([Message("note_on", note=69), Message("note_off", note=69, time=480)])
    ...     file.tracks.append(track)
    ...     file.save(f"{folder}/a.mid")
    ...     read_tune(f"{folder}/a.mid").notes
    [Note(start_s=0.0, end_s=0.5, pitch=69.0, velocity=64, bend=(), gain=())]
    """
    path = Path(path)
    file = _load(path)
    parts = _parts(file, _seconds(file, path))
    counts = {name: _count(events) for name, events in parts.items()}
    chosen = _choose(path, counts, part)
    if counts[chosen] > MOST_NOTES:
        raise AudioError(
            f"{path} has {counts[chosen]} notes in '{chosen}', more than the {MOST_NOTES} of an hour"
        )
    voice = Voice()
    for second, message in parts[chosen]:
        voice.hear(second, message)
    notes = voice.finish()
    if not notes:
        raise AudioError(f"{path} has no note in '{chosen}' that lasts")
    if notes[-1].end_s > LONGEST_S:
        raise AudioError(f"{path} lasts {notes[-1].end_s / 60:.0f} minutes; a score may last an hour")
    return Tune(notes, chosen, counts, _words(chosen, counts, part, voice.lost))


class _Watched(io.BytesIO):
    """Bytes, in which what would be one endless number is an error. mido reads them one by one."""

    run = 0

    def read(self, size=-1):
        data = super().read(size)
        self.run = self.run + 1 if len(data) == 1 and data[0] > 127 else 0
        if self.run > LONGEST_RUN:
            raise OSError("a number without an end")
        return data


def _load(path: Path) -> MidiFile:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise AudioError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if data[:4] != b"MThd":
        raise AudioError(f"{path} is not a MIDI file: it does not begin with MThd")
    if len(data) > MOST_BYTES:
        raise AudioError(
            f"{path} is larger than {MOST_BYTES >> 20} MiB, which is more than a score of notes needs"
        )
    try:
        return MidiFile(file=_Watched(data))
    except EOFError as error:
        raise AudioError(
            f"{path} is cut off: it ends in the middle of a track; get the whole file"
        ) from error
    except Exception as error:  # whatever mido trips over
        raise AudioError(f"{path} is damaged and cannot be read as MIDI ({error}); get it again") from error


class _TempoMap:
    """Ticks to seconds.

    Args:
        tempos: (tick, microseconds for a quarter) from each tick on, in order.
        division: of the file's header; negative for frames of film or video.
    """

    def __init__(self, tempos: list[tuple[int, int]], division: int):
        self.at, tempo_us = np.array([(0, USUAL_TEMPO_US), *tempos], float).T
        self.tick_s = (
            1e-6 * tempo_us / division if division > 0 else np.full(len(self.at), _frame_s(division))
        )
        self.at_s = np.concatenate([[0.0], np.cumsum(np.diff(self.at) * self.tick_s[:-1])])

    def __call__(self, ticks: list[int]) -> np.ndarray:
        place = np.searchsorted(self.at, ticks, side="right") - 1
        return self.at_s[place] + (np.array(ticks, float) - self.at[place]) * self.tick_s[place]


def _frame_s(division: int) -> float:
    """The tick of a file that counts frames: minus their rate above, ticks of each below. 29 means 29.97."""
    frames = -(division >> 8)
    return 1.0 / ((30 / 1.001 if frames == 29 else frames) * (division & 0xFF))


def _seconds(file: MidiFile, path: Path) -> list[np.ndarray]:
    """When each event of each track is. All share their tempos; in a file of type 2 each track has its own."""
    division = file.ticks_per_beat
    if division == 0 or (division < 0 and not division & 0xFF):
        raise AudioError(f"{path} is damaged: its header tells no time for a tick")
    ticks, tempos = [], []
    for track in file.tracks:
        ticks.append(list(itertools.accumulate(message.time for message in track)))
        if ticks[-1] and ticks[-1][-1] > MOST_TICKS:
            raise AudioError(f"{path} lasts longer than music does; a score may last an hour")
        tempos.append([(t, m.tempo) for t, m in zip(ticks[-1], track, strict=True) if m.type == "set_tempo"])
    if file.type == 2:
        return [_TempoMap(own, division)(t) for own, t in zip(tempos, ticks, strict=True)]
    shared = _TempoMap(sorted(itertools.chain(*tempos), key=lambda tempo: tempo[0]), division)
    return [shared(t) for t in ticks]


def _parts(file: MidiFile, seconds: list[np.ndarray]) -> dict[str, list]:
    """The events that a player must know, [(seconds, message)], by the names of parts that have notes."""
    parts = {}
    for number, (track, at_s) in enumerate(zip(file.tracks, seconds, strict=True), start=1):
        channels, name = defaultdict(list), ""
        for second, message in zip(at_s, track, strict=True):
            if message.type == "track_name":
                name = name or "".join(filter(str.isprintable, message.name)).strip()[:LONGEST_NAME]
            elif message.type in HEARD and message.channel != DRUMS:
                channels[message.channel].append((float(second), message))
        sounding = {channel: events for channel, events in channels.items() if _count(events)}
        for channel, events in sounding.items():
            words = (name or f"track {number}") + (f", channel {channel + 1}" if len(sounding) > 1 else "")
            words += f" ({number})" if words in parts else ""
            end = (float(at_s[-1]), None)
            parts[words] = [*events, end]
    return parts


def _count(events: list) -> int:
    """How many notes are struck."""
    return sum(strikes(message) for _, message in events)


def _choose(path: Path, counts: dict[str, int], wanted: str | None) -> str:
    """The name of the part to play."""
    if not counts:
        raise AudioError(f"{path} has no notes, or only drums")
    if wanted is None:
        return max(counts, key=counts.get)
    names, word = list(counts), wanted.strip().casefold()
    if word.isdecimal() and 1 <= int(word[:9]) <= len(names):
        return names[int(word) - 1]
    fitting = [name for name in names if name.casefold() == word]
    fitting = fitting or [name for name in names if name.casefold().startswith(word)]
    if not fitting:
        raise AudioError(f"{path} has no part called '{wanted}'{did_you_mean(wanted, names)}")
    return fitting[0]


def _words(chosen: str, counts: dict[str, int], wanted: str | None, lost: int) -> list[str]:
    words = []
    if wanted is None and len(counts) > 1:
        others = [f"'{name}' ({count})" for name, count in counts.items() if name != chosen]
        more = f" and {len(others) - MANY} more" if len(others) > MANY else ""
        words.append(
            f"of {len(counts)} parts this plays '{chosen}', which has the most notes ({counts[chosen]}); there are "
            f"also {', '.join(others[:MANY])}{more}"
        )
    if lost:
        words.append(
            f"{lost} of {counts[chosen]} notes overlap with others and are cut short or left out: the instrument "
            "plays one note at a time"
        )
    return words
