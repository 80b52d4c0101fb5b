"""Small MIDI files."""

from mido import Message, MetaMessage, MidiFile, MidiTrack


def put_tune(path, notes=((69, 0), (72, 0), (76, 0)), name: str = "lead"):
    """Notes of half a second, by (number, channel)."""
    file, track = MidiFile(), MidiTrack([MetaMessage("track_name", name=name)])
    for note, channel in notes:
        track += [
            Message("note_on", note=note, channel=channel),
            Message("note_off", note=note, channel=channel, time=480),
        ]
    file.tracks.append(track)
    file.save(path)
    return path
