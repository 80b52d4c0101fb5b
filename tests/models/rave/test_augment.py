"""Augmentation: what ears mind stays, what they do not is new, and a seed decides all."""

import numpy as np
import pytest

from tonewright.errors import ConfigError, ShapeError
from tonewright.models.rave.augment import PHASE_HZ, Augmentation, all_pass, augment

RATE = 48000
NOTHING = {"phase_chance": 0.0, "quietest_db": 0.0, "bits": 0}


def sound(rows: int, samples: int) -> np.ndarray:
    return (0.3 * np.random.default_rng(7).standard_normal((rows, samples))).astype(np.float32)


def made(crops, samples, seed=0, rate=RATE, **settings):
    return augment(crops, samples, Augmentation(**settings), rate, np.random.default_rng(seed))


def test_nothing_chosen_is_nothing_done():
    x = sound(3, 1000)
    assert np.array_equal(made(x, 1000, **NOTHING), x)


@pytest.mark.parametrize("turn_hz", [20.0, 440.0, 2000.0])
def test_all_pass_turns_phases_and_leaves_magnitudes(turn_hz):
    click = np.zeros(1 << 15, dtype=np.float32)
    click[5] = 1.0
    spectrum = np.fft.rfft(all_pass(click, turn_hz, RATE)) / np.fft.rfft(click)
    assert np.allclose(np.abs(spectrum), 1, atol=1e-4)
    phase = -np.unwrap(np.angle(spectrum)) / (2 * np.pi)
    hz = np.fft.rfftfreq(1 << 15, 1 / RATE)
    assert phase[-1] == pytest.approx(1, abs=0.01)  # one circle in all, and half of it below the turn
    width_hz = 0.01 * RATE / (2 * np.pi)  # of poles so near the circle
    assert abs(hz[np.argmin(np.abs(phase - 0.5))] - turn_hz) < width_hz


def test_phases_are_turned_for_as_many_crops_as_was_said():
    x = sound(500, 64)
    settings = NOTHING | {"phase_chance": 0.8}
    changed = (made(x, 64, **settings) != x).any(axis=1).mean()
    assert changed == pytest.approx(0.8, abs=0.06)
    assert np.array_equal(made(x, 64, **NOTHING), x)


def test_turns_lie_where_they_should():
    """A click's second sample is (1 - r^2) times the coefficient in the middle, which is -2 r cos of the angle."""
    click = np.zeros((400, 3), dtype=np.float32)
    click[:, 0] = 1.0
    y = made(click, 3, **NOTHING | {"phase_chance": 1.0})
    r = 0.99
    middle = (y[:, 1] / (1 - r**2)).astype(float)
    turn_hz = np.arccos(np.clip(-middle / (2 * r), -1, 1)) * RATE / (2 * np.pi)
    assert turn_hz.min() > PHASE_HZ[0] * 0.5 and turn_hz.max() < PHASE_HZ[1] * 1.01
    assert np.median(turn_hz) == pytest.approx(200, rel=0.4)  # as many octaves below as above


def test_levels_are_spread_between_their_bounds():
    x = np.ones((2000, 4), dtype=np.float32)
    level_db = 20 * np.log10(made(x, 4, **NOTHING | {"quietest_db": -12.0})[:, 0])
    assert -12.001 < level_db.min() < -11.5 and -0.5 < level_db.max() <= 0
    assert level_db.mean() == pytest.approx(-6, abs=0.3)


@pytest.mark.parametrize("bits", [8, 16])
def test_noise_is_that_of_rounding(bits):
    """White, and as large: a twelfth of the square of a step."""
    x = made(np.zeros((1, 1 << 16), dtype=np.float32), 1 << 16, bits=bits)[0].astype(float)
    step = 2.0 ** (1 - bits)
    assert np.abs(x).max() <= step / 2 and x.mean() == pytest.approx(0, abs=step / 100)
    assert x.var() == pytest.approx(step**2 / 12, rel=0.02)
    bands = (np.abs(np.fft.rfft(x))[1:] ** 2).reshape(8, -1).mean(axis=1)
    assert np.allclose(bands / bands.mean(), 1, atol=0.08)


def test_some_crops_are_silent():
    x = sound(1000, 16)
    silent = (made(x, 16, **NOTHING | {"mute_chance": 0.1}) == 0).all(axis=1).mean()
    assert silent == pytest.approx(0.1, abs=0.03)
    assert (np.abs(made(x, 16, mute_chance=1.0)) <= 0.5 / 32768).all()  # silence as 16 bits know it


@pytest.mark.parametrize("most", [3.0, 24.0])
def test_pitch_moves_by_as_much_as_was_said(most):
    settings = Augmentation(**NOTHING, pitch_semitones=most)
    samples = 1 << 14
    t = np.arange(settings.wants(samples)) / RATE
    tone = np.sin(2 * np.pi * 1000 * t).astype(np.float32)[None].repeat(40, axis=0)
    y = augment(tone, samples, settings, RATE, np.random.default_rng(0))
    assert y.shape == (40, samples) and y.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(y * np.hanning(samples), 1 << 17))
    semitones = 12 * np.log2(np.argmax(spectrum, axis=1) * RATE / (1 << 17) / 1000)
    assert -most - 0.01 < semitones.min() < -0.7 * most and 0.7 * most < semitones.max() < most + 0.01
    for ends in (y[:, :500], y[:, -500:]):  # as loud as in the middle: no silence was let in
        assert np.allclose(np.abs(ends).max(axis=1), 1, atol=0.01)


@pytest.mark.parametrize("settings", [{}, {"mute_chance": 0.3, "pitch_semitones": 12.0}])
def test_a_seed_decides_all(settings):
    samples = 3000
    x = sound(4, Augmentation(**settings).wants(samples) + 10)
    before, one = x.copy(), made(x, samples, 5, **settings)
    assert one.shape == (4, samples) and one.dtype == np.float32 and np.array_equal(x, before)
    assert np.array_equal(one, made(x, samples, 5, **settings))
    assert not np.array_equal(one, made(x, samples, 6, **settings))
    rng = np.random.default_rng(5)
    rows = [augment(row[None], samples, Augmentation(**settings), RATE, rng) for row in x]
    assert np.array_equal(one, np.concatenate(rows))


def test_takes_low_rates_and_no_crops():
    assert np.isfinite(made(sound(20, 2000), 2000, rate=4000)).all()
    assert made(sound(0, 100), 100).shape == (0, 100)


@pytest.mark.parametrize("crops", [np.zeros(100, np.float32), np.zeros((2, 99), np.float32)])
def test_says_what_it_wants(crops):
    with pytest.raises(ShapeError, match="T at least 100"):
        made(crops, 100)


@pytest.mark.parametrize(
    "setting",
    [
        {"phase_chance": 1.1},
        {"mute_chance": -0.1},
        {"quietest_db": 1.0},
        {"quietest_db": float("nan")},
        {"bits": 3},
        {"pitch_semitones": 25.0},
    ],
)
def test_refuses_impossible_settings(setting):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        Augmentation(**setting)
