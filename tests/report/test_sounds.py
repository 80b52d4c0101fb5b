"""What is chosen to be heard, and that it comes out of the page as it went in."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.takes import decode
from tonewright.measure.metrics import rms_db
from tonewright.report.sounds import LISTENING_S, choose_parts, montage, pack, player_data

RATE = 400


def pieces(levels, seed=0):
    """Noise of a level for each 5 s."""
    noise = np.random.default_rng(seed).standard_normal((len(levels), 5 * RATE))
    return (noise * np.array(levels)[:, None]).reshape(-1)


def covered(parts):
    """The 5 s pieces that the parts consist of."""
    return [i for a, b in parts for i in range(a // (5 * RATE), b // (5 * RATE))]


@pytest.mark.parametrize("worst", range(8))
def test_the_loudest_and_the_worst_are_always_heard(worst):
    target = pieces([0.1] * 12)
    target[8 * 5 * RATE : 9 * 5 * RATE] *= 2
    estimate = target.copy()
    estimate[worst * 5 * RATE : (worst + 1) * 5 * RATE] *= 0.7
    assert {worst, 8} <= set(covered(choose_parts(target, estimate, RATE)))


def test_another_tone_is_preferred_to_more_of_the_same():
    target = pieces([0.1] * 12)
    target[6 * 5 * RATE : 7 * 5 * RATE] = 0.1 * np.sin(np.arange(5 * RATE) * 0.1)
    assert 6 in covered(choose_parts(target, target, RATE))


def test_silence_is_not_variety():
    target = pieces([0.1, 0.0, 0.1, 0.1, 0.1, 0.0, 0.1, 0.1])
    assert not {1, 5} & set(covered(choose_parts(target, target, RATE)))


@given(st.integers(1, 14), st.integers(0, 99), st.sampled_from([RATE, 2 * RATE]))
@settings(max_examples=40, deadline=None)
def test_parts_are_in_order_and_not_too_long(count, seed, rate):
    levels = np.random.default_rng(seed).random(count)
    target = pieces(levels, seed)
    parts = choose_parts(target, 0.9 * target, rate)
    assert all(a < b for a, b in parts)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(parts))
    assert sum(b - a for a, b in parts) <= LISTENING_S * rate
    assert parts[-1][1] <= len(target)


def test_a_high_rate_is_heard_for_a_shorter_time():
    x = np.random.default_rng(0).standard_normal(96000 * 12).astype(np.float32) * 0.1
    assert sum(b - a for a, b in choose_parts(x, x, 96000)) == 10 * 96000


def test_cuts_do_not_jump():
    target = np.ones(40 * RATE)
    parts = [(0, 5 * RATE), (10 * RATE, 15 * RATE)]
    rate = 40 * RATE  # a fade of 80 samples
    y = montage(target, parts, rate)
    assert len(y) == 10 * RATE
    assert np.abs(np.diff(y)).max() < 0.02
    assert y[0] == y[-1] == 1.0


@given(st.floats(1e-4, 50.0), st.integers(1, 300), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_pack_keeps_sixteen_bits_at_any_level(level, length, seed):
    x = level * np.random.default_rng(seed).uniform(-1, 1, length)
    uri, gain = pack(x, 48000)
    y, _ = decode({"uri": uri, "gain": gain})
    assert np.abs(y - x).max() <= 0.501 * np.abs(x).max() / 32767


def test_matching_makes_dry_as_loud_as_the_device():
    rng = np.random.default_rng(0)
    dry, target = 0.01 * rng.standard_normal(4800), 0.2 * rng.standard_normal(4800)
    tracks = player_data(dry, target, target, 48000)["tracks"]
    assert abs(rms_db(dry * tracks["dry"]["match"]) - rms_db(target)) < 1e-6
    assert tracks["device"]["match"] == 1.0


def test_nothing_that_is_played_clips():
    rng = np.random.default_rng(0)
    dry, target = 3.0 * rng.uniform(-1, 1, 4800), 1.5 * rng.uniform(-1, 1, 4800)
    data = player_data(dry, target, 1.1 * target, 48000)
    for x in (dry, target, 1.1 * target):
        assert np.abs(x).max() * data["master"] <= 0.981


def test_silence_and_an_exploding_model_leave_the_device_audible():
    x = np.full(4800, 0.5)
    assert player_data(x, x, 1e6 * x, 48000)["master"] > 0.9
    silent = player_data(0 * x, 0 * x, 0 * x, 48000)
    assert silent["master"] == 1.0
    assert {track["match"] for track in silent["tracks"].values()} == {1.0}
