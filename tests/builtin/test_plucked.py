"""The plucked notes are what Chowning's formula says, and their pitch and loudness are told truly."""

import numpy as np
import pytest
from scipy import signal

from tonewright.builtin import plucked_notes
from tonewright.errors import ConfigError


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_rates_and_lengths(rate):
    hop = rate // 100
    sound, f0_hz, loudness_db = plucked_notes(3, rate, hop)
    assert sound.shape == (12 * rate,) and f0_hz.shape == loudness_db.shape == (1200,)
    assert {x.dtype for x in (sound, f0_hz, loudness_db)} == {np.dtype(np.float32)}
    assert np.abs(sound).max() <= 1.0


def test_a_note_is_the_sum_of_bessel_harmonics():
    """cos(a + I sin a) is a series of Bessel functions: Chowning 1973, equation 3."""
    from scipy.special import jv

    sound, f0_hz, _ = plucked_notes(1, 48000, 480, seed=1, decay=0.0, seconds=0.5)
    t = np.arange(24000) / 48000
    n = np.arange(-40, 41)
    a = 2 * np.pi * float(f0_hz[0]) * t
    series = jv(n, 8.0) @ np.cos((1 + n)[:, None] * a)
    assert np.abs(sound - series).max() < 1e-3  # f0 comes back rounded to float32


def test_the_pitch_that_is_told_is_the_pitch():
    sound, f0_hz, _ = plucked_notes(6, 48000, 480, seed=2, seconds=1.0)
    for note in range(6):
        y = sound[note * 48000 : (note + 1) * 48000]
        true = float(f0_hz[100 * note])
        assert 220 <= true < 880 and np.all(f0_hz[100 * note : 100 * note + 100] == f0_hz[100 * note])
        y = signal.sosfiltfilt(
            signal.butter(4, (0.7 * true, 1.4 * true), "bandpass", fs=48000, output="sos"), y
        )
        turns = np.unwrap(np.angle(signal.hilbert(y)))[24000:36000] / (2 * np.pi)
        # phase modulation bends the fundamental's phase by nothing: it only flips its sign where J0 + J2 is 0
        slope = np.median(np.diff(turns)) * 48000
        assert abs(1200 * np.log2(slope / true)) < 3


def test_loudness_falls_by_the_decay_and_ends_at_the_floor():
    _, _, loudness_db = plucked_notes(1, 16000, 160, decay=3.0)
    assert loudness_db[0] == pytest.approx(0.0, abs=1e-4)
    assert loudness_db[100] == pytest.approx(-20 * 3.0 * np.log10(np.e), abs=1e-3)
    assert plucked_notes(1, 16000, 160, decay=50.0)[2][-1] == pytest.approx(-80.0, abs=1e-3)


def test_a_seed_is_always_the_same_music():
    first, again, other = (plucked_notes(4, 16000, 160, seed=s, seconds=0.1) for s in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])
    assert np.array_equal(plucked_notes(2, 16000, 160, seed=5, seconds=0.1)[0], first[0][:3200])
    assert first[1][0] == pytest.approx(299.27874755859375, rel=1e-6)  # on every machine


def test_frames_go_on_across_notes_that_are_no_whole_frames():
    sound, f0_hz, loudness_db = plucked_notes(3, 16000, 160, seconds=0.0155)
    assert len(sound) == 3 * 248 and len(f0_hz) == len(loudness_db) == 5
    assert f0_hz[1] == f0_hz[0] != f0_hz[2]  # frame 2 is sample 320: the second note


def test_no_notes_are_no_sound():
    assert [x.shape for x in plucked_notes(0, 16000, 160)] == [(0,), (0,), (0,)]


@pytest.mark.parametrize(
    "wrong,words",
    [
        ({"count": -1}, "count"),
        ({"hop": 0}, "hop"),
        ({"sample_rate": 1000}, "sample_rate"),
        ({"seed": -1}, "seed"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"decay": float("inf")}, "decay"),
        ({"decay": -1.0}, "decay"),
        ({"index": -1.0}, "index"),
    ],
)
def test_what_cannot_be_is_named(wrong, words):
    with pytest.raises(ConfigError, match=words):
        plucked_notes(**({"count": 1, "sample_rate": 16000, "hop": 160} | wrong))
