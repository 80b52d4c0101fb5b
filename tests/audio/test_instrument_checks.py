"""The data report: what is there is told, what would make it better is told, and good data raise nothing."""

import numpy as np
import pytest

from tests.audio.tones import RATE, melody, performance, scale, tone
from tests.shared import SHARED
from tonewright.audio.instrument_checks import check_instrument
from tonewright.audio.performances import perform
from tonewright.audio.survey import survey
from tonewright.units import db_to_gain, note_name

NOTES = scale(196.0, 30)
LEVELS = np.linspace(-24, 0, len(NOTES))


def good(minutes=12.0, notes_hz=NOTES, levels_db=LEVELS, change=lambda sound: sound, rests_db=-80.0, **more):
    """Scales from soft to loud with rests, again and again; what is not heard is as it should be."""
    rest = round(0.05 * RATE)
    parts = [db_to_gain(level) * tone(f0_hz, 0.45) for f0_hz, level in zip(notes_hz, levels_db, strict=True)]
    sound = np.concatenate([np.concatenate([part, np.zeros(rest)]) for part in parts])
    voiced = np.tile(np.arange(50) < 45, len(parts))
    loud = np.where(voiced, np.repeat(levels_db, 50), rests_db)
    times = max(1, round(60 * minutes / (len(sound) / RATE)))
    one = performance(change(sound), np.repeat(notes_hz, 50), voiced, loud, **more)
    return [one] * times


def said(performances) -> list[str]:
    return [str(finding) for finding in check_instrument(performances)[1]]


def test_good_recordings_raise_nothing():
    there, found = check_instrument(good())
    assert found == []
    assert 60 * 11 < there.seconds < 60 * 13 and there.voiced_seconds == pytest.approx(0.9 * there.seconds)
    assert there.silence == pytest.approx(0.1) and there.polyphony < 0.02
    assert there.lowest_hz == pytest.approx(NOTES[1], rel=0.06)
    assert there.highest_hz == pytest.approx(NOTES[-2], rel=0.06)
    assert there.loudest_db - there.softest_db == pytest.approx(22, abs=2)
    assert "minutes have a pitch; it goes from G" in str(there) and "10 % is silence" in str(there)


@pytest.mark.parametrize(
    ("performances", "words"),
    [
        (good(2.0), "it works, but the instrument will be poorer"),
        (good(7.0), "more is better: record 10 to 15 minutes"),
        (good(change=lambda sound: sound + np.roll(sound, RATE)), "more sounds than one note"),
        (good(clipped=500), "tones is clipped at full scale"),
        (good(change=lambda sound: 1e-3 * sound), "all is quiet"),
        (good(notes_hz=scale(220.0, 5), levels_db=np.linspace(-24, 0, 6)), "lie between A3 and D4"),
        (good(levels_db=np.linspace(-4, 0, len(NOTES))), "only 4 dB apart"),
        (good(rests_db=-35.0), "a noise only 2"),
    ],
)
def test_what_would_be_better(performances, words):
    (sentence,) = said(performances)
    assert words in sentence and ("warning" in sentence or "note" in sentence)


def test_mostly_silent():
    sound = np.concatenate([melody(NOTES), np.zeros(4 * len(melody(NOTES)))])
    frames = len(sound) // 160
    voiced = np.arange(frames) < frames / 5
    level = np.where(voiced, 5 * np.sin(np.arange(frames)), -80.0)
    one = performance(sound, np.resize(np.repeat(NOTES, 25), frames), voiced, level)
    assert any("only 20 % of the time has a pitch" in sentence for sentence in said([one] * 20))


def test_no_pitch_at_all():
    (sentence,) = said([performance(tone(220.0, 2.0), 220.0, voiced=False)])
    assert sentence.startswith("error: no pitch was heard")
    assert "silence" in str(survey([performance(tone(220.0, 2.0), 220.0, voiced=False)]))


@pytest.mark.parametrize(("decay_s", "told"), [(0.3, False), (1.5, True)])
def test_a_room_that_rings(decay_s, told):
    fall = np.concatenate([np.zeros(20), np.maximum(-60 / decay_s * np.arange(180) / 100, -70)])
    level, voiced = np.tile(fall, 10), np.tile(np.arange(200) < 20, 10)
    one = performance(np.zeros(200 * 10 * 160), 220.0, voiced, level)
    assert any("falls by 60 dB in 1.5 s" in sentence for sentence in said([one])) == told


def test_names_of_notes():
    assert [note_name(hz) for hz in (27.5, 261.63, 440.0, 466.16, 4186.0)] == ["A0", "C4", "A4", "A#4", "C8"]


@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("violin/john-garner_bwv1002_mov8", False),
        ("violin/john-garner_bwv1002_mov7", True),
        ("singing/nit_song070_007", False),
        ("singing/vocadito_1", False),
    ],
)
def test_real_recordings_are_only_short(name, several):
    path = SHARED / "data" / f"{name}.flac"
    if not path.is_file():
        pytest.skip("the shared recordings are not here")
    found = said([perform(path, 16000, 160)])
    assert "the instrument will be poorer" in found[0]
    assert len(found) == 1 + several and ("more sounds than one" in found[-1]) == several
