"""What is heard in a sound, mended, cut into sections, and fitted to an instrument."""

import itertools
import tracemalloc

import numpy as np
import pytest

from tests.runtime.instruments import HOP, LEVELS, RATE, melody
from tests.shared import SHARED, needs_shared
from tonewright.audio import files
from tonewright.audio.f0 import Track
from tonewright.errors import AudioError, ShapeError
from tonewright.runtime import phrase as module
from tonewright.runtime.phrase import Phrase, fitted, frames_of, heard, ranges, told_range


def held_note(frames: int = 300, hz: float = 220.0, db: float = -30.0) -> Phrase:
    return Phrase(np.full(frames, hz), np.full(frames, db))


def test_what_is_no_number_is_mended():
    phrase = Phrase([np.nan, 220, 0, -5, np.inf, 247], [-20, np.nan, np.inf, -np.inf, -500, 0])
    assert phrase.f0_hz.tolist() == [220, 220, 220, 220, 220, 247]
    assert phrase.loudness_db.tolist() == [-20, -80, 20, -80, -80, 0]
    assert phrase.voiced.tolist() == [False, True, False, False, False, True]
    assert Phrase([0.0, np.nan], [0.0, 0.0]).f0_hz.tolist() == [440, 440]


@pytest.mark.parametrize("rows", [([220.0], [0.0, 0.0]), ([[220.0]], [[0.0]]), (220.0, 0.0)])
def test_frames_of_other_shapes_are_refused(rows):
    with pytest.raises(ShapeError, match="wants f0_hz, loudness_db and voiced as"):
        Phrase(*rows)


def test_louder_and_higher():
    phrase = Phrase([220.0, 220.0, 220.0], [-30.0, -80.0, 15.0])
    assert np.allclose(phrase.transposed(12).f0_hz, 440)
    assert phrase.louder(10).loudness_db.tolist() == [-20, -80, 20]
    assert phrase.louder(-60).loudness_db.tolist() == [-80, -80, -45]


def test_it_hears_the_notes_that_are_sung():
    phrase = frames_of(melody([220.0, 330.0]), RATE, HOP)
    assert len(phrase) == 100
    for frames, hz in ((slice(5, 45), 220.0), (slice(55, 95), 330.0)):
        assert phrase.voiced[frames].all()
        assert np.abs(12 * np.log2(phrase.f0_hz[frames] / hz)).max() < 0.2


@pytest.mark.parametrize("x", [np.zeros(RATE), np.zeros(0), np.zeros(100)])
def test_silence_is_refused(x):
    with pytest.raises(AudioError, match="silent"):
        heard([x], RATE, HOP)


def test_what_has_no_pitch_is_refused():
    with pytest.raises(AudioError, match="nothing in it has a pitch"):
        frames_of(0.1 * np.random.default_rng(0).standard_normal(RATE), RATE, HOP)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 8000])
