"""A MIDI file is read as its notes were meant, mido's own clock agrees, and nothing in a file does harm."""

import io
import random
import struct

import pytest
from mido.messages import Message
from mido.midifiles import MetaMessage, MidiFile, MidiTrack

from tonewright.audio.midi_file import MOST_BYTES, read_tune
from tonewright.audio.score import notes_to_features
from tonewright.errors import AudioError

HEADER = b"MThd" + struct.pack(">Lhhh", 6, 0, 1, 480)


def on(note, time=0, velocity=64, channel=0):
    return Message("note_on", note=note, velocity=velocity, time=time, channel=channel)


def off(note, time=0, channel=0):
    return Message("note_off", note=note, time=time, channel=channel)


def control(number, value, time=0, channel=0):
    return Message("control_change", control=number, value=value, time=time, channel=channel)


def tempo(microseconds, time=0):
    return MetaMessage("set_tempo", tempo=microseconds, time=time)


def named(name, *messages):
    return [MetaMessage("track_name", name=name), *messages]


@pytest.fixture
def read(tmp_path):
    def read(*tracks, part=None, **header):
        file = MidiFile(**header)
        file.tracks += [MidiTrack(track) for track in tracks]
        file.save(tmp_path / "tune.mid")
        return read_tune(tmp_path / "tune.mid", part)

    return read


def times(tune):
    return [(round(n.start_s, 6), round(n.end_s, 6), n.pitch) for n in tune.notes]


def test_tempo_changes_move_the_notes_as_midos_own_clock_says(read):
    melody = [on(60), off(60, 480), on(62, 480), off(62, 960), on(64), off(64, 240)]
    changes = [tempo(400_000), tempo(1_000_000, 700), tempo(250_000, 333)]
    tune = read(changes, melody)
    file = MidiFile(tracks=[MidiTrack(changes), MidiTrack(melody)])
    now, told = 0.0, []
    for message in file:
        now += message.time
        told += [now] * message.type.startswith("note")
    assert [t for n in tune.notes for t in (n.start_s, n.end_s)] == pytest.approx(told)


def test_a_file_of_type_2_has_a_tempo_in_each_track(read):
    tracks = [tempo(1_000_000), on(60), off(60, 480)], [on(62), off(62, 480), on(62), off(62, 480)]
    assert times(read(*tracks, type=2))[0] == (0.0, 0.5, 62.0)
    assert times(read(*tracks, type=2, part="1")) == [(0.0, 1.0, 60.0)]


def test_a_file_that_counts_frames(read):
    assert times(read([tempo(1), on(60), off(60, 1000)], ticks_per_beat=-25 * 256 + 40)) == [(0.0, 1.0, 60.0)]


def test_a_later_note_ends_the_earlier_one_and_that_is_said(read):
    tune = read([on(60), on(64, 480), off(60, 240), off(64, 240)])
    assert times(tune) == [(0.0, 0.5, 60.0), (0.5, 1.0, 64.0)]
    assert len(tune.words) == 1 and tune.words[0].startswith("1 of 2 notes overlap")


def test_of_a_chord_the_highest_is_heard(read):
    tune = read([on(64), on(67, 10), on(60, 5), off(64, 480), off(67), off(60)])
    assert [(n.start_s, n.pitch) for n in tune.notes] == [(0.0, 67.0)]


def test_a_note_on_without_velocity_ends_and_what_is_held_ends_with_the_track(read):
    end = MetaMessage("end_of_track", time=480)
    tune = read([on(60), on(60, 480, velocity=0), on(62), end])
    assert times(tune) == [(0.0, 0.5, 60.0), (0.5, 1.0, 62.0)]
    assert tune.words == []


def test_bends_count_in_their_range(read):
    wheel = Message("pitchwheel", pitch=4096, time=0)
    late = Message("pitchwheel", pitch=-8192, time=480)
    rpn = [control(101, 0), control(100, 0), control(6, 12), control(38, 50)]
    assert read([wheel, on(60), late, off(60, 480)]).notes[0].bend == ((0.0, 1.0), (0.5, -2.0))
    assert read([*rpn, wheel, on(60), off(60, 480)]).notes[0].bend == ((0.0, 6.25),)
    other = [control(101, 0), control(100, 1), control(6, 12)]  # RPN 1 is fine tuning
    assert read([*other, wheel, on(60), off(60, 480)]).notes[0].bend == ((0.0, 1.0),)


def test_expression_and_volume(read):
    notes = [on(60), control(11, 64, 240), off(60, 240), control(7, 50), on(62), off(62, 480)]
    first, second = read(notes).notes
    half_db = 40 * -0.29756  # log10(64 / 127)
    assert first.gain == ((0.0, 0.0), (0.25, pytest.approx(half_db, abs=0.01)))
    assert second.gain == ((0.5, pytest.approx(half_db + 40 * -0.30103, abs=0.01)),)  # volume 50 of 100


