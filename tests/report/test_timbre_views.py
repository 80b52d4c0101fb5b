"""What the timbre's figures show is true of sounds and latents that are known."""

import numpy as np
import pytest

from tests.report.test_figures import check_image
from tests.report.timbre_takes import HISTORY, HOP, RATE, beats
from tonewright.report.timbre_figures import dimensions, traces, training
from tonewright.report.timbre_views import cumulative, goes_with, minute_of, strips, tone_off_db


def test_latents_are_named_by_what_they_go_with():
    t = np.arange(4 * RATE) / RATE
    loud, bright = 0.5 + 0.45 * np.sin(2 * np.pi * 0.7 * t), 0.5 + 0.45 * np.sin(2 * np.pi * 1.9 * t)
    x = loud * np.sin(2 * np.pi * np.cumsum(400 + 2000 * bright) / RATE)
    noise = np.random.RandomState(0).standard_normal(len(t[::HOP]))
    first, second, third = goes_with(
        np.stack([-np.log(loud[::HOP]), np.log2(400 + 2000 * bright[::HOP]), noise]), x, RATE, HOP
    )
    assert first.name == "loudness" and first.r < -0.8
    assert second.name == "brightness" and second.r > 0.9
    assert third is None


def test_silence_names_nothing():
    assert goes_with(np.ones((2, 9)), np.zeros(9 * HOP), RATE, HOP) == [None, None]
    assert goes_with(np.ones((1, 1)), np.zeros(3), RATE, HOP) == [None]


def test_shares_add_up():
    np.testing.assert_allclose(cumulative(np.array([6.0, 3.0, 1.0])), [0.6, 0.9, 1.0])
    assert cumulative(np.zeros(3)).tolist() == [1.0] * 3


def test_every_trace_fits_its_strip():
    rows = strips(np.random.RandomState(0).standard_cauchy((8, 500)))
    assert np.abs(rows).max() == pytest.approx(0.36) and (np.ptp(rows, axis=1) > 0.7).all()


def test_a_step_is_found_in_time():
    assert minute_of(50, HISTORY) == 0.5 and minute_of(400, HISTORY) == 4.0
    assert minute_of(10**9, HISTORY) == 8.0 and minute_of(5, []) is None


def test_a_duller_tone_is_off():
    x = beats(1.0)
    assert tone_off_db(x, x, RATE) < 1e-3 < 1.0 < tone_off_db(x, beats(1.0, dulls=1.5), RATE)
    assert np.isnan(tone_off_db(np.zeros(RATE), np.zeros(RATE), RATE))


def test_every_picture_is_drawn_of_little_and_of_much():
    for frames, dims in ((1, 1), (2, 3), (20_000, 128)):
        latents = np.random.RandomState(0).standard_normal((dims, frames))
        uri = traces(beats(1.0), latents, [f"latent_{k}" for k in range(dims)], RATE, 100.0)
        check_image(uri)
        assert len(uri) < 900_000
    for played in (1, 5, 128):
        check_image(dimensions(np.ones(128), played))
    check_image(dimensions(np.zeros(1), 1))


@pytest.mark.parametrize("since", [None, 0, 1, 400, 800, 9000])
@pytest.mark.parametrize("before", [None, 12.0])
def test_the_course_of_a_training_is_drawn(since, before):
    check_image(training(HISTORY, since, before))
    check_image(training(HISTORY[:1], since, before))


def test_nothing_is_drawn_of_nothing():
    assert training([{"seconds": 1.0, "step": 1, "error": None}], 1, 5.0) is None
