"""The dry track holds every second of a library alike, at many levels, cleanly cut, and repeats with its seed."""

import itertools
import tracemalloc

import numpy as np
import pytest
import soundfile

from tonewright.audio import align, files, slices
from tonewright.audio.library import open_library
from tonewright.audio.rates import resample
from tonewright.audio.slices import FADE_S, MISSED, PEAK, REST_S, dry_track
from tonewright.builtin import phrase
from tonewright.errors import AudioError
from tonewright.measure.metrics import rms_db

RATE = 8000


def tone(hz: float, seconds: float, rate: int = RATE, level: float = 0.1) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def power_at(x: np.ndarray, hz: float, rate: int = RATE) -> float:
    """The part of all power that is within 5 Hz of a frequency."""
    power = np.abs(np.fft.rfft(x)) ** 2
    place = np.fft.rfftfreq(len(x), 1 / rate)
    return float(power[np.abs(place - hz) < 5].sum() / power.sum())


@pytest.fixture
def library(tmp_path):
    """A folder of three tones of 6, 20 and 60 seconds, whose waves are at any place where a slice is cut."""
    for name, hz, seconds in (("a", 300.37, 6), ("b", 500.37, 20), ("c", 700.37, 60)):
        files.write(tmp_path / f"{name}.wav", tone(hz, seconds), RATE)
    return open_library(tmp_path)


def test_the_seed_decides(library):
    first = dry_track(library, 30, RATE, seed=1)
    assert len(first) == 30 * RATE and first.dtype == np.float32
    assert np.array_equal(dry_track(library, 30, RATE, seed=1), first)
    assert not np.array_equal(dry_track(library, 30, RATE, seed=2), first)


def test_every_sample_comes_once_before_any_comes_twice(library):
    for seed in range(3):
        drawn = {}
        source = slices.slices(library, seed)
        while sum(stop - start for spans in drawn.values() for start, stop in spans) < 86 * RATE:
            sound, start, stop = next(source)
            drawn.setdefault(sound.path.stem, []).append((start, stop))
        for name, frames in (("a", 6), ("b", 20), ("c", 60)):
            spans = sorted(drawn[name])
            assert spans[0][0] == 0 and spans[-1][1] == frames * RATE
            assert all(first[1] == second[0] for first, second in itertools.pairwise(spans))
            assert all(0.6 < (stop - start) / RATE / slices.SLICE_S < 1.6 for start, stop in spans)
        assert next(source)  # and so on, for ever


def test_long_files_come_as_often_as_they_are_long(library):
    first = [next(slices.slices(library, seed)) for seed in range(1500)]
    seconds = dict.fromkeys("abc", 0.0)
    for sound, start, stop in first:
        seconds[sound.path.stem] += (stop - start) / RATE
    for name, length in (("a", 6), ("b", 20), ("c", 60)):
        assert seconds[name] / sum(seconds.values()) == pytest.approx(length / 86, abs=0.03)


def test_it_begins_with_a_rest_and_rests_now_and_then(library):
    x = dry_track(library, 80, RATE)
    silent = np.flatnonzero(np.diff(np.concatenate([[0], x == 0, [0]]).astype(int)))
    rests = [(a / RATE, b / RATE) for a, b in silent.reshape(-1, 2) if b - a > 0.9 * REST_S * RATE]
    assert rests[0] == pytest.approx((0, REST_S), abs=0.001)
    assert len(rests) == 3 and all(b - a == pytest.approx(REST_S, abs=0.01) for a, b in rests)
    assert all(29.9 < second[0] - first[1] < 35 for first, second in itertools.pairwise(rests))
    assert np.abs(x[-RATE:]).max() > 0  # to its end


def test_the_levels_are_spread_over_all_that_a_player_will_meet(tmp_path):
    files.write(tmp_path / "quiet.wav", tone(700, 200, level=0.003), RATE)
    files.write(tmp_path / "loud.wav", tone(700, 200, level=0.99), RATE)
    x = dry_track(open_library(tmp_path), 300, RATE)
    peaks_db = 20 * np.log10([np.abs(part).max() / PEAK for part in np.split(x, 300) if part.all()])
    assert (
        np.abs(x).max() == pytest.approx(PEAK, rel=1e-3)
        and -24.1 < peaks_db.min() < -22
        and peaks_db.max() > -2
    )
    quarters = np.histogram(peaks_db, bins=[-24.1, -18, -12, -6, 0.1])[0] / len(peaks_db)
    assert quarters.min() > 0.2


def test_a_short_track_has_loud_and_soft_slices_too(library):
    x = dry_track(library, 13, RATE)[round(REST_S * RATE) :]
    peaks_db = 20 * np.log10([np.abs(part).max() / PEAK for part in np.split(x[: 12 * RATE], 12)])
    assert peaks_db.max() == pytest.approx(0, abs=0.1) and peaks_db.min() < -12


def test_the_dynamics_within_a_slice_stay(tmp_path):
    x = np.concatenate([tone(700, 2, level=0.02), tone(700, 2, level=0.2)])
    files.write(tmp_path / "x.wav", x, RATE)
    y = dry_track(open_library(tmp_path), 4.5, RATE)[round(REST_S * RATE) :]
    assert rms_db(y[3 * RATE : -400]) - rms_db(y[400:RATE]) == pytest.approx(20, abs=0.1)


