"""Files of every format that is read, damaged in every way: each plays or is refused in one sentence."""

import functools
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.damage import CHANGES, broken, changed, places
from tests.export.test_matrix import page, player
from tonewright.cli import run
from tonewright.errors import TonewrightError
from tonewright.export import formats
from tonewright.export.formats import ALL, FORMATS
from tonewright.export.opening import load

READ = [row.key for row in ALL if row.reads]
JSON = [key for key in READ if FORMATS[key].suffixes[0] not in formats.SOUND]
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
@pytest.mark.parametrize("key", JSON)
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


def long_integers(values):
    """Copies of JSON values, each with a number of 4300 digits in place of one of its whole numbers, as text."""
    for path in places(values):
        holder = values
        for key in path[:-1]:
            holder = holder[key]
        if path and type(holder[path[-1]]) is int:
            usual, holder[path[-1]] = holder[path[-1]], "DIGITS"
            yield json.dumps(values).replace('"DIGITS"', "9" * 4300)
            holder[path[-1]] = usual


@pytest.mark.parametrize("key", JSON)
def test_whole_numbers_of_many_digits(key, tmp_path):
    texts = [text for data in files(key) for text in long_integers(json.loads(data))]
    assert texts
    for text in texts:
        opened(key, text.encode(), tmp_path)


@pytest.mark.parametrize("key", JSON)
def test_more_names_than_a_model_has(key, tmp_path):
    path = tmp_path / f"file{FORMATS[key].suffixes[0]}"
    path.write_text(
        "{" + ",".join(f'"{i}":{{}}' for i in range(16000)) + ',"\N{GUITAR}":1}', encoding="utf-8"
    )
    with pytest.raises(TonewrightError):
        load(path)
    names = ",".join(f'"{i}":0' for i in range(40_000))
    path.write_text("{" + names + ',"\N{GUITAR}":1}', encoding="utf-8")
    with pytest.raises(TonewrightError, match="more than 32,768 names"):
        load(path)


@pytest.mark.parametrize("key", JSON)
def test_a_mark_before_the_text(key, tmp_path):
    """Some editors put one there."""
    path = tmp_path / f"file{FORMATS[key].suffixes[0]}"
    path.write_bytes(b"\xef\xbb\xbf" + files(key)[0])
    assert load(path).render(np.zeros(8, np.float32)).shape == (8,)


def array(channels: int, dilations: list[int], **change) -> dict:
    """A layer array of a .nam file with taps of two samples."""
    told = {"input_size": 1, "condition_size": 1, "head_size": 1, "channels": channels, "kernel_size": 2}
    return told | {"dilations": dilations, "activation": "Tanh", "gated": False, "head_bias": True} | change


def nam(architecture: str, config: dict, count: int) -> dict:
    return {"version": "0.5.4", "architecture": architecture, "config": config, "weights": [0] * count}


CONVOLUTION = {"type": "conv1d", "activation": "", "kernel_size": [2], "shape": [None, None, 1]}
LONG = {  # little in a file, and minutes until the first note
    "a long dilation.nam": nam("WaveNet", {"layers": [array(1, [1 << 20] * 10)]}, 75),
    "many.nam": nam("WaveNet", {"layers": [array(1, [1 << 12] * 120)]}, 845),
    "patchwork.nam": nam("WaveNet", {"layers": [array(1, [1 << 20] * 10, activation="SiLU")]}, 75),
    "convnet.nam": nam(
        "ConvNet", {"channels": 1, "dilations": [1 << 20] * 9, "batchnorm": False, "activation": "Tanh"}, 29
    ),
    "wide.nam": nam("WaveNet", {"layers": [array(64, [1 << 18])]}, 12_610),
    "lstm.nam": nam("LSTM", {"hidden_size": 1024, "num_layers": 8}, 0),
    "row.aidax": {
        "in_shape": [None, None, 1],
        "layers": [CONVOLUTION | {"dilation": [1 << 20], "weights": [[[[0.1]], [[0.1]]], [0]]}] * 5,
    },
    "gated.json": {
        **{"activation": "gated", "residual_channels": 1, "filter_width": 2, "dilations": [65000] * 100},
        "variables": [],
    },
}


@pytest.mark.parametrize("name", LONG)
def test_what_looks_back_too_long(name, tmp_path):
    path = tmp_path / name
    path.write_text(json.dumps(LONG[name]))
    with pytest.raises(TonewrightError, match=r"look back [\d,]+ samples|memory of all"):
        load(path)


@pytest.mark.parametrize(
    "channels,kind,words",
    [
        (9, {"format": "WAV"}, "has 9 channels, and an impulse response at most 8"),
        (200, {"format": "AIFF"}, "has 200 channels"),
        (1, {"format": "OGG"}, "no WAV, AIFF or FLAC file"),
        (1, {"format": "MP3"}, "no WAV, AIFF or FLAC file"),
    ],
)
def test_sounds_that_take_more_than_they_look(channels, kind, words, tmp_path):
    path = tmp_path / f"hall.{'aiff' if kind['format'] == 'AIFF' else 'wav'}"
    soundfile.write(path, np.full((48, channels), 0.1), 48000, **kind)
    with pytest.raises(TonewrightError, match=words):
        load(path)


def test_a_flac_that_does_not_tell_its_length(tmp_path):
    path = tmp_path / "hall.flac"
    soundfile.write(path, np.full(48, 0.1), 48000)
    assert load(path).render(np.zeros(8, np.float32)).shape == (8,)
    data = bytearray(path.read_bytes())
    data[21:26] = bytes([data[21] & 0xF0, 0, 0, 0, 0])
    path.write_bytes(data)
    with pytest.raises(TonewrightError, match="does not tell how long it is"):
        load(path)


@pytest.mark.parametrize("kind", ["LeakyReLU", "LeakyHardtanh"])
def test_slopes_that_make_a_sound_infinite(kind, tmp_path):
    name = {"LeakyReLU": "negative_slope", "LeakyHardtanh": "min_slope"}[kind]
    bend = {"type": kind, name: 1e8}
    path = tmp_path / "steep.nam"
    path.write_text(json.dumps(nam("WaveNet", {"layers": [array(1, [1], activation=bend)]}, 11)))
    with pytest.raises(TonewrightError, match=r"slopes of activations are -100 to 100, and one is 1e\+08"):
        load(path)


def test_an_import_that_makes_no_sound(tmp_path, capsys):
    """Every weight is a number, and its answer is none."""
    path = tmp_path / "loud.nam"
    values = nam("ConvNet", {"channels": 1, "dilations": [1, 1], "batchnorm": False, "activation": "ReLU"}, 0)
    path.write_text(json.dumps(values | {"weights": [1e38] * 8}))
    assert run(["import", str(path), "-o", str(tmp_path / "loud.tone")]) == 2
    assert "NaN or infinite" in capsys.readouterr().err
    assert not (tmp_path / "loud.tone").exists()
