"""`tonewright run` with an instrument: a melody, a score, and what a person may do wrong."""

import numpy as np
import pytest
import soundfile

from tests.cli.helpers import Terminal
from tests.runtime.instruments import HOP, RATE, instrument, melody, tone
from tests.runtime.tunes import put_tune
from tonewright import storage
from tonewright.audio import files
from tonewright.audio.rates import resample
from tonewright.runtime.player import load


@pytest.fixture
def here(tonewright) -> Terminal:
    """The folder of the other verbs, with an instrument, a melody and a tune in it."""
    storage.save(tone(), tonewright.folder / "violin.tone")
    storage.save(tone(reverb_s=0.0), tonewright.folder / "dry.tone")
    files.write(tonewright.folder / "singing.wav", melody([440.0, 660.0]), RATE)
    put_tune(tonewright.folder / "tune.mid", [(69, 0), (71, 0), (64, 1)])
    return tonewright


def sound(here, name: str = "out.wav") -> np.ndarray:
    return files.read(here.folder / name)[0]


def played(here, *more, source: str = "singing.wav", model: str = "violin.tone") -> tuple[np.ndarray, str]:
    said = here("run", model, source, "-o", "out.wav", *more)
    assert said.code == 0, said.err
    return sound(here), said.out + said.err


def test_a_melody(here):
    y, said = played(here)
    assert y.shape == (1, RATE) and np.abs(y).max() > 0.01
    assert "out.wav: singing.wav on violin.tone" in said


def test_it_is_moved_as_asked_and_otherwise_into_the_range(here):
    files.write(here.folder / "low.wav", melody([110.0, 165.0]), RATE)
    found, said = played(here, source="low.wav")
    assert "low.wav: moved up by 24 semitones" in said
    asked, said = played(here, "--transpose", "24", source="low.wav")
    assert "moved" not in said
    np.testing.assert_allclose(asked, found, atol=1e-4)
    by_knob, _ = played(here, "--knob", "transpose=24", source="low.wav")
    np.testing.assert_allclose(by_knob, asked, atol=1e-6)


def test_no_page_compares_it_with_a_device(here):
    assert "this is an instrument" in here.refuses(
        "report", "violin.tone", "singing.wav", "singing.wav", "-o", "p.html"
    )


def test_louder_is_another_sound(here):
    assert np.abs(played(here, "--loudness", "12")[0] - played(here)[0]).max() > 1e-3


def test_its_room_and_others(here):
    here("export", "violin.tone", "room.wav")
    own, _ = played(here)
    same, _ = played(here, "--reverb", "room.wav")
    dry, _ = played(here, "--no-reverb")
    np.testing.assert_allclose(same, own, atol=1e-5)
    assert np.abs(dry - own).max() > 1e-3
    np.testing.assert_allclose(played(here, "--no-reverb", model="dry.tone")[0].shape, dry.shape)
    assert np.abs(played(here, "--reverb", "room.wav", model="dry.tone")[0]).max() > 0.01


def test_another_rate_and_two_channels(here):
    x = resample(melody([440.0, 660.0])[None], RATE, 44100)
    files.write(here.folder / "stereo.flac", np.concatenate([x, 0.5 * x]), 44100)
    y, said = played(here, source="stereo.flac")
    assert y.shape == (1, 44100)
    assert "stereo.flac: its 2 channels were mixed down" in said and "16000 Hz; converted and back" in said


def test_live_is_what_the_stream_plays(here):
    """The streaming model with its own tracker, without what it is late by."""
    y, _ = played(here, "--live", "--transpose", "5", "--no-reverb")
    player, x = load(here.folder / "violin.tone"), melody([440.0, 660.0])
    wanted = player.render(np.pad(x, (0, player.latency)), transpose=5, reverb=0)[player.latency :]
    np.testing.assert_allclose(y[0], wanted, atol=1e-4)
    files.write(here.folder / "stereo.wav", np.stack([x, x]), RATE)
    again, _ = played(here, "--live", "--transpose", "5", "--no-reverb", source="stereo.wav")
    assert again.shape == y.shape
    np.testing.assert_allclose(again, y, atol=1e-4)


def test_a_tune(here):
    y, said = played(here, source="tune.mid")
    assert y.shape[1] % HOP == 0 and "tune.mid: of 2 parts this plays 'lead, channel 1'" in said
    other, said = played(here, "--part", "lead, channel 2", source="tune.mid")
    assert other.shape != y.shape and "of 2 parts" not in said


