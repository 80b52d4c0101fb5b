"""Prepared recordings come back as they were; damaged, foreign, hostile or outdated ones are one sentence."""

import json
import os
import random
import re
import struct

import numpy as np
import pytest
import safetensors.numpy

from tests.audio.tones import HOP, RATE, melody, performance, scale
from tonewright.audio import prepared
from tonewright.audio.performances import open_performances
from tonewright.errors import FileError

SOURCE = prepared.Source("suite/a.wav", 1234, "0123456789abcdef" * 4)
ROWS = ("sound", "f0_hz", "live_f0_hz", "voiced", "loudness_db")


def made(name="a", rate=RATE, hop=HOP):
    sound = melody(scale(220.0, 7), rate=rate)
    frames = len(sound) // hop
    voiced = np.arange(frames) % 7 > 0
    return performance(sound, 220.0, voiced, np.linspace(-30, 0, frames), name, rate, hop, clipped=3)


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    path = tmp_path_factory.mktemp("valid") / "a.safetensors"
    prepared.write(made(), SOURCE, path)
    return path.read_bytes()


@pytest.fixture
def put(tmp_path):
    def write(data: bytes):
        (tmp_path / "a.safetensors").write_bytes(data)
        return tmp_path / "a.safetensors"

    return write


@pytest.fixture
def changed(valid, put):
    """A file with another header, and arrays changed or left out (None)."""

    def write(header=None, rows=None, text=None):
        told = prepared_header(valid) | (header or {})
        told = {name: value for name, value in told.items() if value is not None}
        held = safetensors.numpy.load(valid) | (rows or {})
        held = {name: row for name, row in held.items() if row is not None}
        return put(safetensors.numpy.save(held, {prepared.KEY: json.dumps(told) if text is None else text}))

    return write


def prepared_header(data: bytes) -> dict:
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"][prepared.KEY])


def refused(path, words="a.safetensors"):
    with pytest.raises(FileError, match=words) as told:
        prepared.read(path)
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


def test_what_is_written_comes_back(tmp_path):
    before = made()
    prepared.write(before, SOURCE, tmp_path / "a.safetensors")
    after, header = prepared.read(tmp_path / "a.safetensors")
    for row in ROWS:
        assert np.array_equal(getattr(before, row), getattr(after, row)), row
        assert getattr(before, row).dtype == getattr(after, row).dtype
    told = ("name", "sample_rate", "hop", "clipped")
    assert [getattr(after, name) for name in told] == [getattr(before, name) for name in told]
    assert header.source == SOURCE and header.format == prepared.FORMAT
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_a_folder_of_them_is_opened(tmp_path):
    folder = tmp_path / "violin.data"
    folder.mkdir()
    with pytest.raises(FileError, match="no prepared recording"):
        open_performances(folder, RATE, HOP)
    for name, source in (("z", "1.wav"), ("b", "more/0.wav"), ("a", "2.wav")):
        path = folder / f"{name}.safetensors"
        prepared.write(made(name), prepared.Source(source, 1, "0" * 64), path)
    (folder / ".a-killed.safetensors").write_bytes(b"half")
    (folder / "readme.txt").write_text("mine")
    seen = []
    assert [one.name for one in open_performances(folder, RATE, HOP, progress=seen.append)] == ["z", "a", "b"]
    assert seen == pytest.approx([1 / 3, 2 / 3, 1])
    other = folder.rename(tmp_path / "renamed")
    assert len(open_performances(other, RATE, HOP)) == 3


def test_of_another_rate(tmp_path):
    folder = tmp_path / "violin.data"
    folder.mkdir()
    prepared.write(made(), SOURCE, folder / "a.safetensors")
    words = f"{re.escape(str(folder))} was prepared at 16000 Hz and the model wants 48000 Hz; .*--sample-rate 48000"
    with pytest.raises(FileError, match=words):
        open_performances(folder, 48000, 480)
    with pytest.raises(FileError, match="frames of 160 samples and the model wants 80"):
        open_performances(folder, RATE, 80)


