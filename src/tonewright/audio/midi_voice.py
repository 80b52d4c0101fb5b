"""One MIDI channel as a player of an instrument of one voice reads it: keys, wheel and pedals become notes."""

import math
from dataclasses import replace

from tonewright.audio.score import Note, Steps

USUAL_VOLUME, USUAL_BEND = 100, 2.0
VOLUME, EXPRESSION = 7, 11
RPN_LOW, RPN_HIGH, DATA, DATA_FINE = 100, 101, 6, 38
CHORD_S = 0.03  # notes that begin this close together and overlap are a chord


def strikes(message) -> bool:
    """Whether a message begins a note."""
    return message is not None and message.type == "note_on" and message.velocity > 0


class Voice:
    """Follows the messages of one channel, and keeps the note that sounds; `lost` counts what overlapped."""

    def __init__(self):
        self.notes, self.note, self.lost = [], None, 0
        self.bend, self.bend_range, self.registered = 0.0, USUAL_BEND, [127, 127]
        self.pedals = {VOLUME: USUAL_VOLUME, EXPRESSION: 127}
        self.loudest = 0  # volume that was heard

    def hear(self, second: float, message) -> None:
        """A message of mido's; None ends the track."""
        if message is None:
            self._end(second)
        elif strikes(message):
            self._strike(second, message)
        elif message.type in ("note_on", "note_off"):
            if self.note and self.note["key"] == message.note:
                self._end(second)
        elif message.type == "pitchwheel":
            self.bend = message.pitch / 8192
            self._move(second)
        else:
            self._control(second, message.control, message.value)

    def finish(self) -> list[Note]:
        """The notes, their volume relative to the loudest."""
        shift_db = _pedal_db(self.loudest)
        return [replace(n, gain=_told([(s, db - shift_db) for s, db in n.gain])) for n in self.notes]

    def _strike(self, second: float, message) -> None:
        if self.note:
            self.lost += 1
            if second - self.note["start_s"] < CHORD_S:
                if message.note < self.note["key"]:
                    return
                second = self.note["start_s"]
            self._end(second)
        self.note = {
            "start_s": second,
            "key": message.note,
            "velocity": message.velocity,
            "bend": [],
            "gain": [],
        }
        self._move(second)

    def _control(self, second: float, control: int, value: int) -> None:
        if control in self.pedals:
            self.pedals[control] = value
            self._move(second)
        elif control in (RPN_HIGH, RPN_LOW):
            self.registered[control == RPN_LOW] = value
        elif control in (DATA, DATA_FINE) and self.registered == [0, 0]:
            whole, fine = int(self.bend_range), self.bend_range % 1
            self.bend_range = value + fine if control == DATA else whole + value / 100
            self._move(second)

    def _move(self, second: float) -> None:
        """Writes down where wheel and pedals are while a note sounds."""
        if self.note:
            self.loudest = max(self.loudest, self.pedals[VOLUME])
            gain_db = _pedal_db(self.pedals[VOLUME]) + _pedal_db(self.pedals[EXPRESSION])
            self.note["bend"].append((second, self.bend * self.bend_range))
            self.note["gain"].append((second, gain_db))

    def _end(self, second: float) -> None:
        note, self.note = self.note, None
        if note and second > note["start_s"]:
            bend, gain = _told(note["bend"]), tuple(note["gain"])
            key, velocity = float(note["key"]), note["velocity"]
            self.notes.append(Note(note["start_s"], second, key, velocity, bend, gain))


def _pedal_db(value: int) -> float:
    return 40.0 * math.log10(max(value, 0.5) / 127)


def _told(steps: list[tuple[float, float]]) -> Steps:
    """Without what changes nothing, and nothing at all for what stays 0."""
    kept = [step for n, step in enumerate(steps) if n == 0 or step[1] != steps[n - 1][1]]
    return () if len(kept) == 1 and kept[0][1] == 0 else tuple(kept)
