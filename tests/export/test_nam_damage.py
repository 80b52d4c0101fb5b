"""Damaged and hostile .nam files: each is refused in one sentence, and takes no more memory than its size."""

import json
import os
import random

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.damage import CHANGES, changed, needs_statm, refused_in_little_memory
from tests.export.nam_files import (
    CONTAINER,
    CONVNET,
    LISTENER,
    LSTM,
    NEW,
    OLD,
    RICH,
    array,
    lstm_file,
    model_file,
    wavenet_file,
)
from tonewright.errors import FileError
from tonewright.export import formats, stranger

read = formats.named("nam").read

read = formats.named("nam").read

FILES = (OLD, NEW, RICH, CONVNET, LSTM, CONTAINER)


def refused(path, words: str = "", size: float | None = None) -> None:
    with pytest.raises(FileError, match=words) as told:
        read(path, size=size)
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


@pytest.mark.parametrize(
    "change,words",
    [
        ({"version": "0.8.0"}, "of version 0.8.0, and this program reads 0.5 to 0.7; update"),
        ({"version": "1.0.0"}, "update tonewright"),
        ({"version": "0.4.9"}, "of version 0.4.9"),
        ({"version": "0.5"}, "wants three numbers"),
        ({"version": "0.5.\u0664"}, "wants three numbers"),  # the digit of another script, which int() takes
        ({"version": 5}, "'version' wants a word, and is 5"),
        ({"version": ...}, "'version' wants a word"),
        (
            {"architecture": "Sequential"},
            "architecture is 'Sequential', and this version plays WaveNet, LSTM",
        ),
        ({"architecture": "ConvNet"}, "'channels' wants a whole number"),
        ({"architecture": "SlimmableContainer"}, "'submodels' wants a list"),
        ({"architecture": None}, "'architecture' wants a word"),
        ({"architecture": ...}, "not a .nam file"),
        ({"config": None}, "'config' wants settings"),
        ({"weights": ...}, "'weights' wants a list"),
        ({"weights": "x" * 220}, "'weights' wants a list"),
        ({"weights": [0.0] * 219}, "need 220 weights, and it has 219"),
        ({"weights": [0.0] * 221}, "and it has 221"),
        ({"weights": []}, "and it has 0"),
        ({"weights": [0.0] * 219 + ["1.0"]}, "no number"),
        ({"weights": [0.0] * 219 + [True]}, "no number"),
        ({"weights": [0.0] * 219 + [[0.0]]}, "no number"),
        ({"weights": [0.0] * 219 + [float("nan")]}, "NaN or infinite"),
        ({"weights": [0.0] * 219 + [float("-inf")]}, "NaN or infinite"),
        ({"weights": [0.0] * 219 + [1e300]}, "NaN or infinite"),
        ({"weights": [0.0] * 219 + [10**400]}, "NaN or infinite"),
        ({"sample_rate": "48000"}, "'sample_rate' wants a number"),
        ({"sample_rate": True}, "'sample_rate' wants a number"),
        ({"sample_rate": 10**400}, "'sample_rate' wants a number"),
        ({"sample_rate": 0}, "no rate of sound"),
        ({"sample_rate": 44100.5}, "no rate of sound"),
        ({"sample_rate": float("nan")}, "'sample_rate' wants a number"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_files_that_are_not_ours(put, change, words):
    refused(put({key: value for key, value in (OLD | change).items() if value is not ...}), words)


HEAD = {"out_channels": 2, "kernel_size": 1, "bias": False}


@pytest.mark.parametrize(
    "change,words",
    [
        ({"channels": 0}, "channels is 1 to 1024, and not 0"),
        ({"channels": -4}, "channels is 1 to"),
        ({"channels": 10**9}, "channels is 1 to"),
        ({"channels": 4.5}, "'channels' wants a whole number, and is 4.5"),
        ({"channels": True}, "'channels' wants a whole number"),
        ({"channels": None}, "'channels' wants a whole number"),
        ({"channels": 5}, "must equal the next stack's channels|'input_size' is 4"),
        ({"dilations": []}, "'dilations' wants a list of 1 to 128 whole numbers"),
        ({"dilations": [1, 0]}, "dilation is 1 to"),
        ({"dilations": [1, 2.5]}, "'dilations' wants a list of 1 to 128 whole numbers"),
        ({"dilations": [1 << 40, 2]}, "dilation is 1 to"),
        ({"dilations": [1] * 5000}, "'dilations' wants a list of 1 to 128"),
        ({"dilations": [1] * 127}, "number of layers is 1 to 128, and not 129"),
        ({"dilations": [1 << 20] * 100}, "memory of all layers"),
        ({"kernel_size": 0}, "kernel is 1 to"),
        ({"kernel_size": 10**400}, "'kernel_size' wants a whole number, and is inf"),
        ({"kernel_size": ...}, "either 'kernel_size' or 'kernel_sizes'"),
        ({"kernel_sizes": [3, 3]}, "either 'kernel_size' or 'kernel_sizes'"),
        (
            {"kernel_sizes": [3], "kernel_size": ...},
            "'kernel_sizes' wants one number for each of 2 layers, and has 1",
        ),
        ({"input_size": 2}, "'input_size' is 2, and this version plays only 1"),
        ({"condition_size": 3}, "'condition_size' is 3"),
        ({"bottleneck": 0}, "bottleneck is 1 to 1024, and not 0"),
        (
            {"bottleneck": 3, "layer1x1": {"active": False}},
            "without a way out, bottleneck 3 equals channels 4",
        ),
        ({"bottleneck": 2}, "must equal the 2 channels|weights, and it has 220"),
        ({"bottleneck": 2.5}, "'bottleneck' wants a whole number"),
        ({"groups_input": 3}, "3 groups cannot share 4 channels in and 4 out"),
        ({"groups_input": 0}, "groups is 1 to 1024, and not 0"),
        ({"groups_input": 2}, "weights, and it has 220"),
        ({"groups_input_mixin": 2}, "2 groups cannot share 1 channels in"),
        ({"head_size": 3}, "must equal the 2 channels"),
        ({"head_bias": None}, "'head_bias' wants true or false"),
        ({"head": 5}, "'head' wants settings"),
        ({"head": {"out_channels": 2, "kernel_size": 1, "bias": 0}}, "'bias' wants true or false"),
        ({"head": HEAD | {"head_dilation": 0}}, "head_dilation is 1 to"),
        ({"head": HEAD | {"kernel_size": 1 << 30}}, "head_kernel is 1 to"),
        ({"activation": "Cosine"}, "activation is 'Cosine', and this version plays Tanh, Fasttanh, Hardtanh"),
        ({"activation": {"type": "LeakyReLU", "negative_slope": "x"}}, "'negative_slope' wants a number"),
        ({"activation": {"type": "LeakyReLU", "negative_slope": 1e300}}, "'negative_slope' wants a number"),
        (
            {"activation": {"type": "PReLU", "negative_slopes": []}},
            "'negative_slopes' wants a list of numbers",
        ),
        ({"activation": {"type": "PReLU", "negative_slopes": [True]}}, "hold True, which is no number"),
        ({"activation": {"type": "PReLU", "negative_slopes": [float("nan")]}}, "NaN or infinite"),
        ({"activation": {"type": "PReLU", "negative_slopes": [1, 2, 3]}}, "each of 4 channels, and has 3"),
        (
            {"activation": {"type": "LeakyHardtanh", "min_val": None, "max_val": []}},
            "'max_val' wants a number",
        ),
        ({"activation": ["Tanh"]}, "one value for each of 2 layers, and has 1"),
        ({"activation": None}, "'activation' wants a name"),
        ({"activation": [[], []]}, "'activation' wants a name"),
        ({"gated": 1}, "'gated' wants true or false"),
        ({"gating_mode": "half"}, "'gating_mode' is 'half', and there is none, gated, blended"),
        ({"gating_mode": [[], {}]}, r"'gating_mode' is {}|'gating_mode' is \["),
        ({"gated": True, "secondary_activation": "Cosine"}, "activation is 'Cosine'"),
        ({"head1x1": {"active": True, "out_channels": 0}}, "channels of a side is 1 to"),
        ({"head1x1": {"active": True, "out_channels": 3, "groups": 2}}, "2 groups cannot share 4"),
        ({"head1x1": {"active": 1}}, "'active' wants true or false"),
        ({"head1x1": True}, "'head1x1' wants settings"),
        ({"layer1x1": {"active": False}}, "weights, and it has 220"),
        ({"layer1x1": {"active": True, "groups": 3}}, "3 groups cannot share"),
        ({"layer1x1_post_film": {"active": True}, "layer1x1": {"active": False}}, "has nothing there"),
        ({"head1x1_post_film": {"active": True}}, "modulated at 'side_post', and has nothing there"),
        ({"conv_post_film": {"active": True, "shift": "x"}}, "'shift' wants true or false"),
        ({"conv_post_film": {"active": True, "groups": 2}}, "2 groups cannot share 1 channels"),
        ({"conv_post_film": []}, "'conv_post_film' wants settings"),
        ({"slimmable": {"method": "slice"}}, "'method' is 'slice', and this version plays only"),
        ({"slimmable": True}, "'slimmable' wants settings"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_layers_that_are_not_ours(put, change, words):
    refused(put(wavenet_file(array(1, 4, 2, **change), array(4, 2, 1))), words)


TAIL = {"channels": 3, "out_channels": 1, "kernel_sizes": [3, 1], "activation": "ReLU"}


def conditions(depth: int) -> dict:
    """A model whose condition has a condition, and so on."""
    config = {} if depth == 1 else {"condition_dsp": conditions(depth - 1)}
    return {**OLD, "config": OLD["config"] | config}


def test_a_wavenet_that_is_not_ours(put):
    for change, words in (
        ({"head": {"channels": 2}}, "'kernel_sizes' wants a list"),
        ({"head": TAIL | {"kernel_sizes": [0]}}, "kernel is 1 to"),
        ({"head": TAIL | {"kernel_sizes": [1] * 257}}, "'kernel_sizes' wants a list of 1 to 128"),
        ({"head": TAIL | {"activation": 3}}, "'activation' wants a name"),
        ({"head": TAIL | {"channels": 0}}, "channels of the tail is 1 to"),
        ({"head": TAIL | {"out_channels": 2}}, "2 channels come out of it, and this version plays one"),
        ({"head": TAIL}, "need 236 weights, and it has 220"),
        ({"condition_dsp": {}}, "'version' wants a word"),
        ({"condition_dsp": OLD | {"version": "0.9.0"}}, "of version 0.9.0"),
        (
            {"condition_dsp": OLD | {"architecture": "LSTM"}},
            "is a 'LSTM', and this version plays only a WaveNet",
        ),
        ({"condition_dsp": OLD | {"sample_rate": 44100}}, "for another rate than the 48000 Hz"),
        ({"condition_dsp": OLD | {"weights": [0.0] * 219}}, "need 220 weights, and it has 219"),
        ({"condition_dsp": conditions(5)}, "conditions are more than 4 deep"),
        ({"condition_dsp": LISTENER}, "'condition_size' is 1, and this version plays only 2"),
        ({"in_channels": 2}, "'in_channels' is 2"),
        ({"layers": []}, "'layers' wants 1 to 16"),
        ({"layers": [3]}, "'layers' wants 1 to 16"),
        ({"layers": [array(1, 1, 1)] * 17}, "'layers' wants 1 to 16"),
        ({"layers": None}, "'layers' wants a list"),
    ):
        refused(put({**OLD, "config": OLD["config"] | change}), words)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"hidden_size": 0}, "hidden is 1 to 1024"),
        ({"hidden_size": 1 << 40}, "hidden is 1 to 1024"),
        ({"hidden_size": 100}, "weights, and it has 160"),
        ({"hidden_size": 1024}, "which takes too long to begin"),
        ({"hidden_size": None}, "'hidden_size' wants a whole number"),
        ({"num_layers": 0}, "layers is 1 to 8"),
        ({"num_layers": 10**9}, "layers is 1 to 8"),
        ({"num_layers": 2.5}, "'num_layers' wants a whole number"),
        ({"num_layers": 1}, "need 70 weights, and it has 160"),
        ({"input_size": 2}, "'input_size' is 2"),
        ({"out_channels": 2}, "'out_channels' is 2"),
    ],
    ids=str,
)
def test_an_lstm_that_is_not_ours(put, change, words):
    refused(put(lstm_file(config=change)), words)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"channels": 0}, "outputs is 1 to 1024, and not 0"),
        ({"channels": 1 << 40}, "outputs is 1 to 1024"),
        ({"channels": True}, "'channels' wants a whole number"),
        ({"channels": 1024}, "weights, and it has 1"),
        ({"dilations": []}, "'dilations' wants a list of 1 to 128"),
        ({"dilations": [0, 1, 2]}, "dilation is 1 to"),
        ({"dilations": [1 << 30, 1, 2]}, "dilation is 1 to"),
        ({"dilations": [1 << 20] * 100}, "memory of all parts"),
        ({"dilations": [1] * 128}, "number of parts is 1 to 256"),
        ({"batchnorm": 1}, "'batchnorm' wants true or false"),
        ({"batchnorm": False}, "weights, and it has 1"),
        ({"activation": "Cosine"}, "activation is 'Cosine'"),
        ({"activation": ["Tanh"]}, "'activation' wants a name"),
        ({"groups": 2}, "'groups' is 2, and this version plays only 1"),
        ({"in_channels": 2}, "'in_channels' is 2"),
        ({"out_channels": 2}, "'out_channels' is 2"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_convnet_that_is_not_ours(put, change, words):
    refused(put({**CONVNET, "config": CONVNET["config"] | change}), words)


def test_a_batch_norm_that_is_none(put):
    weights = [1.0] * len(CONVNET["weights"])
    weights[8 + 4 : 8 + 8] = [-1.5] * 4  # the variance of the first, after its convolution and its mean
    refused(put({**CONVNET, "weights": weights}), "a variance that is not above 0")


def nested(depth: int) -> dict:
    """A container in a container in a container."""
    model = CONTAINER if depth == 1 else nested(depth - 1)
    return {**CONTAINER, "config": {"submodels": [{"max_value": 1.0, "model": model}]}}


def test_containers_that_are_not_ours(put):
    for models, words in (
        ([], "wants a list of models"),
        ([3], "wants a list of models"),
        ([{"max_value": "1", "model": OLD}], "'max_value' wants a number"),
        ([{"max_value": float("nan"), "model": OLD}], "'max_value' wants a number"),
        ([{"max_value": 1.0}], "'model' wants settings"),
        ([{"max_value": 1.0, "model": {**OLD, "version": "0.9.0"}}], "of version 0.9.0"),
        ([{"max_value": 1.0, "model": nested(4)}], "its containers are more than 4 deep"),
        ([{"max_value": 1.0, "model": {**CONTAINER, "config": {}}}], "'submodels' wants a list"),
    ):
        refused(put({**CONTAINER, "config": {"submodels": models}}), words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "amp",
        b"\xff\xfe\x00",
        "[" * 10_000,
        "[" * 100_000,
        '{"architecture":' * 10_000,
        '{"architecture": ' + "9" * 5000 + "}",
        '{"architecture": "' + "x" * 100_000 + '", "version": "0.5.4"}',
        b"\x00" * 1000,
    ],
    ids=range(12),
)
def test_text_that_is_no_model(put, text):
    refused(put(text), "amp.nam")


