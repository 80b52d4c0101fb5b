"""What is kept of a file is what is in it, every sample of it, and as exactly as 16 bits can hold."""

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.corpora import RATE, noise, put
from tonewright.audio import corpus_hearing, files
from tonewright.audio.corpus_hearing import Silence, hear
from tonewright.audio.corpus_source import Settings
from tonewright.audio.files import info
from tonewright.audio.prepared import source_of
from tonewright.errors import AudioError
from tonewright.measure.metrics import rms_db


def heard(path, rate=RATE, **more):
    """[(source, sound float64)] of a file."""
    pieces = hear(info(path), source_of(path, path), Settings(rate, **more))
    return [(source, np.concatenate([*blocks, [0]])[:-1] * source.scale) for source, blocks in pieces]


def test_16_bits_at_the_same_rate_are_kept_to_the_bit(tmp_path):
    x = np.round(noise(1.0) * 32768) / 32768
    x[0, 100:103] = -1.0, 32767 / 32768, 0.0
    for quiet in (1.0, 1 / 64):
        y = np.round(x * quiet * 32768) / 32768
        files.write(tmp_path / "a.wav", y, RATE)
        ((source, sound),) = heard(tmp_path / "a.wav")
        assert source.scale == 2.0**-15 and np.array_equal(sound, y[0])


@pytest.mark.parametrize("rate", [44100, 22050, 8000, 96000, 16000, 11025])
def test_another_rate_is_that_of_soxr_and_no_sample_is_lost(tmp_path, rate):
    x = noise(2.3, rate=rate, level=0.05)
    x /= np.abs(x).max()
    put(tmp_path, {"a.flac": (x, rate)})
    kept, _ = files.read(tmp_path / "a.flac")
    wanted = soxr.resample(kept[0].astype(np.float64), rate, RATE, quality="VHQ")
    ((source, sound),) = heard(tmp_path / "a.flac")
    assert source.length == len(sound) == round(source.frames * RATE / rate) == len(wanted)
    assert (source.frames, source.dropped, source.sample_rate) == (x.shape[1], 0, rate)
    error_db = rms_db(sound - wanted) - 20 * np.log10(np.abs(wanted).max())
    assert (
        error_db < -89.0
    )  # half a step of dither and rounding, of a power of two that fits the peak: -90.3 to -96.3


@pytest.mark.parametrize("level", [1.0, 0.003, 1e-4, 7.5, 1e20])
def test_the_error_follows_the_peak(tmp_path, level):
    x = noise(1.0, level=0.2)
    x *= level / np.abs(x).max()
    soundfile.write(tmp_path / "a.wav", x[0], RATE, subtype="FLOAT")
    ((source, sound),) = heard(tmp_path / "a.wav")
    error = sound / level - x[0].astype(np.float32).astype(float) / level
    assert -97.0 < rms_db(error) < -90.0
    assert np.abs(sound).max() <= 1.0001 * level and source.high == pytest.approx(x.max())


def test_what_is_louder_than_any_sound_is_refused(tmp_path):
    """A store that holds it would be refused when it is opened."""
    soundfile.write(tmp_path / "a.wav", 1e30 * noise(1.0)[0], RATE, subtype="FLOAT")
    with pytest.raises(
        AudioError, match=r"a.wav has samples as large as [45]e\+29, .* is 1; export it again"
    ):
        heard(tmp_path / "a.wav")
    most = (
        3.4e38 * np.sign(noise(1.0, channels=2)).T
    )  # the mean of the channels, and what is between, overflow
    soundfile.write(tmp_path / "a.wav", most, 44100, subtype="FLOAT")
    for stereo in (False, True):
        with pytest.raises(AudioError, match="full scale is 1; export it again"):
            heard(tmp_path / "a.wav", stereo=stereo)


def test_the_dither_makes_the_error_a_noise_of_its_own(tmp_path):
    """The mean error does not depend on the sound, and neither does its power: that is what the triangle is for."""
    x = np.repeat(np.linspace(-4, 4, 33) / 32768, 20000)
    x[-1] = 0.9
    soundfile.write(tmp_path / "a.wav", x, RATE, subtype="DOUBLE")
    ((source, sound),) = heard(tmp_path / "a.wav", longest_silence_s=100.0)
    error = ((sound - x) / source.scale)[:-20000].reshape(32, -1)
    loud = np.abs(x[:-20000].reshape(32, -1)[:, 0]) > corpus_hearing.SILENT / 100
    assert np.abs(error.mean(axis=1)).max() < 0.02
    assert np.allclose(error[loud].var(axis=1), 0.25, atol=0.02)
    assert not error[~loud].any()


def test_mono_is_the_mean_and_stereo_is_each(tmp_path):
    x = np.round(noise(0.5, channels=2) * 16384) / 16384
    put(tmp_path, {"a.wav": (x, RATE)})
    ((source, sound),) = heard(tmp_path / "a.wav")
    assert (source.channel, source.channels) == (None, 2)
    assert np.array_equal(sound, x.mean(axis=0))
    left, right = heard(tmp_path / "a.wav", stereo=True)
    assert (left[0].channel, right[0].channel) == (0, 1)
    assert np.array_equal(left[1], x[0]) and np.array_equal(right[1], x[1])
    mono = put(tmp_path, {"b.wav": (x[:1], RATE)}) / "b.wav"
    assert [source.channel for source, _ in (*heard(mono), *heard(mono, stereo=True))] == [0, 0]


