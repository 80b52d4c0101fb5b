"""What the instrument's figures show is true of sounds that are known."""

import numpy as np
import pytest

from tests.report.instrument_takes import RATE, tone
from tonewright.report.instrument_figures import bands, loudness, pitch, room, spectrograms
from tonewright.report.instrument_views import (
    band_levels,
    busiest,
    decay_db,
    pitch_errors,
    tone_errors,
    voiced,
)
from tonewright.report.instrument_words import measured

HZ = np.array([440.0, 440.0, 440.0, 0.0, np.nan, -1.0, np.inf])


def test_a_frame_without_pitch_is_none():
    assert voiced(HZ).tolist() == [True] * 3 + [False] * 4


def test_errors_of_pitch_are_in_semitones_where_both_have_one():
    assert pitch_errors(HZ, HZ * 2 ** (-1 / 12)) == pytest.approx([1.0] * 3)
    assert len(pitch_errors(HZ, np.zeros(7))) == 0


def test_measured_counts_what_is_off():
    made = 440.0 * 2 ** (np.array([0.1, 0.1, 0.6, 3.0]) / 12)
    db, semitones, off = measured(np.full(4, 440.0), made, np.zeros(4), np.array([2.0, -2.0, 0.0, 0.0]))
    assert (db, off) == (1.0, 0.5) and semitones == pytest.approx(0.35)


def test_the_close_look_is_where_notes_change():
    hz = np.concatenate([np.full(300, 220.0), np.zeros(300), np.repeat([220.0, 330.0, 440.0, 550.0], 25)])
    assert busiest(hz, 100) == 600


def test_bands_tell_a_treble_that_is_missing():
    x = tone(400.0, 1.0)
    dark = np.convolve(x, np.ones(8) / 8)[: len(x)].astype(np.float32)
    assert all(np.isnan(off) or off < 1e-3 for *_, off, _ in tone_errors(x, x, RATE))
    rows = {low: (off, louder) for low, _, off, louder in tone_errors(x, dark, RATE)}
    assert rows[320.0][0] < 1.5 and rows[1250.0][0] > 6 and rows[1250.0][1] == pytest.approx(-rows[1250.0][0])


def test_the_level_of_a_band_over_time():
    ranges, levels = band_levels(np.concatenate([tone(400.0, 1.0), np.zeros(RATE)]), RATE)
    assert ranges[-1] == (5000.0, 8000.0) and levels.shape[0] == len(ranges)
    assert levels[3, 2] > levels[3, -3] + 60


def test_an_exponential_room_decays_along_a_line():
    response = np.exp(-np.arange(16000) / 1000.0)
    assert np.diff(decay_db(response)[:8000]) == pytest.approx(-20 * np.log10(np.e) / 1000.0, rel=1e-3)
    assert np.isfinite(decay_db(np.zeros(5))).all()


def test_every_picture_is_drawn_of_little_and_of_much():
    for n in (1, 2, 20_000):
        x, hz, db = np.ones(n), np.geomspace(20.0, 9000.0, n), np.linspace(-80.0, 0.0, n)
        for uri in (pitch(hz, 1.01 * hz, 100.0), loudness(db, db - 1, 100.0), room(x, RATE)):
            assert uri.startswith("data:image/svg") and len(uri) < 900_000
        assert spectrograms(x, -x, RATE).startswith("data:image/png") and bands(x, x, RATE)
