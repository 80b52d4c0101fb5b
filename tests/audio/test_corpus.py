"""Crops: every sample equally often, joints without a click, the same for the same numbers; and what is held out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.corpora import RATE, mixed, noise, prepared, put, whole
from tonewright.audio.corpus import open_corpus
from tonewright.audio.corpus_ring import JOINT_S
from tonewright.audio.corpus_source import Settings
from tonewright.errors import AudioError, ConfigError, FileError

JOINT = round(JOINT_S * RATE)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return put(tmp_path_factory.mktemp("sounds"), mixed())


@pytest.fixture(scope="module")
def corpus(sounds):
    return open_corpus(sounds, RATE)


def test_a_folder_and_what_was_prepared_of_it_are_the_same(sounds, corpus, tmp_path):
    kept = prepared(sounds, tmp_path / "a.data")
    opened = open_corpus(tmp_path / "a.data", RATE)
    for other in (kept, opened):
        assert other.sources == corpus.sources and other.sample_rate == corpus.sample_rate
        assert np.array_equal(other.crop(0, other.samples), corpus.crop(0, corpus.samples))
    assert corpus.samples == sum(source.length for source in corpus.sources)
    assert corpus.seconds == pytest.approx(0.5 + 0.3 + 0.05 + 0.07 + 1.0, abs=0.001)


def test_one_file_is_a_corpus(tmp_path):
    put(tmp_path, {"a.wav": (noise(2.0), RATE)})
    seen = []
    corpus = open_corpus(tmp_path / "a.wav", RATE, heard=seen.append)
    assert corpus.seconds == 2.0 and seen[-1] == 1.0
    (source,) = corpus.sources
    assert np.abs(corpus.crop(0, corpus.samples)).max() == pytest.approx(10 ** (-1 / 20), rel=1e-4)
    assert np.allclose(corpus.crop(0, 20000), whole(corpus, source)[:20000] * source.gain, atol=1e-6)


def test_a_crop_is_the_sound_but_for_the_last_5_ms_before_a_joint(corpus):
    ring = corpus.crop(0, corpus.samples)
    for k, source in enumerate(corpus.sources):
        y = ring[source.start : source.start + source.length]
        x = whole(corpus, source) * source.gain - source.offset * source.gain
        joint = min(JOINT, source.length // 4)
        assert np.allclose(y[: source.length - joint], x[: source.length - joint], atol=1e-6)
        after = corpus.sources[(k + 1) % len(corpus.sources)]
        first = ring[after.start]
        if joint:
            assert y[-1] == pytest.approx(first, abs=1e-6)
            bent, weight = y[-joint:] - first, (x[-joint:] - first)
            assert (np.abs(bent) <= np.abs(weight) + 1e-6).all() and (bent * weight >= -1e-9).all()


def test_a_joint_is_no_click(tmp_path):
    """Two sounds that end and begin at another value: no step is left, however loud the sound was."""
    ones = np.ones((1, 8000))
    put(tmp_path, {"a.wav": (0.9 * ones, RATE), "b.wav": (-0.9 * ones, RATE)})
    ring = open_corpus(tmp_path, RATE).crop(0, 16000)
    step = np.abs(np.diff(np.concatenate([ring, ring[:1]]))).max()
    assert step < np.pi / JOINT  # of a half cosine of height 1.8: pi / 2 * 1.8 / JOINT


@settings(max_examples=200, deadline=None)
@given(start=st.integers(0, 100_000), length=st.integers(1, 70_000))
def test_any_crop_is_a_piece_of_the_ring(corpus, start, length):
    ring = corpus.crop(0, corpus.samples)
    assert np.array_equal(corpus.crop(start, length), ring[(start + np.arange(length)) % corpus.samples])


def test_every_sample_is_met_equally_often(corpus, monkeypatch):
    starts = []
    monkeypatch.setattr(corpus, "_fill", lambda start, y: starts.append(start))
    for step in range(4000):
        corpus.crops(0, step, 8, 16)
    counts, _ = np.histogram(starts, 64, (0, corpus.samples))
    expected = len(starts) / 64
    assert ((counts - expected) ** 2 / expected).sum() < 63 + 5 * np.sqrt(2 * 63)
    assert min(starts) < corpus.samples / 2000 and max(starts) > corpus.samples * (1 - 1 / 2000)


def test_crops_follow_from_their_numbers(corpus):
    crops = corpus.crops(3, 7, 4, 1000)
    assert crops.shape == (4, 1, 1000) and crops.dtype == np.float32 and crops.flags.c_contiguous
    assert np.array_equal(crops, corpus.crops(3, 7, 4, 1000))
    assert np.array_equal(crops[:2], corpus.crops(3, 7, 2, 1000))
    for seed, step in ((3, 8), (4, 7), (7, 3)):
        assert not np.array_equal(crops, corpus.crops(seed, step, 4, 1000))
    assert corpus.crops(0, 0, 1, 3 * corpus.samples).shape == (1, 1, 3 * corpus.samples)


STARTS = [4949, 5711, 590, 15390]


def test_the_numbers_are_those_of_another_version(tmp_path):
    """Golden: a resumed training goes on with the same crops, whatever numpy it wakes up with."""
    put(tmp_path, {"a.wav": (np.arange(16000)[None] / 32768, RATE)})
    corpus = open_corpus(tmp_path, RATE)
    starts = [round(float(crop[0, 0] / corpus.sources[0].gain * 32768)) for crop in corpus.crops(1, 2, 4, 1)]
    assert starts == STARTS


def spans(corpus):
    return [
        (s.source.path, s.source.channel, s.source.start + s.start, s.source.start + s.start + s.length)
        for s in corpus.spans
    ]


def check_split(corpus, share=0.1):
    taught, held = corpus.split(share)
    assert taught.samples + held.samples == corpus.samples
    places = sorted((start, stop) for _, _, start, stop in (*spans(taught), *spans(held)))
    assert all(a[1] == b[0] for a, b in itertools.pairwise(places))
    return taught, held


def test_of_few_files_the_ends_are_held_out(tmp_path):
    put(
        tmp_path,
        {"a.wav": (noise(10.0, 1), RATE), "b.wav": (noise(4.0, 2), RATE), "c.wav": (noise(0.5, 3), RATE)},
    )
    taught, held = check_split(open_corpus(tmp_path, RATE))
    assert [(path, stop - start) for path, _, start, stop in spans(held)] == [
        ("a.wav", RATE),
        ("b.wav", 0.4 * RATE),
    ]
    assert len(taught.sources) == 3 and [s.path for s in held.sources] == ["a.wav", "b.wav"]


def test_of_many_files_whole_ones_are_held_out_with_their_copies_and_channels(tmp_path):
    sounds = {f"{n}.wav": (noise(1.0, n, channels=2), RATE) for n in range(20)}
    sounds |= {f"copy{n}.wav": sounds[f"{n}.wav"] for n in range(20)}
    put(tmp_path / "in", sounds)
    corpus = prepared(tmp_path / "in", tmp_path / "a.data", Settings(RATE, stereo=True))
    taught, held = check_split(corpus)
    assert 0.05 <= held.samples / corpus.samples <= 0.12
    assert {s.sha256 for s in taught.sources}.isdisjoint(s.sha256 for s in held.sources)
    assert len(held.sources) % 4 == 0
    again = corpus.split()[1]
    assert again.sources == held.sources


def test_what_is_held_out_is_never_taught(tmp_path):
    """Not even by a crop that crosses a joint: the two have no value in common."""
    put(tmp_path, {"a.wav": (np.full((1, 40000), 0.5), RATE)})
    corpus = open_corpus(tmp_path, RATE)
    corpus.data[36000:] = -corpus.data[0]
    taught, held = corpus.split()
    assert held.crop(0, 4000).max() < 0
    assert min(taught.crops(0, step, 8, 3000).min() for step in range(100)) > 0


def test_no_more_than_ten_minutes_are_held_out(tmp_path):
    put(tmp_path, {"a.wav": (noise(10.0, rate=8000), 8000)})
    corpus = open_corpus(tmp_path, 8000)
    long = type(corpus)(
        np.zeros(8000 * 10_000, np.int16),
        corpus.index,
        [corpus.spans[0].__class__(corpus.sources[0], 0, 8000 * 10_000)],
    )
    assert long.split()[1].seconds == 600.0
    for share in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            corpus.split(share)


def test_of_very_short_sounds_something_is_held_out_too(tmp_path):
    put(tmp_path, {f"{n}.wav": (noise(0.3, n), RATE) for n in range(5)})
    taught, held = check_split(open_corpus(tmp_path, RATE))
    assert 0.05 < held.samples / (taught.samples + held.samples) < 0.11


def test_what_cannot_be_read_is_named_and_the_rest_is_learned_from(tmp_path):
    put(tmp_path, {"a.wav": (noise(2.0), RATE)})
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:1000])
    (tmp_path / "c.mp3").write_text("no sound")
    said = []
    corpus = open_corpus(tmp_path, RATE, said.append)
    assert corpus.seconds == 2.0 and len(said) == 2
    assert "b.wav" in said[1 - ("b.wav" in said[0])] and all(one.startswith("left out: ") for one in said)


def test_who_reads_hours_again_and_again_is_told_how_not_to(tmp_path):
    put(tmp_path / "drums", {"a.wav": (np.full((1, 1000 * 2000), 0.1), 1000), "b.wav": (noise(2.0), RATE)})
    said = []
    open_corpus(tmp_path / "drums", 8000, said.append)
    assert len(said) == 1 and said[0].endswith("drums --for timbre -o drums.data does it once")


def test_nothing_to_learn_from(tmp_path):
    def refused(words, error=AudioError):
        with pytest.raises(error, match=words) as told:
            open_corpus(tmp_path / "in", RATE)
        assert "\n" not in str(told.value)

    refused("there is no file or folder")
    (tmp_path / "in").mkdir()
    refused("holds no sound file")
    put(tmp_path / "in", {"a.wav": (noise(0.1), RATE)})
    refused("0.10 s of sound, and a timbre is learned from hours")
    put(tmp_path / "in", {"a.wav": (np.zeros((1, 3 * RATE)), RATE)})
    refused("silent")


def test_of_another_rate_or_for_something_else(sounds, tmp_path):
    prepared(sounds, tmp_path / "a.data")
    with pytest.raises(FileError, match=r"at 16000 Hz and the model wants 48000 Hz; .*--sample-rate 48000"):
        open_corpus(tmp_path / "a.data", 48000)
    (tmp_path / "b.data").mkdir()
    with pytest.raises(FileError, match="no finished corpus; write: tonewright prepare sounds/ --for timbre"):
        open_corpus(tmp_path / "b.data", 48000)
    (tmp_path / "b.data" / "a.safetensors").write_bytes(b"")
    with pytest.raises(FileError, match="prepared for an instrument"):
        open_corpus(tmp_path / "b.data", 48000)
