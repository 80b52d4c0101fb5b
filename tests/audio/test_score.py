"""Notes become a phrase: in tune, slurred or apart, louder when struck harder, silent in between."""

import numpy as np
import pytest

from tonewright.audio.score import Note, notes_to_features
from tonewright.errors import ConfigError

PLAIN = dict(portamento_s=0.0, vibrato_cents=0.0, attack_s=0.0, release_s=0.0)


def semitones(f0_hz):
    return 69 + 12 * np.log2(f0_hz / 440)


def test_frames_and_types():
    f0_hz, loudness_db = notes_to_features([Note(0.5, 1.0, 60)], release_s=0.12)
    assert f0_hz.shape == loudness_db.shape == (213,)  # a second after the release, and frame 0
    assert f0_hz.dtype == loudness_db.dtype == np.float32


@pytest.mark.parametrize("hop_s", [0.01, 480 / 44100, 0.004])
def test_a_frame_tells_of_its_own_time(hop_s):
    notes = [Note(0.2, 0.6, 60), Note(0.7, 1.1, 72)]
    f0_hz, loudness_db = notes_to_features(notes, hop_s, **PLAIN)
    time_s = hop_s * np.arange(len(f0_hz))
    sounds = ((time_s > 0.2) & (time_s <= 0.6)) | ((time_s > 0.7) & (time_s <= 1.1))
    assert np.array_equal(loudness_db > -80, sounds)
    assert np.allclose(semitones(f0_hz[time_s < 0.65]), 60, atol=1e-4)
    assert np.allclose(semitones(f0_hz[time_s >= 0.7]), 72, atol=1e-4)


def test_before_and_between_notes_it_is_silent_and_the_pitch_stays():
    f0_hz, loudness_db = notes_to_features([Note(0.3, 0.6, 60), Note(1.0, 1.4, 72)], vibrato_cents=0.0)
    assert np.all(loudness_db[:31] == -80) and np.all(loudness_db[73:101] == -80)
    assert np.allclose(semitones(f0_hz[:98]), 60, atol=1e-4)  # also before the first note
    assert np.allclose(semitones(f0_hz[98:]), 72, atol=1e-4)  # there before the attack, which does not glide


def test_slurred_notes_glide():
    f0_hz, loudness_db = notes_to_features([Note(0.0, 0.2, 60), Note(0.2, 0.6, 67)], portamento_s=0.06)
    pitch = semitones(f0_hz)
    assert np.allclose(pitch[:21], 60, atol=1e-4) and np.allclose(pitch[26:31], 67, atol=1e-4)
    assert pitch[23] == pytest.approx(63.5, abs=1e-3) and np.all(np.diff(pitch[20:27]) > 0)
    assert loudness_db[10:60].min() > loudness_db[10] - 4  # no gap is heard


def test_velocity_spans_the_range():
    def peak_db(velocity):
        return notes_to_features([Note(0.0, 0.3, 60, velocity)], loudness_range_db=(-50.0, -14.0))[1].max()

    assert peak_db(1) == pytest.approx(-50, abs=0.1)
    assert peak_db(64) == pytest.approx(-32, abs=0.1)
    assert peak_db(127) == pytest.approx(-14, abs=0.1)


def test_attack_decay_and_release():
    _, db = notes_to_features(
        [Note(0.0, 1.0, 60, 127)], loudness_range_db=(-50.0, -20.0), attack_s=0.1, release_s=0.2
    )
    assert db[0] == -80 and db[5] == pytest.approx(-26, abs=0.2) and db[10] == pytest.approx(-20, abs=0.1)
    assert db[100] == pytest.approx(-23, abs=0.4)  # sunk by nearly 3 dB
    assert db[110] == pytest.approx((db[100] - 80) / 2, abs=0.1) and np.all(db[120:] == -80)