def mistakes():
    """The words of the command behind `run`, and what is said."""
    usual = ("violin.tone", "singing.wav", "-o", "out.wav")
    score = ("violin.tone", "tune.mid", "-o", "out.wav")
    other = ("a.tone", "dry.wav", "-o", "out.wav")
    return {
        "silence": (
            ("violin.tone", "silent.wav", "-o", "out.wav"),
            "silent.wav cannot be played: it is silent",
        ),
        "no pitch": (("violin.tone", "noise.wav", "-o", "out.wav"), "nothing in it has a pitch"),
        "NaN": (("violin.tone", "nan.wav", "-o", "out.wav"), "NaN or infinite samples"),
        "no sound": (("violin.tone", "none.wav", "-o", "out.wav"), "there is no file none.wav"),
        "no room": ((*usual, "--reverb", "none.wav"), "there is no file none.wav"),
        "stereo room": ((*usual, "--reverb", "stereo.wav"), "stereo.wav has 2 channels"),
        "silent room": ((*usual, "--reverb", "silent.wav"), "silent.wav is silent"),
        "two rooms": ((*usual, "--reverb", "dry.wav", "--no-reverb"), "give one of the two"),
        "too high": ((*usual, "--transpose", "40"), "'transpose' goes from -36 to 36"),
        "too loud": ((*usual, "--loudness", "99"), "'loudness' goes from -40 to 40"),
        "no knob": ((*usual, "--knob", "drive=1"), "no control called 'drive'"),
        "a part of a sound": ((*usual, "--part", "1"), "--part chooses from a MIDI file"),
        "primed": ((*usual, "--prime", "dry.wav"), "nothing that it could go on from"),
        "live with a room": ((*usual, "--live", "--reverb", "dry.wav"), "leave out --live"),
        "live with a score": ((*score, "--live"), "tune.mid is a score; leave out --live"),
        "no part": ((*score, "--part", "flute"), "has no part called 'flute'"),
        "no notes": (("violin.tone", "empty.mid", "-o", "out.wav"), "has no notes"),
        "no tune": (("violin.tone", "none.mid", "-o", "out.wav"), "none.mid cannot be read"),
        "no such format": (("violin.tone", "singing.wav", "-o", "out.xyz"), "xyz"),
        "a score for an amp": (("a.tone", "tune.mid", "-o", "out.wav"), "a.tone is none (wavenet)"),
        "an amp, higher": (
            (*other, "--transpose", "3"),
            "--transpose is for an instrument, and a.tone is none",
        ),
        "an amp, live": ((*other, "--live"), "--live is for an instrument"),
        "an amp, dry": ((*other, "--no-reverb"), "--no-reverb is for an instrument"),
        "an amp, in a room": ((*other, "--reverb", "dry.wav"), "--reverb is for an instrument"),
        "an amp, louder": ((*other, "--loudness", "3"), "--loudness is for an instrument"),
        "an amp, in parts": ((*other, "--part", "1"), "--part is for an instrument"),
    }


@pytest.mark.parametrize("what", mistakes())
def test_a_mistake_is_a_sentence(here, what):
    x = melody([440.0])
    files.write(here.folder / "silent.wav", 0 * x, RATE)
    files.write(here.folder / "noise.wav", 0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    files.write(here.folder / "stereo.wav", np.stack([x, x]), RATE)
    soundfile.write(
        here.folder / "nan.wav", np.where(np.arange(len(x)) == 99, np.nan, x), RATE, subtype="FLOAT"
    )
    put_tune(here.folder / "empty.mid", [])
    words, said = mistakes()[what]
    assert said in here.refuses("run", *words)


def test_inspect_tells_of_an_instrument(here):
    player = instrument()
    player.tone.metrics = {"held_out_spectral": 6.1, "held_out_loudness_db": 1.5, "taught_seconds": 90.0}
    player.tone.metrics |= {"held_out_f0_semitones": 0.07, "held_out_f0_off": 0.12}
    player.tone.provenance = {"preset": "small", "recordings": "a.wav, b.wav"}
    player.save(here.folder / "told.tone")
    said = here("inspect", "told.tone")
    assert said.code == 0, said.err
    rows = dict(line.split("  ", 1) for line in said.out.splitlines() if "  " in line)
    rows = {name: value.strip() for name, value in rows.items()}
    assert rows["Pitch"] == "G3 to E6 (196 to 1320 Hz)" and rows["Soft to loud"] == "-45 to -20 dB"
    assert "ms), the pitch tracker included" in rows["Latency"] and rows["Room"] == "0.02 s"
    assert rows["Spectral loss, held out"] == "6.10" and rows["Loudness, held out"] == "1.50 dB off"
    assert (
        rows["Pitch, held out"] == "7 cents off (median)" and rows["Far off in pitch"] == "12 % of the frames"
    )
    assert rows["Learned from"] == "a.wav, b.wav" and "ESR" not in said.out and "Memory" not in rows
    assert "0.0e+00" in rows["Self-check"]