def test_channels_that_cancel_leave_the_first(tmp_path):
    x = np.round(noise(0.5) * 16384) / 16384
    put(tmp_path, {"a.wav": (np.concatenate([x, -x]), RATE)})
    ((source, sound),) = heard(tmp_path / "a.wav")
    assert (source.channel, source.channels) == (0, 2) and np.array_equal(sound, x[0])


def test_long_silence_is_shortened_in_its_middle_and_accounted_for(tmp_path):
    a, b = noise(1.0, 1), noise(1.0, 2)
    silence = np.zeros((1, 5 * RATE))
    put(tmp_path, {"a.wav": (np.concatenate([a, silence, b, silence[:, :RATE]], axis=1), RATE)})
    everything, _ = files.read(tmp_path / "a.wav")
    ((source, sound),) = heard(tmp_path / "a.wav", longest_silence_s=2.0)
    assert source.dropped == 3 * RATE and source.length + source.dropped == source.frames == 8 * RATE
    kept = np.concatenate([everything[0, : 2 * RATE], everything[0, 5 * RATE :]])
    assert np.abs(sound - kept).max() < 2.0**-15
    ((source, sound),) = heard(tmp_path / "a.wav", longest_silence_s=0.1)
    assert source.length == 2.2 * RATE and source.dropped == 5.8 * RATE
    ((source, sound),) = heard(tmp_path / "a.wav", longest_silence_s=10.0)
    assert (source.dropped, source.length) == (0, 8 * RATE)


def test_silence_alone_is_kept_as_silence(tmp_path):
    put(tmp_path, {"a.wav": (np.zeros((1, 10 * RATE)), RATE)})
    ((source, sound),) = heard(tmp_path / "a.wav")
    assert (source.length, source.dropped, source.peak) == (2 * RATE, 8 * RATE, 0.0) and not sound.any()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=12), st.integers(0, 9), st.data())
def test_silence_is_found_however_blocks_are_cut(stretches, longest, data):
    x = np.concatenate([np.zeros(0), *(np.full(n, 0.5 * loud) for loud, n in stretches)])
    silence, at = Silence(longest), 0
    while at < len(x):
        n = data.draw(st.integers(0, 30))
        silence.feed(x[at : at + n])
        at += n
    silence.finish()
    kept = np.ones(len(x), bool)
    for start, stop in silence.found:
        kept[start:stop] = False
    assert x[~kept].sum() == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[1], (x[kept] != 0) * 1, [1]])))
    assert all(stop - start <= longest for start, stop in zip(edges[::2], edges[1::2], strict=True))
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[1], (x != 0) * 1, [1]]))))[::2]
    assert sum(~kept) == sum(max(0, run - longest) for run in runs)


def test_a_sound_that_does_not_fit_into_memory(tmp_path, monkeypatch):
    x = noise(20.0)
    put(tmp_path, {"a.flac": (x, RATE)})
    ((_, wanted),) = heard(tmp_path / "a.flac", rate=22050)
    monkeypatch.setattr(corpus_hearing, "IN_MEMORY", 1000)
    ((_, sound),) = heard(tmp_path / "a.flac", rate=22050)
    assert np.array_equal(sound, wanted)


def test_an_offset_is_found_where_there_is_one(tmp_path):
    rumble = 0.3 * np.sin(2 * np.pi * 3 * np.arange(5 * RATE) / RATE)[None]
    hit = 0.5 * np.exp(-np.arange(RATE) / 2000)[None]
    rests = np.concatenate([noise(3.0) + 0.1, np.zeros((1, RATE))], axis=1)
    for x, offset in ((noise(5.0) - 0.1, -0.1), (noise(5.0), 0.0), (rumble, 0.0), (hit, 0.0), (rests, 0.0)):
        put(tmp_path, {"a.wav": (x, RATE)})
        ((source, _),) = heard(tmp_path / "a.wav")
        assert source.offset == pytest.approx(offset, abs=0.005 if offset else 0)


def test_what_is_measured(tmp_path):
    t = np.arange(10 * 48000) / 48000
    burst = np.where(t % 2 < 0.5, np.sin(2 * np.pi * 1000 * t), 0)[None]
    put(tmp_path, {"a.wav": (0.1 * burst, 48000), "b.wav": (noise(5.0, rate=16000), 16000)})
    ((source, _),) = heard(tmp_path / "a.wav", 48000)
    assert source.loud_db == pytest.approx(-23.0, abs=0.3) and source.silence == pytest.approx(0.75, abs=0.03)
    ((source, _),) = heard(tmp_path / "b.wav", 48000)
    assert source.bandwidth_hz == pytest.approx(8000, abs=600) and source.clipped == 0
    put(tmp_path, {"c.wav": (noise(5.0, rate=48000, level=0.6).clip(-0.99, 0.99) / 0.99, 48000)})
    ((source, _),) = heard(tmp_path / "c.wav", 48000)
    assert source.bandwidth_hz == 24000
