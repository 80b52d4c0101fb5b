"""Files of every format that is read, damaged in every way: each plays or is refused in one sentence."""

import functools
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.damage import CHANGES, broken, changed
from tests.export.test_matrix import page, player
from tonewright.errors import TonewrightError
from tonewright.export import formats
from tonewright.export.formats import ALL, FORMATS
from tonewright.export.opening import load

READ = [row.key for row in ALL if row.reads]
BIG = 1 << 30  # bytes that a file claims
often = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@functools.cache
def files(key: str) -> list[bytes]:
    """One of every model that goes into that format."""
    row, made = FORMATS[key], []
    with tempfile.TemporaryDirectory() as folder:
        for name in page.SAMPLES:
            if formats.refusal(row, player(name)) is None:
                path = Path(folder) / f"file{row.suffixes[0]}"
                formats.write(row, player(name), path)
                made.append(path.read_bytes())
    return made


def opened(key: str, data: bytes, folder: Path) -> None:
    """It plays eight samples, or says in one sentence why not."""
    path = folder / f"file{FORMATS[key].suffixes[0]}"
    path.write_bytes(data)
    try:
        model = load(path)
    except TonewrightError as error:
        assert "\n" not in str(error) and len(str(error)) < 700
    else:
        assert np.shape(model.render(np.zeros(8, np.float32)))[-1] == 8


@often
@given(data=st.data(), changes=CHANGES)
@pytest.mark.parametrize("key", [key for key in READ if FORMATS[key].suffixes[0] not in formats.SOUND])
def test_values_that_are_something_else(key, data, changes, tmp_path):
    values = json.loads(data.draw(st.sampled_from(files(key))))
    opened(key, json.dumps(changed(values, changes)).encode(), tmp_path)


@often
@given(
    data=st.data(),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
)
@pytest.mark.parametrize("key", READ)
def test_bytes_that_are_something_else(key, data, cut, flips, tmp_path):
    opened(key, broken(data.draw(st.sampled_from(files(key))), cut, flips), tmp_path)


@pytest.mark.parametrize("key", READ)
def test_a_file_of_a_gigabyte_is_not_read(key, tmp_path):
    path = tmp_path / f"file{FORMATS[key].suffixes[0]}"
    path.write_bytes(files(key)[0])
    os.truncate(path, BIG)  # takes no room on a disk
    if FORMATS[key].suffixes[0] in formats.SOUND:  # where the file says itself that it ends long before
        assert load(path).render(np.zeros(8, np.float32)).shape == (8,)
        return
    with pytest.raises(TonewrightError):
        load(path)


@pytest.mark.parametrize("key", READ)
@pytest.mark.parametrize(
    "text", ["", "[", "[" * 100_000, '{"a":' * 100_000, "null", "{}", "[]", "\0" * 100, "NaN"]
)
def test_text_that_is_no_model(key, text, tmp_path):
    path = tmp_path / f"file{FORMATS[key].suffixes[0]}"
    path.write_text(text)
    with pytest.raises(TonewrightError):
        load(path)


@pytest.mark.parametrize("key", READ)
def test_what_is_no_file(key, tmp_path):
    suffix = FORMATS[key].suffixes[0]
    (tmp_path / f"folder{suffix}").mkdir()
    os.mkfifo(tmp_path / f"pipe{suffix}")
    for name in ("none", "folder", "pipe"):
        with pytest.raises(TonewrightError):
            load(tmp_path / f"{name}{suffix}")
