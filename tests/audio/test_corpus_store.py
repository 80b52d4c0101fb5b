"""A store comes back as it was; a damaged, foreign or hostile one is one sentence, and never much memory."""

import json
import os
import random
import tracemalloc
from dataclasses import fields

import numpy as np
import pytest

from tests.audio.corpora import RATE, contents, mixed, prepared, put
from tonewright.audio.corpus import open_corpus, read_corpus
from tonewright.audio.corpus_ring import Corpus
from tonewright.audio.corpus_store import INDEX, Source, is_corpus, map_samples, read_index, write_index
from tonewright.errors import AudioError, FileError


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valid")
    prepared(put(folder / "in", mixed()), folder / "a.data")
    return contents(folder / "a.data")


@pytest.fixture
def store(valid, tmp_path):
    folder = tmp_path / "a.data"
    folder.mkdir()
    for name, data in valid.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def changed(store):
    """The store with something else in its index, or in one of its sources."""

    def write(top=None, source=None, number=2, sources=None):
        told = json.loads((store / INDEX).read_bytes())
        told |= top or {}
        if sources is not None:
            told["sources"] = sources
        if source:
            told["sources"][number] |= source
        (store / INDEX).write_text(json.dumps(told))
        return store

    return write


def refused(folder, words="is damaged"):
    with pytest.raises((FileError, AudioError), match=words) as told:
        read_corpus(folder)
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


def test_what_is_written_comes_back(store, tmp_path):
    index = read_index(store)
    write_index(index, tmp_path)
    assert (tmp_path / INDEX).read_bytes() == (store / INDEX).read_bytes()
    assert read_index(tmp_path) == index
    samples = map_samples(index, store)
    assert samples.dtype == np.int16 and len(samples) == index.samples and not samples.flags.writeable


def test_the_samples_stay_on_the_disk(store):
    assert isinstance(read_corpus(store).data.base, np.memmap)


def test_what_is_a_corpus(store, tmp_path):
    assert is_corpus(store) and not is_corpus(tmp_path) and not is_corpus(store / INDEX)


def test_it_may_be_renamed_and_moved(store, tmp_path):
    assert open_corpus(store.rename(tmp_path / "other"), RATE).samples


def test_what_is_missing(store):
    (file,) = store.glob("*.i16")
    file.rename(store / "away")
    refused(store, f"{file.name} is damaged .it is missing.; remove its folder and prepare again")
    (store / INDEX).unlink()
    refused(store, "holds no finished corpus; write: tonewright prepare")


def test_samples_of_another_length(store):
    (file,) = store.glob("*.i16")
    data = file.read_bytes()
    for other in (data[:-1], data[:-2], b"", data + b"\0\0"):
        file.write_bytes(other)
        refused(store, "bytes, and .* belong to its index")


def test_what_is_no_index(store):
    for data in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'"a"',
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b'{"format": 1}',
        b"NaN",
    ):
        (store / INDEX).write_bytes(data)
        refused(store)


def test_of_the_future(changed):
    refused(changed({"format": 2}), "format 2 and this version reads up to 1; update tonewright")
    for never in (0, -1, True, "1", 1.0, None):
        refused(changed({"format": never}))


NUMBERS = [field.name for field in fields(Source) if field.name not in ("path", "sha256", "bands", "channel")]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_cannot_be(changed, name):
    for value in (None, "1", [], True, float("nan"), float("inf"), -float("inf"), 1e300, 10**400):
        refused(changed(source={name: value}))
    if name not in ("offset", "low", "high", "loud_db"):
        refused(changed(source={name: -1}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("path", value) for value in (1, None, [])),
        *(("sha256", value) for value in (1, None, "0" * 64)),  # another file of samples belongs to it
        *(("channel", value) for value in (-1, 1, 7, "0", True, 0.0)),
        *(
            ("bands", value)
            for value in (None, [], [0.0] * 23, ["a"] * 24, [float("nan")] * 24, {}, [[0]] * 24)
        ),
        *(("length", value) for value in (0, 10**12, 10**17, 2**63, 2**64)),
        *(("start", value) for value in (0, 10**12, 1)),
        ("more", 1),
    ],
)
def test_a_source_that_cannot_be(changed, name, value):
    refused(changed(source={name: value}))


