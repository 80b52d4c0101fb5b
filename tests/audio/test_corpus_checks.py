"""Each fault of a corpus is found where it is, and nowhere else."""

import re

import numpy as np
import pytest
from scipy import signal

from tests.audio.corpora import RATE, noise, prepared, put
from tests.shared import SHARED, needs_shared
from tonewright.audio.corpus import open_corpus
from tonewright.audio.corpus_checks import check_corpus
from tonewright.audio.corpus_source import Settings


def swelling(seconds, seed=0, level=0.1):
    """Noise whose level and colour move, so that nothing is to be said of it but that it is short."""
    x = noise(seconds, seed, level=1.0)[0]
    t = np.arange(len(x)) / RATE
    dull = signal.lfilter([0.05], [1, -0.95], x)
    share = 0.5 + 0.5 * np.sin(2 * np.pi * t / 1.3)
    y = (share * x + (1 - share) * dull) * 10 ** (np.sin(2 * np.pi * t / 0.7) - 1)
    return level * y[None] / np.abs(y).max()


def found(folder, settings=None):
    corpus = prepared(folder, folder.parent / "a.data", settings)
    return {finding.seen: finding for finding in check_corpus(corpus)[1]}


def named(folder, words, settings=None):
    """The one finding, beside the amount, that has these words."""
    others = [one for one in found(folder, settings).values() if "minutes" not in one.seen]
    assert len(others) == 1 and words in str(others[0]), others
    return others[0]


@pytest.fixture
def sounds(tmp_path):
    return put(tmp_path / "in", {"a.wav": (swelling(30), RATE)})


def test_of_good_sound_only_that_it_is_little(sounds):
    (only,) = found(sounds).values()
    assert (
        only.level == "warning" and "only 0:30 minutes; too little" in str(only) and "2 to 3 hours" in only.do
    )


def test_amounts(sounds):
    corpus = open_corpus(sounds, RATE)
    for seconds, level in ((599, "warning"), (601, "note"), (7199, "note"), (7201, None)):
        corpus.samples = seconds * RATE
        levels = [one.level for one in check_corpus(corpus)[1]]
        assert levels == ([level] if level else [])


def test_quiet_data(sounds):
    put(sounds, {"a.wav": (swelling(30, level=0.001), RATE)})
    assert named(sounds, "quiet data: all of it").level == "warning"


def test_one_loud_moment(sounds):
    x = swelling(30, level=0.003)
    x[0, 5000] = 0.9
    put(sounds, {"a.wav": (x, RATE)})
    assert "one loud moment" in named(sounds, "quiet data").means


def test_clipping(sounds):
    put(
        sounds, {"a.wav": ((3 * swelling(30, level=1.0)).clip(-1, 1), RATE), "b.wav": (swelling(30, 2), RATE)}
    )
    assert "a.wav is clipped" in named(sounds, "torn peaks").seen


@pytest.mark.parametrize("count", [2, 5])
def test_several_are_spoken_of_as_several(sounds, count):
    loud = {f"{n}.wav": (0.9 * (3 * swelling(8, n, 1.0)).clip(-1, 1) + 0.1, RATE) for n in range(count)}
    (sounds / "a.wav").unlink()
    told = "\n".join(found(put(sounds, loud)))
    assert re.search(rf"\.wav and {count - 1} more are clipped at full scale", told), told
    assert re.search(rf"\.wav and {count - 1} more have a constant offset \(DC\) of up to \+0", told), told


def test_too_varied(sounds):
    low = 3 * signal.lfilter([0.02], [1, -0.98], swelling(30, 5)[0])
    high = np.diff(swelling(30, 6)[0], prepend=0)
    high = np.diff(high, prepend=0)
    put(sounds, {"b.wav": (low[None], RATE), "c.wav": (high[None], RATE)})
    assert any("too varied: " in seen and "odd one out: " in seen for seen in found(sounds))


@pytest.mark.parametrize("seconds", [30, 3.5])
def test_too_uniform(sounds, seconds):
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)[None]
    put(sounds, {"a.wav": (tone, RATE), "b.wav": (0.9 * tone, RATE)})
    named(sounds, "too uniform")


def test_one_shots_that_differ_are_not_uniform(sounds):
    (sounds / "a.wav").unlink()
    t = np.arange(round(0.3 * RATE)) / RATE
    tones = {f"{n}.wav": (0.3 * np.sin(2 * np.pi * 110 * 2 ** (n / 3) * t)[None], RATE) for n in range(20)}
    put(sounds, tones)
    assert all("uniform" not in seen for seen in found(sounds))


def test_mostly_silence(sounds):
    x = swelling(30)
    x[:, 8 * RATE :] *= 1e-4
    put(sounds, {"a.wav": (x, RATE)})
    named(sounds, "% is silence")


def test_a_lower_rate_in_a_higher(sounds):
    for settings, level, rate in ((Settings(48000), "warning", 16000), (Settings(22050), "note", 16000)):
        told = [one for seen, one in found(sounds, settings).items() if "kHz" in seen]
        assert [one.level for one in told] == [level] and f"--sample-rate {rate}" in told[0].do
        for path in (sounds.parent / "a.data").iterdir():
            path.unlink()


def test_an_offset(sounds):
    put(sounds, {"a.wav": (swelling(30) + 0.2, RATE)})
    assert named(sounds, "a.wav has a constant offset (DC) of +0.2").level == "note"


def test_a_file_that_is_there_twice(sounds):
    put(sounds, {"b/c.wav": (swelling(30), RATE)})
    assert "b/c.wav is the same file as a.wav" in named(sounds, "same file").seen


def test_files_that_cannot_be_read(sounds):
    (sounds / "b.wav").write_bytes((sounds / "a.wav").read_bytes()[:9999])
    corpus = prepared(sounds, sounds.parent / "a.data")
    assert any("1 file could not be read" in one.seen for one in check_corpus(corpus)[1])


def test_channels_that_cancel(sounds):
    x = swelling(30)
    put(sounds, {"a.wav": (np.concatenate([x, -x]), RATE)})
    named(sounds, "channels of a.wav cancel")
    (sounds.parent / "b.data").mkdir()
    stereo = prepared(sounds, sounds.parent / "b.data", Settings(RATE, stereo=True))
    there, others = check_corpus(stereo)
    assert not any("cancel" in one.seen for one in others)
    assert str(there) == "1:00 of sound at 16000 Hz from 1 sound, 2 channels; 3 % is silence"


def test_silence_that_was_left_out_is_told(sounds):
    put(
        sounds,
        {"a.wav": (np.concatenate([swelling(10), np.zeros((1, 10 * RATE)), swelling(9)], axis=1), RATE)},
    )
    assert str(check_corpus(open_corpus(sounds, RATE))[0]).endswith(
        "% is silence, and 0:08 more were left out"
    )


@needs_shared
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("drums_gogodze", []),
        ("violin", ["ends at 16 kHz"]),
        ("general_esc10", ["too varied"]),
        ("general_librosa", ["too varied", "offset", "ends at"]),
    ],
)
def test_real_sounds(name, words):
    others = [str(one) for one in check_corpus(open_corpus(SHARED / "data" / name))[1]]
    for word in words:
        assert any(word in one for one in others), others
    assert all("uniform" not in one and "quiet data" not in one for one in others), others
    assert len(others) == len(words) + 1 or name == "general_esc10", others