def test_what_is_no_file(tmp_path, put):
    refused(tmp_path / "none.safetensors", "there is no file")
    refused(tmp_path / ("a" * 300 + ".safetensors"), "a{300}")
    refused(tmp_path, "cannot be read")
    for data in (b"", b"{}", os.urandom(4000), b"\xff" * 8 + b"{}", struct.pack("<Q", 1 << 40) + b"{" * 1000):
        refused(put(data), "not a prepared recording")
    refused(put(struct.pack("<Q", 90000) + b"[" * 90000), "not a prepared recording")


def test_somebody_elses(put):
    rows = {"a": np.zeros(3, np.float32)}
    refused(put(safetensors.numpy.save(rows)), "not a prepared recording")
    refused(put(safetensors.numpy.save(rows, {"tonewright": "{}"})), "not a prepared recording")
    refused(put(safetensors.numpy.save(rows, {prepared.KEY: "[]"})), "not a prepared recording")


def test_of_the_future(changed):
    refused(changed({"format": 2}), "format 2 and this version reads up to 1; update tonewright")
    for never in (0, -1, True, "1", 1.0, None):
        refused(changed({"format": never}), "not a prepared recording")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, None) for name in ("name", "sample_rate", "hop", "clipped", "source", "size", "sha256")),
        *(("sample_rate", value) for value in ("16000", 16000.0, 0, -1, 10**9, True, [1])),
        *(("hop", value) for value in (0, -160, 160.0, 16001, 80, 161, 10**30)),
        *(("name", value) for value in (1, ["a"], {})),
        ("clipped", "no"),
    ],
)
def test_a_header_that_cannot_be(changed, name, value):
    refused(changed({name: value}), "is damaged")


def bad_rows():
    good = {name: np.asarray(getattr(made(), name)) for name in ROWS}
    good["voiced"] = good["voiced"].astype(np.uint8)

    def with_value(name, value):
        row = good[name].copy()
        row[5] = value
        return {name: row}

    yield from ({name: None} for name in ROWS)
    yield from ({name: good[name][:-1]} for name in ROWS)
    yield from ({name: good[name][None]} for name in ROWS)
    yield from ({name: good[name].astype(np.float64)} for name in ROWS)
    yield {"more": np.zeros(3, np.float32)}
    yield {name: good[name][:0] for name in ROWS}
    yield from (with_value(name, np.nan) for name in ROWS if name != "voiced")
    yield from (with_value(name, np.inf) for name in ROWS if name != "voiced")
    yield from (with_value(name, value) for name in ("f0_hz", "live_f0_hz") for value in (0.0, -1.0, 1e9))
    yield with_value("loudness_db", 1e6)
    yield with_value("sound", 1e30)
    yield with_value("voiced", 2)


@pytest.mark.parametrize("rows", list(bad_rows()))
def test_rows_that_cannot_be(changed, rows):
    refused(changed(rows=rows), "is damaged")


def test_truncated_anywhere(valid, put):
    ends = [0, 1, 7, 8, 9, 100, len(valid) // 2, len(valid) - 1]
    for end in [*ends, *random.Random(0).sample(range(len(valid)), 30)]:
        refused(put(valid[:end]))


def test_damaged_anywhere_in_its_header(valid, put):
    """It is refused, or what comes back is a performance all the same; nothing else happens."""
    draw, length = random.Random(0), struct.unpack("<Q", valid[:8])[0] + 8
    for _ in range(300):
        data = bytearray(valid)
        for _ in range(draw.choice((1, 1, 4, 30))):
            data[draw.randrange(length)] = draw.randrange(256)
        try:
            found, _ = prepared.read(put(bytes(data)))
        except FileError as error:
            assert "\n" not in str(error)
        else:
            assert len(found.sound) == found.frames * found.hop and len(found.voiced) == found.frames


def test_damaged_anywhere_in_its_numbers(valid, put):
    draw, length = random.Random(0), struct.unpack("<Q", valid[:8])[0] + 8
    for _ in range(100):
        data = bytearray(valid)
        for _ in range(30):
            data[draw.randrange(length, len(data))] = draw.randrange(256)
        try:
            found, _ = prepared.read(put(bytes(data)))
        except FileError as error:
            assert "\n" not in str(error)
        else:
            assert all(np.isfinite(getattr(found, row)).all() for row in ROWS)