@pytest.mark.parametrize(
    "source",
    [
        *({"scale": scale} for scale in (2.0**128, 2.0**80, 2.0**-80, 3.0, 0.1, 2.0**-15 * 1.0000001, 0.0)),
        *({name: value} for name in ("offset", "low", "high") for value in (1e24, -1e24)),
        {"gain": 1.1e6},
    ],
)
def test_what_would_not_be_a_number_when_it_is_taught(changed, source):
    refused(changed(source=source))


def test_the_largest_that_may_be_is_a_number(changed):
    for offset in (-6e23, 6e23):
        corpus = read_corpus(changed(source={"scale": 2.0**64, "gain": 1e6, "offset": offset}))
        assert (
            np.isfinite(corpus.crop(0, corpus.samples)).all()
            and np.abs(corpus.crops(0, 0, 9, 999)).max() < 2e30
        )


def test_a_top_that_cannot_be(changed):
    for top in (
        *(
            {name: value}
            for name in ("samples", "file", "settings", "sources", "left_out")
            for value in (None, 1, "a")
        ),
        {"left_out": [1]},
        {"sources": [1]},
        {"sources": {}},
        {"file": "/etc/passwd"},
        {"file": "../a.data/samples.i16"},
        {"samples": -1},
        {"settings": {}},
    ):
        told = changed(top)
        refused(told)
    rows = {"sample_rate": (0, -1, "a", True, 10**9), "stereo": (0, None), "keep_levels": (0,)}
    rows |= {"longest_silence_s": (-1.0, float("nan"), 1, 1e9)}
    for name, values in rows.items():
        for value in values:
            settings = json.loads((told / INDEX).read_bytes())["settings"]
            refused(
                changed(
                    {"settings": {"sample_rate": RATE, "stereo": False, "keep_levels": False} | {name: value}}
                )
            )
            assert settings is not None


def test_no_sources_is_no_corpus(changed):
    refused(changed({"samples": 0}, sources=[]), "damaged|holds")


def test_a_million_seconds_that_are_not_there_take_no_memory(changed, store):
    """Lengths that add up, in a store whose file is small: they are compared before anything is made of them."""
    told = json.loads((store / INDEX).read_bytes())
    row, rows, at = told["sources"][0], [], 0
    for _ in range(1000):
        rows.append(row | {"start": at, "length": 10**9})
        at += 10**9
    changed({"samples": at}, sources=rows)
    tracemalloc.start()
    refused(store)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_truncated_anywhere(valid, store):
    for end in random.Random(0).sample(range(len(valid[INDEX]) - 2), 60):
        (store / INDEX).write_bytes(valid[INDEX][:end])
        refused(store)


def test_damaged_anywhere(valid, store):
    """It is refused, or what comes back can be taught from all the same; nothing else happens."""
    draw = random.Random(0)
    for _ in range(400):
        data = bytearray(valid[INDEX])
        for _ in range(draw.choice((1, 1, 4, 30))):
            data[draw.randrange(len(data))] = draw.choice((draw.randrange(256), ord("9"), ord("-"), ord("e")))
        (store / INDEX).write_bytes(data)
        try:
            corpus = read_corpus(store)
        except (FileError, AudioError) as error:
            assert "\n" not in str(error)
        else:
            assert isinstance(corpus, Corpus)
            assert np.isfinite(corpus.crops(0, 0, 4, 5000)).all()


def test_an_index_that_may_not_be_read(store):
    if os.geteuid() == 0:
        pytest.skip("root may read anything")
    (store / INDEX).chmod(0)
    refused(store, "cannot be read")