def test_an_attack_begins_where_the_release_is():
    _, db = notes_to_features([Note(0.0, 0.5, 60), Note(0.55, 1.0, 60)], release_s=0.2, attack_s=0.03)
    assert -60 < db[50:60].min() < -42  # a quarter of the way down, and up again
    assert np.abs(np.diff(db[45:70])).max() < 12


def test_a_note_that_is_overlapped_ends():
    cut = notes_to_features([Note(0.0, 9.0, 60), Note(0.5, 1.0, 62)])
    held = notes_to_features([Note(0.0, 0.5, 60), Note(0.5, 1.0, 62)])
    assert all(np.array_equal(a, b) for a, b in zip(cut, held, strict=True))


def test_vibrato_waits_and_is_for_long_notes():
    f0_hz, _ = notes_to_features(
        [Note(0.0, 0.25, 60), Note(0.25, 2.25, 60)], vibrato_cents=20.0, vibrato_hz=5.3
    )
    cents = 100 * (semitones(f0_hz) - 60)
    assert np.abs(cents[:55]).max() < 0.1
    assert np.abs(cents[95:225]).max() == pytest.approx(20, abs=0.5)
    assert np.sum(np.diff(np.sign(cents[96:216])) != 0) == pytest.approx(12.7, abs=1)  # 1.2 s of 5.3 Hz


def test_bend_and_gain_are_heard_and_end_with_their_note():
    bent = [Note(0.0, 0.5, 60, bend=((0.0, 0.0), (0.25, 2.0)), gain=((0.0, -6.0),)), Note(0.5, 1.0, 60)]
    f0_hz, loudness_db = notes_to_features(bent, vibrato_cents=0.0)
    plain_hz, plain_db = notes_to_features([Note(0.0, 0.5, 60), Note(0.5, 1.0, 60)], vibrato_cents=0.0)
    moved, louder = semitones(f0_hz) - semitones(plain_hz), loudness_db - plain_db
    assert np.allclose(moved[:22], 0, atol=1e-3) and np.allclose(moved[29:46], 2, atol=1e-3)
    assert np.allclose(moved[55:], 0, atol=1e-3)
    assert np.allclose(louder[4:46], -6, atol=1e-3) and np.allclose(louder[55:100], 0, atol=1e-3)


def test_no_bend_leaves_the_pitches_there_are():
    f0_hz, _ = notes_to_features([Note(0.0, 1.0, 126, bend=((0.0, 1e6),))])
    assert np.allclose(f0_hz, 12543.85, rtol=1e-4)


@pytest.mark.parametrize(
    "notes,wrong,words",
    [
        ([], {}, "no notes"),
        ([Note(1.0, 2.0, 60), Note(0.5, 2.0, 60)], {}, "order"),
        ([Note(2.0, 1.0, 60)], {}, "order"),
        ([Note(float("nan"), 1.0, 60)], {}, "order"),
        ([Note(0.0, 3601.0, 60)], {}, "order"),
        ([Note(0.0, 1.0, 128)], {}, "pitch"),
        ([Note(0.0, 1.0, 60, 0)], {}, "velocity"),
        ([Note(0.0, 1.0, 60)], {"hop_s": 1e-6}, "hop_s"),
        ([Note(0.0, 1.0, 60)], {"loudness_range_db": (-10.0, -20.0)}, "loudness_range_db to"),
        ([Note(0.0, 1.0, 60)], {"loudness_range_db": (-90.0, -20.0)}, "loudness_range_db from"),
        ([Note(0.0, 1.0, 60)], {"attack_s": -1.0}, "attack_s"),
        ([Note(0.0, 1.0, 60)], {"release_s": float("nan")}, "release_s"),
        ([Note(0.0, 1.0, 60)], {"vibrato_hz": 60.0}, "vibrato_hz"),
    ],
)
def test_what_cannot_be_is_named(notes, wrong, words):
    with pytest.raises(ConfigError, match=words):
        notes_to_features(notes, **wrong)
