"""The pitch of recordings: right where it is known, at the right time, and none in silence."""

import sys

import numpy as np
import pytest

from tests.shared import SHARED, needs_shared
from tonewright.audio import files
from tonewright.audio.f0 import between, f0_track, held
from tonewright.errors import AudioError, ConfigError, ShapeError

pytest.importorskip("swift_f0")


def saw(f0_hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """A sound of ten harmonics with this pitch at each sample, and a little noise."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / sample_rate
    x = sum(np.where(f0_hz * k < 7000, np.sin(k * phase) / k, 0.0) for k in range(1, 11))
    return 0.2 * x + 1e-3 * np.random.default_rng(0).standard_normal(len(x))


def cents(f0_hz: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return 1200 * np.log2(f0_hz / truth)


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
def test_a_glide_is_followed_without_delay(sample_rate):
    """Up and down by two octaves a second: a frame of delay would be 24 cents."""
    hop, t = sample_rate // 100, np.arange(2 * sample_rate) / sample_rate
    truth = 200 * 2 ** (2 * np.minimum(t, 2 - t))
    track = f0_track(saw(truth, sample_rate), sample_rate, hop)
    assert len(track.f0_hz) == len(track.voiced) == len(track.confidence) == 200
    assert track.tracker == "swift-f0"
    off, at = cents(track.f0_hz, truth[::hop]), np.arange(200) / 100
    up, down = off[(at > 0.15) & (at < 0.85)], off[(at > 1.15) & (at < 1.85)]
    assert track.voiced[15:185].all()
    assert abs(np.median(up)) < 5 and abs(np.median(down)) < 5 and np.abs(off[15:185]).max() < 25
    assert abs(np.median(up) - np.median(down)) / 2 < 3  # so a delay of less than 1.3 ms


def test_between_notes_and_in_silence_no_pitch_is_made_up():
    rate, t = 16000, np.arange(16000) / 16000
    low, high, still = saw(np.full(16000, 220.0), rate), saw(np.full(16000, 330.0), rate), np.zeros(16000)
    hiss = 2e-5 * np.random.default_rng(1).standard_normal(16000) * (1 + np.sin(2 * np.pi * 170 * t))
    track = f0_track(np.concatenate([still, low, hiss, high, still]), rate, 160)
    assert not track.voiced[:95].any() and not track.voiced[205:295].any() and not track.voiced[405:].any()
    assert track.voiced[105:195].all() and track.voiced[305:395].all()
    near = np.minimum(np.abs(cents(track.f0_hz, 220.0)), np.abs(cents(track.f0_hz, 330.0)))
    edge = np.isin(np.arange(500), [*range(95, 105), *range(195, 206), *range(295, 306), *range(395, 500)])
    assert near[~edge].max() < 15
    assert np.ptp(track.f0_hz[:95]) == 0.0 and abs(cents(track.f0_hz[0], 220.0)) < 100
    assert np.ptp(track.f0_hz[210:290]) == 0.0


def test_a_quiet_recording_has_the_same_pitch():
    x = saw(300 * 2 ** np.linspace(0, 1, 32000), 16000)
    loud, quiet = f0_track(x, 16000, 160), f0_track(0.003 * x, 16000, 160)
    assert (loud.voiced == quiet.voiced).all()
    np.testing.assert_allclose(loud.f0_hz, quiet.f0_hz, rtol=1e-3)


@pytest.mark.parametrize("length", [0, 1, 100, 300])
def test_short_sounds(length):
    track = f0_track(np.full(length, 0.1), 16000, 160)
    assert len(track.f0_hz) == len(track.voiced) == len(track.confidence) == length // 160


def test_silence_has_none():
    track = f0_track(np.zeros(8000), 16000, 160)
    assert not track.voiced.any() and not track.confidence.any() and (track.f0_hz > 0).all()


def test_notes_are_not_joined():
    f0_hz = np.array([100.0, 100.0, 200.0, 210.0, 50.0])
    voiced = np.array([True, True, True, True, False])
    made, known, sure = between(
        f0_hz, voiced, np.linspace(0, 1, 5), np.array([0.5, 1.2, 1.7, 2.5, 3.4, 3.6, 9.0])
    )
    np.testing.assert_allclose(made, [100, 100, 200, np.sqrt(200 * 210), 210, 50, 50])
    assert known.tolist() == [True] * 5 + [False] * 2
    np.testing.assert_allclose(sure, np.array([0.5, 1.2, 1.7, 2.5, 3.4, 3.6, 4.0]) / 4)


def test_held_with_nothing_to_hold():
    assert held(np.array([1.0, 2.0]), np.zeros(2, bool), 7.0).tolist() == [7.0, 7.0]


@needs_shared
def test_a_violin_plays_the_notes_that_are_written():
    """Half a minute of a solo: nearly all that is voiced lies near a semitone of one tuning, in a violin's range."""
    x, rate = files.read(SHARED / "data" / "violin" / "minji-kim_bwv1003_mov4.flac")
    track = f0_track(x[0, 10 * rate : 40 * rate], rate, rate // 100)
    f0_hz = track.f0_hz[track.voiced]
    assert track.voiced.mean() > 0.8
    assert np.mean((f0_hz > 180) & (f0_hz < 1500)) > 0.98
    notes = 12 * np.log2(f0_hz / 440)
    tuning = np.angle(np.mean(np.exp(2j * np.pi * notes))) / (2 * np.pi)
    off = np.abs((notes - tuning + 0.5) % 1 - 0.5)
    assert np.mean(off < 0.3) > 0.85


@pytest.mark.parametrize("sample_rate,hop", [(16000, 64), (44100, 441), (44130, 1000)])
def test_without_swift_ours_takes_its_place(monkeypatch, sample_rate, hop):
    monkeypatch.setitem(sys.modules, "swift_f0", None)
    truth = 200 * 2 ** (2 * np.arange(sample_rate) / sample_rate)
    with pytest.warns(UserWarning, match="swift-f0 is not installed"):
        track = f0_track(saw(truth, sample_rate), sample_rate, hop)
    assert track.tracker == "tonewright" and len(track.f0_hz) == sample_rate // hop
    at = np.arange(len(track.f0_hz)) * hop
    inside = (at > 0.05 * sample_rate) & (at < 0.95 * sample_rate)
    assert track.voiced[inside].all()
    assert np.abs(cents(track.f0_hz, truth[at])[inside]).max() < 3


def test_mistakes_are_told():
    with pytest.raises(ShapeError, match=r"f0_track wants sound \[T\], and got \[1, 10\]"):
        f0_track(np.zeros((1, 10)), 16000, 160)
    with pytest.raises(ConfigError, match=r"within 46\.9 to 2093\.0 Hz, and got 160, and 500 to 100 Hz"):
        f0_track(np.zeros(10), 16000, 160, 500, 100)
    with pytest.raises(ConfigError, match="and got 160, and 3000 to 5000 Hz"):
        f0_track(np.zeros(10), 16000, 160, 3000, 5000)
    with pytest.raises(AudioError, match="not finite"):
        f0_track(np.full(10, np.nan), 16000, 160)