def test_no_joint_clicks(library):
    x = dry_track(library, 60, RATE)
    steepest = 1.01 * PEAK * (2 * np.pi * 701 + np.pi / 2 / FADE_S) / RATE
    assert np.abs(np.diff(x)).max() <= steepest


def test_rates_are_converted(tmp_path):
    files.write(tmp_path / "a.wav", tone(1000, 10, 44100), 44100)
    files.write(tmp_path / "b.flac", tone(1000, 10, 16000), 16000)
    for rate in (44100, 16000, 48000):
        x = dry_track(open_library(tmp_path), 12, rate)
        assert len(x) == 12 * rate and power_at(x, 1000, rate) > 0.98


def test_channels_are_mixed(tmp_path):
    files.write(tmp_path / "a.wav", np.stack([tone(500, 10), tone(900, 10)]), RATE)
    x = dry_track(open_library(tmp_path), 8, RATE)
    assert power_at(x, 500) == pytest.approx(0.5, abs=0.02) and power_at(x, 900) == pytest.approx(
        0.5, abs=0.02
    )


@pytest.mark.parametrize("rate", [16000, 32000])
def test_the_answer_to_sounds_without_treble_is_lined_up(tmp_path, rate):
    files.write(tmp_path / "guitar.wav", resample(phrase(20.0)[None], 48000, rate), rate)
    x = dry_track(open_library(tmp_path), 20, 48000)
    for late in (0, 100):
        y = np.tanh(5 * np.concatenate([np.zeros(late), x]))
        assert align.estimate(x, y, 48000).latency_samples == late


def test_an_offset_is_taken_out(tmp_path):
    files.write(tmp_path / "whale.wav", 0.36 + tone(200, 20, level=0.02), RATE)
    x = dry_track(open_library(tmp_path), 20, RATE)
    assert abs(x.mean()) < 1e-3 and power_at(x, 200) > 0.98
    assert (
        np.abs(x).max() == pytest.approx(PEAK, rel=1e-3) and rms_db(x) > -20
    )  # the whale has the level, not its offset


def test_silence_is_drawn_again(tmp_path):
    files.write(tmp_path / "a.wav", np.zeros(60 * RATE), RATE)
    files.write(tmp_path / "b.wav", tone(500, 60, level=1e-4), RATE)  # at -83 dB
    files.write(tmp_path / "c.wav", tone(700, 20), RATE)
    x = dry_track(open_library(tmp_path), 25, RATE)
    assert power_at(x, 700) > 0.98 and power_at(x, 500) < 1e-3
    assert np.mean(x == 0) < 0.05


def test_a_library_of_silence_is_given_up(tmp_path, monkeypatch):
    files.write(tmp_path / "a.wav", np.zeros((2, 4 * RATE)), RATE)
    soundfile.write(tmp_path / "b.wav", np.full(4 * RATE, 0.5), RATE)  # an offset is none either
    read = files.read
    reads = []
    monkeypatch.setattr(files, "read", lambda *words: reads.append(words) or read(*words))
    with pytest.raises(AudioError, match=f"{MISSED} slices of .* in a row were silent .below -60 dB"):
        dry_track(open_library(tmp_path), 10, RATE)
    assert len(reads) == MISSED


def test_a_file_that_turns_out_to_be_damaged_is_told_once_and_left_out(tmp_path):
    files.write(tmp_path / "a.wav", tone(700, 20), RATE)
    files.write(tmp_path / "b.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 60 * RATE), RATE)
    whole = (tmp_path / "b.flac").read_bytes()
    (tmp_path / "b.flac").write_bytes(whole[: len(whole) // 8])
    nan = tone(700, 4)
    nan[2 * RATE :] = np.nan
    soundfile.write(tmp_path / "c.wav", nan, RATE, "FLOAT")
    told = []
    library = open_library(tmp_path, told.append)
    assert len(library.sounds) == 3 and told == []
    x = dry_track(library, 60, RATE, said=told.append)
    assert np.isfinite(x).all() and len(told) == 2
    assert any("b.flac is damaged or cut short" in sentence for sentence in told)
    assert any("c.wav has NaN or infinite samples" in sentence for sentence in told)


def test_sounds_of_a_blink_are_used_too(tmp_path):
    rng = np.random.default_rng(0)
    for number, frames in enumerate((1, 2, 3, 400, 900)):
        files.write(tmp_path / f"{number}.wav", rng.uniform(-0.5, 0.5, frames), RATE)
    x = dry_track(open_library(tmp_path), 5, RATE)
    assert len(x) == 5 * RATE and np.abs(x).max() < 1.001 * PEAK and rms_db(x) > -40
    assert len(dry_track(open_library(tmp_path), 5, 1000)) == 5000


def test_an_hour_is_not_read_to_draw_seconds_from_it(tmp_path):
    minute = np.stack([tone(500, 60)] * 2, axis=1)
    with soundfile.SoundFile(tmp_path / "hour.wav", "w", RATE, 2, "PCM_16") as sound:
        for _ in range(60):
            sound.write(minute)
    library = open_library(tmp_path)
    tracemalloc.start()
    dry_track(library, 30, RATE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # of 230e6