def test_there_is_a_frame_for_each_hop_that_begins(samples):
    blocks = [melody([220.0])[:samples], np.zeros(0)]
    if samples < 1000:  # too short to have a pitch
        frames = [count for _, before, count in module._sections(blocks, RATE, HOP)]
        assert frames == [samples // HOP + 1]
    else:
        assert len(heard(blocks, RATE, HOP)) == samples // HOP + 1


def test_a_long_sound_is_heard_in_sections(monkeypatch):
    """Wherever they are cut, and however the sound comes, it is what is heard at once."""
    x = melody([220.0, 330.0, 262.0, 392.0, 220.0, 247.0, 330.0, 440.0, 392.0, 262.0])
    whole = heard([x], RATE, HOP)
    monkeypatch.setattr(module, "SECTION_S", 0.7)
    monkeypatch.setattr(module, "MARGIN_S", 0.2)
    cuts = np.split(x, [10, 5000, 5001, 40000])
    sections = list(module._sections(cuts, RATE, HOP))
    assert len(sections) > 5 and sum(count for *_, count in sections) == len(whole)
    parts = heard(cuts, RATE, HOP)
    both = whole.voiced & parts.voiced
    assert np.mean(whole.voiced != parts.voiced) < 0.03 and len(parts) == len(whole)
    assert np.percentile(np.abs(12 * np.log2(whole.f0_hz / parts.f0_hz))[both], 95) < 0.1
    assert np.abs(whole.loudness_db - parts.loudness_db).max() < 1e-4


def test_memory_does_not_grow_with_the_sound(monkeypatch):
    def tracked(x, rate, hop):
        return Track(np.full(len(x) // hop, 220.0), np.ones(len(x) // hop, bool), None, "nobody")

    monkeypatch.setattr(module, "f0_track", tracked)
    monkeypatch.setattr(module, "SECTION_S", 10.0)
    block = melody([220.0], seconds=1.0)
    tracemalloc.start()
    phrase = heard(itertools.repeat(block, 600), RATE, HOP)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(phrase) == 60001
    assert peak < 12e6, "a third of the samples"


def test_a_quiet_section_is_no_melody_of_its_own(monkeypatch):
    monkeypatch.setattr(module, "SECTION_S", 3.0)
    x = np.concatenate([melody([220.0] * 8), 1e-5 * melody([220.0] * 16)])
    assert not heard([x], RATE, HOP).voiced[500:].any()


def test_soft_and_loud_become_those_of_the_instrument():
    loud = np.linspace(-60, -30, 301)
    phrase, moved = fitted(Phrase(np.full(301, 500.0), loud), LEVELS)
    own = ranges(phrase.f0_hz, phrase.loudness_db, phrase.voiced)
    assert moved == 0
    assert own["loudness_low_db"] == pytest.approx(-45.0, abs=0.5)
    assert own["loudness_high_db"] == pytest.approx(-20.0, abs=0.5)


@pytest.mark.parametrize("hz,moved", [(500, 0), (125, 24), (60, 36), (1000, -12), (2000, -24)])
def test_it_moves_by_octaves_to_where_the_instrument_plays(hz, moved):
    phrase, told = fitted(held_note(hz=hz), LEVELS)
    assert told == moved and np.allclose(phrase.f0_hz, hz * 2 ** (moved / 12))
    assert fitted(held_note(hz=hz), LEVELS, octaves=False)[1] == 0


@pytest.mark.parametrize(
    "levels",
    [{}, {"loudness_db": -18.0}, LEVELS | {"f0_low_hz": -1.0}, LEVELS | {"loudness_low_db": np.nan}],
)
def test_a_file_that_tells_no_range_leaves_it_alone(levels):
    phrase = held_note(hz=60)
    assert told_range(levels) is None and fitted(phrase, levels) == (phrase, 0)


def test_silence_stays_silent():
    level = np.repeat([-30.0, -80.0, -30.0], 100)
    phrase, _ = fitted(Phrase(np.full(300, 440.0), level, level > -80), LEVELS)
    assert (phrase.loudness_db[100:200] == -80).all()


def test_consonants_are_softer_and_rests_die_away():
    voiced = np.ones(400, bool)
    voiced[100:106] = voiced[200:300] = False
    phrase, _ = fitted(Phrase(np.full(400, 440.0), np.full(400, -30.0), voiced), LEVELS)
    level = phrase.loudness_db - phrase.loudness_db[50]
    assert level[103] == pytest.approx(-15.0)
    assert level[250] < -55 and level[298] > -20
    assert np.abs(np.diff(level)).max() < 5.0, "no steps, which would click"
    assert np.abs(level[voiced]).max() <= 9.0, "and voiced frames hardly change"


@needs_shared
@pytest.mark.parametrize("name", ["vocadito_1", "vocadito_10", "nit_song070_004"])
def test_real_singing_lies_in_the_range_of_a_violin(name):
    x, rate = files.read(SHARED / "data" / "singing" / f"{name}.flac", frames=20 * 48000)
    phrase, _ = fitted(frames_of(x.mean(axis=0), rate, rate // 100), LEVELS)
    sung = phrase.voiced & (phrase.loudness_db > -70)
    assert np.mean((phrase.loudness_db[sung] > -60) & (phrase.loudness_db[sung] < -12)) > 0.95
    assert np.mean((phrase.f0_hz[sung] > 180) & (phrase.f0_hz[sung] < 1400)) > 0.9
    rest = ~phrase.voiced
    assert np.mean(phrase.loudness_db[rest]) < -45
