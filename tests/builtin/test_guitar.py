"""The guitar is in tune, rings as strings do, and plays something varied all the time."""

import numpy as np
import pytest
from scipy import signal

from tonewright.builtin.guitar import OPEN_HZ, compose, phrase
from tonewright.builtin.strings import loop_filter, pluck
from tonewright.errors import ConfigError


def pitch_hz(y: np.ndarray, rate: int, near_hz: float) -> float:
    """The highest autocorrelation near a pitch, between the samples by a parabola."""
    y = signal.sosfiltfilt(signal.butter(4, 3 * near_hz, fs=rate, output="sos"), y)
    correlation = signal.correlate(y, y, method="fft")[len(y) - 1 :]
    low, high = round(0.95 * rate / near_hz), round(1.05 * rate / near_hz)
    k = low + int(np.argmax(correlation[low:high]))
    a, b, c = correlation[k - 1 : k + 2]
    return rate / (k + 0.5 * (a - c) / (a - 2 * b + c))


def cents(a: float, b: float) -> float:
    return 1200 * np.log2(a / b)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("string,fret", [(0, 0), (1, 3), (3, 2), (4, 12), (5, 19)])
def test_in_tune(rate, string, fret):
    true = OPEN_HZ[string] * 2 ** (fret / 12)
    y = pluck(OPEN_HZ[string], fret, 1.0, rate)
    assert abs(cents(pitch_hz(y[rate // 10 :], rate, true), true)) < 3


def test_a_bend_arrives():
    semitones = np.minimum(np.arange(96000) / 24000, 1.0) * 2
    y = pluck(196.0, 5, 2.0, 48000, semitones=semitones)
    true = 196.0 * 2 ** (7 / 12)
    assert abs(cents(pitch_hz(y[48000:], 48000, true), true)) < 3


@pytest.mark.parametrize("muted", [False, True])
@pytest.mark.parametrize("f0_hz", [70.0, 110.0, 333.3, 1500.0])
def test_every_round_trip_loses_energy(f0_hz, muted):
    _, b, a = loop_filter(f0_hz, 44100, muted)
    assert np.abs(signal.freqz(b, a, 4096)[1]).max() < 1


def test_treble_dies_first_and_a_palm_kills_all():
    def level_db(y, low_hz, high_hz, start):
        band = signal.sosfilt(signal.butter(4, (low_hz, high_hz), "bandpass", fs=48000, output="sos"), y)
        return 20 * np.log10(np.std(band[start : start + 9600]))

    def fall_db(y, low_hz, high_hz):
        return level_db(y, low_hz, high_hz, 4800) - level_db(y, low_hz, high_hz, 33600)

    y, muted = (pluck(OPEN_HZ[0], 0, 2.0, 48000, muted=m) for m in (False, True))
    assert fall_db(y, 60, 200) < 10 < 15 < fall_db(y, 2500, 3500)
    assert fall_db(muted, 60, 200) > 50


def test_force_is_louder_and_brighter():
    soft, hard = (pluck(OPEN_HZ[2], 0, 0.5, 48000, force=f) for f in (0.1, 0.9))

    def brightness(y):
        return np.std(np.diff(y)) / np.std(y)

    assert 10 < np.std(hard) / np.std(soft) < 20
    assert brightness(hard) > 1.2 * brightness(soft)


def test_phrase_levels():
    y = phrase(20.0, seed=1)
    assert y.dtype == np.float32 and len(y) == 960000
    assert np.abs(y).max() == pytest.approx(0.6, abs=0.001)
    assert -91 < 20 * np.log10(np.std(y[:24000])) < -88
    assert abs(np.mean(y)) < 1e-4


def test_a_seed_is_a_piece():
    assert np.array_equal(phrase(4.0, seed=3), phrase(4.0, seed=3))
    assert not np.array_equal(phrase(4.0, seed=3), phrase(4.0, seed=4))
    assert compose(4.0, 3) == [note for note in compose(30.0, 3) if note.start_s < 4.0]
    first = compose(30.0, 7)[0]
    assert (first.string, first.fret, round(first.start_s, 6)) == (1, 0, 1.051328)  # numpy promises it


@pytest.mark.parametrize("seed", range(6))
def test_every_half_minute_holds_everything(seed):
    notes = compose(132.0, seed)
    for start in range(0, 132, 33):  # two rounds are 32.5 s at the slowest
        part = [note for note in notes if start <= note.start_s < start + 33]
        assert any(note.muted for note in part)
        assert any(note.vibrato for note in part) and any(note.bend for note in part)
        assert min(note.force for note in part) < 0.35 < 0.75 < max(note.force for note in part)
        assert min(note.string for note in part) == 0 and max(note.string for note in part) == 5
        assert max(note.seconds for note in part) > 1.5


def test_one_hand_has_no_more_than_six_strings():
    for note in compose(200.0):
        assert 0 <= note.string <= 5 and 0 <= note.fret <= 19 and note.seconds > 0 and 0 <= note.force <= 1


def test_same_music_at_every_rate():
    def level(rate):
        y = phrase(6.0, rate, seed=2)
        return [np.std(part) for part in np.split(y[: 6 * rate], 12)][1:]

    assert level(44100) == pytest.approx(level(48000), rel=0.1)


@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.3, 0.51])
def test_short(seconds):
    y = phrase(seconds)
    assert len(y) == round(48000 * seconds) and np.isfinite(y).all()


def test_refusals():
    for wrong in ({"seconds": -1.0}, {"seconds": np.nan}, {"sample_rate": 8000}, {"seed": -1}):
        with pytest.raises(ConfigError, match=f"{next(iter(wrong))} wants"):
            phrase(**{"seconds": 1.0, **wrong})
    with pytest.raises(ConfigError, match="3000 Hz"):
        pluck(3000.0, 0, 1.0, 48000)
