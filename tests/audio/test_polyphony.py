"""Two notes at once are told from one, also where the one bends, moves on, or rings on in a room."""

import numpy as np
import pytest
from scipy import signal

from tests.audio.tones import RATE, melody, performance, scale, tone
from tests.shared import SHARED
from tonewright.audio.instrument_checks import POLYPHONIC
from tonewright.audio.performances import perform
from tonewright.audio.polyphony import considered, polyphonic


def row(notes_hz, seconds=0.25):
    """The pitch of a melody, frame by frame."""
    return np.repeat(notes_hz, round(100 * seconds))


def part(one) -> float:
    return float(polyphonic(one).sum() / max(1, considered(one).sum()))


def room(sound, seconds):
    """The sound in a room that answers 6 dB more softly, and falls by 60 dB in that time."""
    noise = np.random.default_rng(0).standard_normal(int(seconds * RATE))
    tail = noise * 10 ** (-3 * np.arange(len(noise)) / len(noise))
    return sound + signal.fftconvolve(sound, tail / (2 * np.linalg.norm(tail)))[: len(sound)]


@pytest.mark.parametrize("low_hz", [110.0, 220.0, 440.0])
@pytest.mark.parametrize("semitones", [3, 4, 5, 7, 8, 9])
def test_two_notes(low_hz, semitones):
    low, high = tone(low_hz, 2.0), tone(low_hz * 2 ** (semitones / 12), 2.0)
    assert part(performance(low, low_hz)) == 0
    assert part(performance(low + high, low_hz)) > 0.9


@pytest.mark.parametrize("reverb_s", [0.0, 0.5, 1.5])
def test_a_melody_is_one_note_after_another(reverb_s):
    notes = np.random.default_rng(1).permutation(scale())
    sound = room(melody(notes), reverb_s) if reverb_s else melody(notes)
    assert part(performance(sound, row(notes))) < POLYPHONIC


def test_vibrato_and_glides_are_one_note():
    t = np.arange(4 * RATE) / RATE
    for f0_hz in (330 * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 6 * t)), 200 * 2 ** (t / 2)):
        assert part(performance(tone(f0_hz, 4.0), f0_hz[::160])) < 0.02


def test_breath_is_no_note():
    sound = tone(330.0, 4.0) + 0.02 * np.random.default_rng(0).standard_normal(4 * RATE)
    assert part(performance(sound, 330.0)) < 0.05


def test_only_the_stretch_with_two_notes():
    low = np.concatenate([tone(220.0, 1.0), tone(247.0, 1.0), tone(220.0, 1.0)])
    low[RATE : 2 * RATE] += tone(311.0, 1.0)
    found = polyphonic(performance(low, np.repeat([220.0, 247.0, 220.0], 100)))
    assert found[110:190].all() and not found[:90].any() and not found[215:].any()


def test_what_is_unvoiced_or_soft_is_not_looked_at():
    both = tone(220.0, 2.0) + tone(277.0, 2.0)
    assert not polyphonic(performance(both, 220.0, voiced=False)).any()
    level = np.repeat([0.0, -40.0], 100)
    assert not polyphonic(performance(both, 220.0, loudness_db=level))[100:].any()


@pytest.mark.parametrize("rate", [44100, 48000])
def test_other_rates(rate):
    low, high = tone(220.0, 2.0, rate=rate), tone(277.0, 2.0, rate=rate)
    for sound, few in ((low, True), (low + high, False)):
        found = part(performance(sound, 220.0, rate=rate, hop=rate // 100))
        assert found < 0.02 if few else found > 0.9


def test_pieces_make_no_difference(monkeypatch):
    notes = scale()
    sound = melody(notes) + melody(np.roll(notes, 3))
    whole = polyphonic(performance(sound, row(notes)))
    monkeypatch.setattr("tonewright.audio.polyphony.PIECE", 50)
    assert np.array_equal(whole, polyphonic(performance(sound, row(notes))))
    assert whole.mean() > 0


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("violin/john-garner_bwv1002_mov8", 0.0, 0.05),
        ("violin/minji-kim_bwv1003_mov4", 0.0, 0.05),
        ("violin/john-garner_bwv1002_mov7", 0.2, 0.5),
        ("violin/minji-kim_bwv1003_mov3", 0.2, 0.6),
        ("singing/nit_song070_004", 0.0, 0.02),
        ("singing/vocadito_1", 0.0, 0.03),
        ("singing/vocadito_10", 0.0, 0.03),
    ],
)
def test_real_recordings(name, least, most):
    path = SHARED / "data" / f"{name}.flac"
    if not path.is_file():
        pytest.skip("the shared recordings are not here")
    assert least <= part(perform(path, 16000, 160)) <= most
