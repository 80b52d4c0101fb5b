"""Gains: one for a recording, one for all the one-shots of a folder, so that soft stays softer than loud."""

import numpy as np
import pytest

from tests.audio.corpora import RATE, noise, prepared, put
from tonewright.audio.corpus import open_corpus
from tonewright.audio.corpus_source import Settings
from tonewright.units import gain_to_db


def gains(corpus):
    return {source.path: gain_to_db(source.gain) for source in corpus.sources}


def peak_db(corpus, path):
    (source,) = (source for source in corpus.sources if source.path == path)
    return gain_to_db(source.peak * source.gain)


def test_a_recording_has_a_gain_of_its_own(tmp_path):
    put(tmp_path, {"loud.wav": (noise(12.0, 1), RATE), "soft.wav": (noise(12.0, 2, level=0.01), RATE)})
    corpus = open_corpus(tmp_path, RATE)
    assert [peak_db(corpus, path) for path in ("loud.wav", "soft.wav")] == pytest.approx(
        [-1.0, -1.0], abs=1e-9
    )


def test_within_a_recording_nothing_changes(tmp_path):
    x = np.concatenate([noise(6.0, 1, level=0.001), noise(6.0, 2)], axis=1)
    put(tmp_path, {"a.wav": (x, RATE)})
    y = open_corpus(tmp_path, RATE).crop(0, 12 * RATE)
    ratio = np.std(y[8 * RATE : 11 * RATE]) / np.std(y[RATE : 5 * RATE])
    assert ratio == pytest.approx(100, rel=0.02)


def test_one_shots_of_a_folder_keep_their_distance(tmp_path):
    sounds = {f"kick/{n}.wav": (noise(0.5, n, level=0.1 / 2**n), RATE) for n in range(4)}
    sounds |= {f"snare/{n}.wav": (noise(0.5, n, level=0.01 / 2**n), RATE) for n in range(4)}
    put(tmp_path, sounds)
    corpus = open_corpus(tmp_path, RATE)
    for drum in ("kick", "snare"):
        own = {path: gain for path, gain in gains(corpus).items() if path.startswith(drum)}
        assert len(set(own.values())) == 1
        levels = [peak_db(corpus, path) for path in own]
        assert levels[0] == pytest.approx(-1.0) and np.all(np.diff(levels) < -4)
    assert gains(corpus)["snare/0.wav"] - gains(corpus)["kick/0.wav"] == pytest.approx(20, abs=0.1)


def test_a_gain_ends_at_30_db_and_silence_has_none(tmp_path):
    put(
        tmp_path, {"a/hiss.wav": (noise(12.0, level=0.0005), RATE), "b/none.wav": (np.zeros((1, RATE)), RATE)}
    )
    assert gains(open_corpus(tmp_path, RATE)) == pytest.approx({"a/hiss.wav": 30.0, "b/none.wav": 0.0})


def test_the_two_channels_of_a_file_keep_their_balance(tmp_path):
    x = noise(12.0, channels=2) * [[1.0], [0.1]]
    put(tmp_path / "in", {"a.wav": (x, RATE)})
    left, right = prepared(tmp_path / "in", tmp_path / "a.data", Settings(RATE, stereo=True)).sources
    assert left.gain == right.gain and right.peak < 0.2 * left.peak


def test_an_offset_takes_no_room(tmp_path):
    put(tmp_path, {"a.wav": (noise(12.0, level=0.01) + 0.3, RATE)})
    corpus = open_corpus(tmp_path, RATE)
    y = corpus.crop(0, corpus.samples)
    assert abs(y.mean()) < 0.01 and peak_db(corpus, "a.wav") == pytest.approx(-1.0)
    assert np.abs(y).max() == pytest.approx(10 ** (-1 / 20), rel=1e-3)