def test_the_part_with_the_most_notes_unless_another_is_asked_for(read):
    tracks = (
        [tempo(500_000)],
        named("Violin", on(76), off(76, 480), on(77), off(77, 480)),
        named("Bass", on(40, channel=1), off(40, 480, channel=1)),
        named("Kit", *(on(36, 10, channel=9) for _ in range(50))),
    )
    tune = read(*tracks)
    assert tune.part == "Violin" and tune.parts == {"Violin": 2, "Bass": 1}
    assert tune.words == [
        "of 2 parts this plays 'Violin', which has the most notes (2); there are also 'Bass' (1)"
    ]
    for part in ("Bass", "ba", "2"):
        tune = read(*tracks, part=part)
        assert tune.part == "Bass" and times(tune) == [(0.0, 0.5, 40.0)] and tune.words == []
    with pytest.raises(AudioError, match="no part called 'Viola'; did you mean 'Violin'"):
        read(*tracks, part="Viola")


def test_the_channels_of_one_track_are_parts(read):
    track = named("All", on(60), on(72, channel=3), off(60, 480), off(72, 0, channel=3), on(61), off(61, 10))
    tune = read(track, type=0)
    assert tune.parts == {"All, channel 1": 2, "All, channel 4": 1}
    assert times(read(track, type=0, part="all, channel 4")) == [(0.0, 0.5, 72.0)]


def test_names_from_a_file_cannot_write_to_the_screen(read):
    tune = read(named("\x1b[2J" + "x" * 500, on(60), off(60, 10)))
    assert tune.part.isprintable() and len(tune.part) == 60


@pytest.mark.parametrize(
    "data,words",
    [
        (b"RIFF....WAVE", "does not begin with MThd"),
        (b"", "does not begin with MThd"),
        (HEADER, "cut off"),
        (HEADER[:9], "cut off"),
        (HEADER + b"MTrk\0\0\0\x09\x00\x90\x40", "cut off"),
        (HEADER + b"XXXX\0\0\0\0", "damaged"),
        (HEADER + b"MTrk\0\0\0\0", "no notes"),
        (HEADER + b"MTrk\0\0\0\x08\x00\x99\x40\x40\x10\x89\x40\x00", "only drums"),
        (HEADER + b"MTrk\0\0\0\x08\x00\x90\x40\x40\x00\x80\x40\x00", "lasts"),
        (HEADER[:12] + b"\0\0MTrk\0\0\0\x08\x00\x90\x40\x40\x00\x80\x40\x00", "damaged"),
        (HEADER + b"MTrk\0\0\0\x0b\x00\x90\x40\x40\xff\xff\xff\x7f\x80\x40\x00", "an hour"),
        (HEADER + b"MTrk\0\0\0\x14\x00\x90\x40\x40" + b"\xff" * 12 + b"\x7f\x80\x40\x00", "an hour"),
        (HEADER + b"MTrk\0\0\0\x14\x00\x90\x40\x40" + b"\xff" * 500_000, "number without an end"),
        (HEADER + b"\0" * MOST_BYTES, "larger"),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_what_is_no_tune_is_refused_in_a_sentence(tmp_path, data, words):
    path = tmp_path / "a.mid"
    path.write_bytes(data)
    with pytest.raises(AudioError, match=words) as caught:
        read_tune(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(path))


def test_more_notes_than_an_hour_holds_are_refused(tmp_path):
    events = b"\x00\x90\x40\x40" + b"\x01\x40\x00\x01\x40\x40" * 60_000
    path = tmp_path / "a.mid"
    path.write_bytes(HEADER + b"MTrk" + struct.pack(">L", len(events)) + events)
    with pytest.raises(AudioError, match="60001 notes"):
        read_tune(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(AudioError, match="cannot be read: No such file"):
        read_tune(tmp_path / "missing.mid")
    with pytest.raises(AudioError, match="cannot be read"):
        read_tune(tmp_path)


def whole_file() -> bytes:
    rpn = [control(101, 0), control(100, 0), control(6, 12)]
    melody = [
        on(60),
        Message("pitchwheel", pitch=100, time=9),
        off(60, 480),
        on(62),
        control(11, 3, 5),
        off(62, 99),
    ]
    sysex = Message("sysex", data=(1, 2, 3))
    file = MidiFile(tracks=[MidiTrack([tempo(400_000), sysex]), MidiTrack(named("a", *rpn, *melody))])
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def test_every_truncation_is_refused(tmp_path):
    path, data = tmp_path / "a.mid", whole_file()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(AudioError):
            read_tune(path)


def test_damage_is_refused_or_read_and_never_trips(tmp_path):
    """Whatever is in a file, it is a tune that can be played, or an error of ours."""
    chance, path, data = random.Random(0), tmp_path / "a.mid", whole_file()
    read = 0
    for _ in range(800):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(8, len(damaged))] = chance.choice(
                (0, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        path.write_bytes(damaged if chance.random() < 0.8 else data[:30] + chance.randbytes(60))
        try:
            notes = read_tune(path).notes
        except AudioError:
            continue
        read += 1
        if notes[-1].end_s < 20:
            f0_hz, loudness_db = notes_to_features(notes, hop_s=0.05)
            assert f0_hz.min() > 8 and f0_hz.max() < 13000 and loudness_db.min() >= -80
    assert read > 25