def test_files_that_are_none(tmp_path, put):
    refused(tmp_path / "none.nam", "there is no file")
    refused(tmp_path, "is no file")
    os.mkfifo(tmp_path / "pipe.nam")
    refused(tmp_path / "pipe.nam", "is no file")  # and is not waited for
    refused("a\0b.nam", "there is no file|cannot be read")
    refused(put(b" " * (stranger.MAX_FILE + 1)), "larger than the 16 MB")


def test_truncated_anywhere(put):
    for model in FILES:
        data = json.dumps(model).encode()
        for end in (0, 1, len(data) - 1, *random.Random(0).sample(range(len(data)), 25)):
            refused(put(data[:end]), "amp.nam")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(model=st.sampled_from(FILES), changes=CHANGES)
def test_a_changed_file_plays_or_is_refused(put, model, changes):
    path = put(changed(model, changes))
    try:
        tone = read(path)
    except FileError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
    else:
        y, _ = tone.model(torch.zeros(1, 1, 8), tone.model.initial_state(1))
        assert y.shape == (1, 1, 8)


@needs_statm
def test_no_file_takes_more_memory_than_its_size(tmp_path):
    """In a process that may take 200 MB more: settings that ask for gigabytes, and lists of nothing."""
    wide = [array(1 if i == 0 else 1024, 1024, 1024 if i < 15 else 1, kernel_size=1024) for i in range(16)]
    texts = [
        json.dumps(lstm_file(config={"hidden_size": 1024, "num_layers": 8})),
        json.dumps(wavenet_file(*(row | {"dilations": [1] * 8} for row in wide))),
        json.dumps(wavenet_file(*(row | {"dilations": [1] * 8, "activation": "SiLU"} for row in wide))),
        json.dumps(model_file({**CONVNET["config"], "channels": 1024, "dilations": [1] * 120}, 0, "ConvNet")),
        '{"architecture": "LSTM", "config": [' + "[]," * (5 << 20) + "[]]}",
        '{"architecture": "LSTM", "config": [' + "300," * (3 << 20) + "300]}",
    ]
    refused_in_little_memory(tmp_path, ".nam", texts)
