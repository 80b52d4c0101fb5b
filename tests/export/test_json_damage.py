"""Damaged and hostile JSON files: each is refused in one sentence, and takes no more memory than its size."""

import json
import random

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.damage import CHANGES, changed, needs_statm, refused_in_little_memory
from tests.export.json_files import (
    MIXED,
    batchnorm,
    cell_file,
    conv1d,
    dense,
    layer,
    ml_file,
    recurrent,
    rt_file,
    va_file,
)
from tests.export.nam_files import OLD
from tonewright.errors import FileError
from tonewright.export.formats import ALL, for_reading, named
from tonewright.export.opening import read

VA = va_file()
SEVERAL = {"wavenetva": VA, "words": va_file("tanh", words=True), "guitarml": ml_file()}
SEVERAL |= {"gru": cell_file("gru", in_skip=1, in_gain=3.0, metadata={"samplerate": "48000"}), "mixed": MIXED}


def refused(key: str, path, words: str = "") -> None:
    with pytest.raises(FileError, match=words) as told:
        named(key).read(path)
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


def variable(place: int = 0, **changes) -> list[dict]:
    """Those of a small file with one changed."""
    rows = [dict(row) for row in VA["variables"]]
    rows[place] |= changes
    return rows


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"activation": "Tanh"}, "activation is 'Tanh', and this version plays linear, tanh"),
        ({"activation": None}, "'activation' wants a word"),
        ({"activation": "tanh"}, "'W_conv' of its layer 0 wants 48 numbers, and has 96"),
        ({"input_channels": 2}, "'input_channels' is 2"),
        ({"output_channels": True}, "'output_channels' is True"),
        ({"residual_channels": 5}, "'W' of its layer -1 wants 5 numbers, and has 4"),
        ({"residual_channels": 0}, "channels is 1 to 1024, and not 0"),
        ({"residual_channels": 10**9}, "channels is 1 to 1024"),
        ({"residual_channels": "4"}, "'residual_channels' wants a whole number"),
        ({"residual_channels": ...}, "not a WaveNetVA file"),
        ({"filter_width": -3}, "kernel is 1 to 1024"),
        ({"filter_width": 3.5}, "'filter_width' wants a whole number"),
        ({"dilations": []}, "number of dilations"),
        ({"dilations": [1, 2, True]}, "'dilations' wants whole numbers"),
        ({"dilations": [1, 2]}, "'W' of its layer 2 wants 8 numbers, and has 12"),
        ({"dilations": [1, 2, 4, 8]}, "its layer 3 has no 'W_conv'"),
        ({"dilations": [1 << 40] * 3}, "dilation is 1 to"),
        ({"dilations": [1 << 20] * 250, "filter_width": 1024}, "memory of all layers"),
        ({"variables": {}}, "'variables' wants a list"),
        ({"variables": []}, "its layer -1 has no 'W'"),
        ({"variables": [3]}, "'variables' wants settings, and holds 3"),
        ({"variables": variable(layer_idx=None)}, "'layer_idx' wants a whole number"),
        ({"variables": variable(layer_idx=10**19)}, "its layer 3 has 'W' twice"),
        ({"variables": VA["variables"][1:]}, "its layer -1 has no 'W'"),
        ({"variables": variable(name=3)}, "'name' wants a word"),
        ({"variables": variable(name="V")}, "its layer -1 has no 'W'"),
        (
            {"variables": [*VA["variables"], {"layer_idx": 0, "name": "x" * 500, "data": []}]},
            "which no player knows",
        ),
        ({"variables": [*VA["variables"], VA["variables"][0]]}, "its layer -1 has 'W' twice"),
        ({"variables": variable(data="x" * 4)}, "'data' wants a list"),
        ({"variables": variable(data=[0.0] * 3)}, "wants 4 numbers, and has 3"),
        ({"variables": variable(data=[0.0] * 3 + ["x"])}, "hold 'x', which is no number"),
        ({"variables": variable(data=[0.0] * 3 + ["nan"])}, "NaN or infinite"),
        ({"variables": variable(data=[0.0] * 3 + ["1" * 500])}, "no number"),
        ({"variables": variable(data=[0.0] * 3 + [float("inf")])}, "NaN or infinite"),
        ({"variables": variable(data=[0.0] * 3 + [True])}, "no number"),
        ({"variables": variable(data=[0.0] * 3 + [10**400])}, "NaN or infinite"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_wavenetva_files_that_are_not_ours(put, changes, words):
    refused("wavenetva", put({key: v for key, v in (VA | changes).items() if v is not ...}, ".json"), words)


@pytest.mark.parametrize(
    "shape,state,words",
    [
        ({"model": "RNN"}, {}, "'model' is 'RNN'"),
        ({"unit_type": "RNN"}, {}, "'unit_type' is 'RNN', and this version plays LSTM and GRU"),
        ({"unit_type": None}, {}, "'unit_type' wants a word"),
        ({"num_layers": 2}, {}, "'num_layers' is 2, and this version plays only 1"),
        ({"output_size": 2}, {}, "'output_size' is 2"),
        ({"skip": 2}, {}, "'skip' is 2, and this version plays 0 and 1"),
        ({"skip": True}, {}, "'skip' wants a whole number"),
        ({"input_size": 0}, {}, "it hears 0 inputs"),
        ({"input_size": 10**9}, {}, "it hears 1000000000 inputs"),
        ({"input_size": 1}, {}, "'rec.weight_ih_l0' wants lists of 12 x 1 numbers"),
        ({"hidden_size": 0}, {}, "hidden is 1 to 1024"),
        ({"hidden_size": -1}, {}, "hidden is 1 to 1024"),
        ({"hidden_size": 256}, {}, "'rec.weight_ih_l0' wants lists of 1024 x 2 numbers"),
        ({"hidden_size": 1024}, {}, "look back 4,096 samples with 4,202,496 weights"),
        ({"hidden_size": 3.5}, {}, "'hidden_size' wants a whole number"),
        ({}, {"rec.bias_ih_l0": None}, "'rec.bias_ih_l0' wants a list"),
        ({}, {"rec.bias_hh_l0": [0.0] * 11}, "'rec.bias_hh_l0' wants lists of 12 numbers"),
        ({}, {"lin.weight": [0.0] * 3}, "'lin.weight' wants lists of 1 x 3"),
        ({}, {"lin.bias": [float("nan")]}, "NaN or infinite"),
        ({}, {"lin.bias": ["0"]}, "no number"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_guitarml_files_that_are_not_ours(put, shape, state, words):
    refused("guitarml", put(ml_file(model_data=shape, state_dict=state), ".json"), words)


def test_guitarml_files_that_are_none(put):
    for change, words in (
        ({"model_data": 3}, "'model_data' wants settings"),
        ({"state_dict": []}, "wants settings"),
    ):
        refused("guitarml", put(ml_file() | change, ".json"), words)
    refused("guitarml", put(VA, ".json"), "not a GuitarML file")


CELL, HEAD = recurrent("lstm", 1, 3), dense(3)


@pytest.mark.parametrize(
    "values,words",
    [
        (cell_file(in_shape=[None, None, 0]), "'in_shape' wants 1 to 1024 channels at its end"),
        (cell_file(in_shape=[]), "'in_shape' wants 1 to"),
        (cell_file(in_shape=[None, None, True]), "'in_shape' wants 1 to"),
        (cell_file(in_shape=[None, None, 80]), "weights of its lstm' wants lists of 80 x 12"),
        (cell_file(in_skip=2), "'in_skip' is 2"),
        (cell_file(in_skip="1"), "'in_skip' is '1'"),
        (cell_file(in_gain=1e5), "'in_gain' is within 120 dB, and not 100000"),
        (cell_file(out_gain="3"), "'out_gain' wants a number"),
        (cell_file(metadata={"samplerate": 0}), "no rate of sound"),
        (cell_file(layers=None), "'layers' wants a list"),
        (cell_file(layers=[]), "'layers' wants 1 to 128"),
        (cell_file(layers=[3]), "'layers' wants 1 to 128"),
        (rt_file(*[HEAD] * 129), "'layers' wants 1 to 128"),
        (rt_file(CELL), "one channel comes out of the last part, and not 3"),
        (
            rt_file(CELL | {"type": "conv2d"}),
            "a layer of type 'conv2d', and this version plays lstm, gru, dense",
        ),
        (rt_file(CELL | {"type": None}), "'type' wants a word"),
        (rt_file(CELL | {"type": "gru"}), "weights of its gru' wants lists of 1 x 9"),
        (rt_file(CELL | {"shape": [None, None, 10**9]}), "'shape' wants 1 to 1024 channels"),
        (rt_file(CELL | {"shape": [None, None, 1000]}), "weights of its lstm' wants lists of 1 x 4000"),
        (rt_file(CELL | {"shape": "xyz"}), "'shape' wants a list"),
        (
            rt_file(CELL | {"weights": CELL["weights"][:2]}, HEAD),
            "its lstm wants 3 lists of weights, and has 2",
        ),
        (rt_file(CELL | {"weights": None}, HEAD), "'weights' wants a list"),
        (rt_file(CELL, HEAD | {"activation": "mish"}), "activation is 'mish', and this version plays tanh"),
        (rt_file(CELL, HEAD | {"activation": 3}), "'activation' wants a word"),
        (rt_file(CELL, dense(3, weights=[[[0.0]] * 3, [float("nan")]])), "NaN or infinite"),
        (
            cell_file(out_gain=120.0) | {"layers": [CELL, dense(3, weights=[[[1e38]] * 3, [0.0]])]},
            "weights infinite",
        ),
        (rt_file(conv1d(1, 1, 2) | {"kernel_size": [0]}), "kernel is 1 to"),
        (rt_file(conv1d(1, 1, 2) | {"kernel_size": [2, 2]}), "'kernel_size' wants a whole number"),
        (rt_file(conv1d(1, 1, 2) | {"kernel_size": ...}), "'kernel_size' wants a whole number"),
        (rt_file(conv1d(1, 1, 2) | {"dilation": [1 << 30]}), "dilation is 1 to"),
        (rt_file(conv1d(1, 1, 2) | {"groups": 3}), "3 groups of its conv1d cannot share 1 channels"),
        (rt_file(conv1d(1, 1, 2) | {"groups": 0}), "groups is 1 to"),
        (rt_file(layer("prelu", 1, [0.1, 0.2])), "its prelu wants 1 or 1 slopes, and has 2"),
        (rt_file(layer("prelu", 2, [0.1])), "its prelu hears 1 channels, and says that 2 come out"),
        (rt_file(batchnorm(1) | {"epsilon": None}), "'epsilon' wants a number"),
        (rt_file(batchnorm(1) | {"epsilon": -5.0}), "a variance that is not above 0"),
        (rt_file(batchnorm(1) | {"weights": []}), "wants 2 or 4 lists of weights, and has 0"),
        (rt_file(layer("activation", 1)), "activation is '', and this version plays tanh"),
        (rt_file(dense(1, 100), layer("activation", 100, activation="softmax"), dense(100)), "softmax"),
        (va_file(), "not an AIDA-X file"),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_aidax_files_that_are_not_ours(put, values, words):
    values = json.loads(json.dumps(values, default=lambda _: None))
    refused("aidax", put(values, ".json"), words)


@pytest.mark.parametrize("key", ["wavenetva", "guitarml", "aidax"])
def test_text_that_is_no_model(put, key):
    for text in (
        "",
        "[]",
        "null",
        "{}",
        "amp",
        b"\xff\xfe\x00",
        "[" * 10_000,
        '{"layers":' * 10_000,
        b"\x00" * 1000,
    ):
        refused(key, put(text, ".json"), "amp.json")


def test_truncated_anywhere(put):
    for values in SEVERAL.values():
        data = json.dumps(values).encode()
        for end in (0, 1, len(data) - 1, *random.Random(0).sample(range(len(data)), 10)):
            with pytest.raises(FileError, match=r"amp\.json"):
                read(put(data[:end], ".json"))


def test_each_file_is_of_one_format(put):
    rows = [row for row in ALL if row.reads and ".json" in row.suffixes]
    every = SEVERAL | {"settings": {"chain": "gain,tanh"}, "nam": OLD, "none": {}}
    fitting = {
        name: [row.key for row in rows if row.load().looks_like(values)] for name, values in every.items()
    }
    assert fitting == {
        **{"wavenetva": ["wavenetva"], "words": ["wavenetva"], "guitarml": ["guitarml"]},
        **{"gru": ["aidax"], "mixed": ["aidax"], "settings": ["settings"], "nam": [], "none": []},
    }
    assert for_reading(put(VA, ".json")).key == "wavenetva"
    assert for_reading(put(MIXED, ".aidax")).key == "aidax"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(list(SEVERAL)), changes=CHANGES)
def test_a_changed_file_plays_or_is_refused(put, name, changes):
    values = SEVERAL[name]
    row = next(row for row in map(named, ("wavenetva", "guitarml", "aidax")) if row.load().looks_like(values))
    path = put(changed(values, changes), ".json")
    try:
        tone = row.read(path)
    except FileError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
    else:
        x = torch.zeros(1, 1, 8)
        y, _ = tone.model(x, tone.model.initial_state(1), **{port.name: x for port in tone.model.ports})
        assert y.shape == (1, 1, 8)


@needs_statm
def test_no_file_takes_more_memory_than_its_size(tmp_path):
    """In a process that may take 200 MB more: settings that ask for gigabytes, and lists of nothing."""
    big = {"residual_channels": 1024, "filter_width": 1024, "dilations": [1] * 15}
    wide = rt_file(*[conv1d(1, 1, 1) | {"kernel_size": [4096], "shape": [None, None, 1024]}] * 100)
    texts = [
        json.dumps(va_file(**big)),
        json.dumps(va_file(residual_channels=1024, filter_width=1, dilations=[1] * 256)),
        json.dumps(ml_file(model_data={"hidden_size": 1024, "input_size": 65})),
        json.dumps(wide),
        '{"in_shape": [null, null, 1], "layers": [' + "[]," * (5 << 20) + "[]]}",
        '{"residual_channels": 1, "variables": [' + "300," * (3 << 20) + "300]}",
        '{"model_data": 1, "state_dict": [' + '"1",' * (3 << 20) + "300]}",
    ]
    refused_in_little_memory(tmp_path, ".json", texts)
