"""The .nam reader: what it understands of a file is what the file says."""

import pytest
import torch

from tests.export.nam_files import (
    CONTAINER,
    CONVNET,
    LSTM,
    NEW,
    OLD,
    SMALL,
    array,
    model_file,
    wavenet_file,
)
from tonewright.errors import FileError
from tonewright.export import formats
from tonewright.models.lstm import Model as Lstm
from tonewright.models.wavenet import Config, Stack

read = formats.named("nam").read

read = formats.named("nam").read

LAYERS = 2


def test_a_wavenet_is_ours(put):
    tone = read(put(OLD))
    first = Stack(4, (1, 2), head_channels=2, head_bias=False)
    assert tone.model.config == Config((first, Stack(2, (1, 2)))) and not tone.model.training
    assert (tone.architecture, tone.sample_rate, tone.levels) == (
        "wavenet",
        48000,
        {"nam_loudness_db": -18.5},
    )
    assert tone.provenance == {"name": "amp"} and tone.metrics == {}
    flat = torch.cat([p.flatten() for p in tone.model.parameters()])
    assert flat.tolist() == OLD["weights"][:-1] and float(tone.model.head_scale) == OLD["weights"][-1]


def test_the_newer_keys_say_the_same(put):
    old, new = read(put(OLD)).model, read(put(NEW)).model
    assert new.config.stacks[0].kernels == (3, 3) and old.config.stacks[0].kernels == (3,)
    x = torch.randn(1, 1, 100)
    assert torch.equal(old(x, old.initial_state(1))[0], new(x, new.initial_state(1))[0])


@pytest.mark.parametrize(
    "version", ["0.5.0", "0.5.1", "0.5.2", "0.5.3", "0.5.4", "0.6.0", "0.6.9", "0.7.0", "0.7.12"]
)
def test_every_released_version_is_read(put, version):
    """A later number at the end is a small change, which an older reader understands."""
    for values in (OLD, NEW, LSTM, CONVNET):
        assert read(put({**values, "version": version})).sample_rate == 48000


@pytest.mark.parametrize(
    "change,ours",
    [
        ({"activation": "ReLU"}, "relu"),
        ({"activation": "LeakyReLU"}, "leaky_relu"),
        ({"activation": {"type": "LeakyReLU", "negative_slope": 0.01}}, "leaky_relu"),
        ({"activation": "Softsign"}, "softsign"),
        ({"gated": True}, "gated"),
        ({"gating_mode": "gated", "secondary_activation": "Sigmoid"}, "gated"),
        (
            {"gating_mode": "gated", "activation": "Softsign", "secondary_activation": {"type": "Softsign"}},
            "softgated",
        ),
    ],
    ids=str,
)
def test_activations(put, change, ours):
    count = 1 + 1 + LAYERS * ((2 if "gated" in ours else 1) * 5 + 2) + 2
    tone = read(put(model_file({"layers": [array(1, 1, 1, **change)]}, count)))
    assert tone.model.config.stacks[0].activation == ours


def test_an_lstm_is_ours(put):
    tone = read(put(LSTM))
    first, second, head = tone.model.body.layers
    weights = torch.tensor(LSTM["weights"])
    matrix = weights[: 12 * 4].reshape(12, 4)
    assert torch.equal(first.weight_ih, matrix[:, :1]) and torch.equal(first.weight_hh, matrix[:, 1:])
    assert torch.equal(first.bias_ih, weights[48:60]) and not first.bias_hh.any()
    assert torch.equal(first.initial_h, weights[60:63]) and torch.equal(first.initial_c, weights[63:66])
    assert torch.equal(second.initial_c, weights[153:156])
    assert torch.equal(head.weight.flatten(), weights[156:159]) and torch.equal(head.bias, weights[159:])
    assert isinstance(tone.model, Lstm) and tone.architecture == "lstm"


def test_a_container_gives_the_size_that_is_asked_for(put):
    assert read(put(CONTAINER)).model.config == read(put(OLD)).model.config
    small = read(put(CONTAINER), size=0.2)
    assert small.model.config == Config((Stack(1, (1, 2)),)) and small.provenance == {
        "name": "amp",
        "sizes": "2",
    }
    assert read(put(CONTAINER), size=0.5).model.config.stacks[0].channels == 4
    without = {key: value for key, value in SMALL.items() if key not in ("sample_rate", "metadata")}
    row = {**CONTAINER, "config": {"submodels": [{"max_value": 1.0, "model": without}]}, "sample_rate": 44100}
    assert read(put(row)).sample_rate == 44100 and read(put(row)).provenance == {"name": "several"}


def test_a_container_within_a_container(put):
    row = {"max_value": 1.0, "model": {**CONTAINER, "metadata": {"name": "inner", "gear_make": "me"}}}
    values = {**CONTAINER, "metadata": {"tone_type": "clean"}, "config": {"submodels": [row]}}
    tone = read(put(values))
    assert tone.model.config == read(put(OLD)).model.config
    assert tone.provenance == {"name": "amp", "gear_make": "me", "tone_type": "clean"}


def test_what_is_told_is_kept_where_it_makes_sense(put):
    told = {
        "loudness": "loud",
        "input_level_dbu": 18.3,
        "gear_make": "x" * 1000,
        "name": 3,
        "modeled_by": "me",
    }
    told |= {"training": {"validation_esr": 0.01}, "gain": 0.5}
    tone = read(put({**OLD, "metadata": told}))
    assert tone.levels == {"input_level_dbu": 18.3, "nam_gain": 0.5} and tone.metrics == {"esr": 0.01}
    assert tone.provenance == {"gear_make": "x" * 200, "modeled_by": "me"}
    for nothing in (None, [], "x", {"training": 3}, {"loudness": None}, {"loudness": 10**400}):
        assert read(put({**OLD, "metadata": nothing})).levels == {}
    bare = {key: value for key, value in OLD.items() if key not in ("metadata", "sample_rate")}
    assert read(put(bare)).sample_rate == 48000


@pytest.mark.parametrize("size", [-0.1, 1.5, 7, float("nan"), float("-inf")])
def test_a_size_is_from_0_to_1(put, size):
    with pytest.raises(FileError, match="a size is from 0, the smallest, to 1, the largest, and not"):
        read(put(CONTAINER), size=size)


@pytest.mark.parametrize("values", [OLD, LSTM], ids=["wavenet", "lstm"])
def test_a_file_of_one_size_has_no_other(put, values):
    with pytest.raises(FileError, match="it holds its model in one size; leave the size out"):
        read(put(values), size=1.0)


@pytest.mark.parametrize(
    "ends,rates,words",
    [
        ((2.0, 1.0), (48000, 48000), "'max_value' that grows"),
        ((1.0, 1.0), (48000, 48000), "'max_value' that grows"),
        ((0.5, 0.75), (48000, 48000), "'max_value' that grows from model to model, up to 1 or more"),
        ((0.5, 1.0), (44100, 48000), "models of several sample rates"),
        ((0.5, 1.0), (44100, 44100), "models of several sample rates"),
    ],
)
def test_containers_that_their_players_refuse(put, ends, rates, words):
    inner = [{**values, "sample_rate": rate} for values, rate in zip((SMALL, OLD), rates, strict=True)]
    rows = [{"max_value": end, "model": model} for end, model in zip(ends, inner, strict=True)]
    with pytest.raises(FileError, match=words):
        read(put({**CONTAINER, "config": {"submodels": rows}}))


def test_a_person_says_the_rate_only_where_the_file_does_not(put):
    bare = {key: value for key, value in OLD.items() if key != "sample_rate"}
    assert read(put(bare), rate=44100).sample_rate == 44100
    assert read(put(OLD), rate=48000).sample_rate == 48000
    with pytest.raises(FileError, match="says itself that its sample rate is 48000 Hz; leave the rate out"):
        read(put(OLD), rate=44100)


def test_whole_numbers_may_be_written_with_a_point(put):
    pointed = array(1, 4, 2, kernel_size=3.0, channels=4.0, input_size=1.0, dilations=[1.0, 2])
    told = read(put(wavenet_file(pointed, array(4, 2, 1)))).model.config
    assert told == read(put(OLD)).model.config
    with pytest.raises(FileError, match=r"'kernel_size' wants a whole number, and is 3\.5"):
        read(put(wavenet_file({**pointed, "kernel_size": 3.5}, array(4, 2, 1))))


def test_nonsense_is_not_kept(put):
    told = {"loudness": 1e8, "gain": -5, "input_level_dbu": 999999, "output_level_dbu": 12}
    told |= {"training": {"validation_esr": -3}, "name": "a\x1b[31mb\ud800\n", "gear_make": "\x07"}
    tone = read(put({**OLD, "metadata": told}))
    assert (tone.levels, tone.metrics) == ({"output_level_dbu": 12.0}, {})
    assert tone.provenance == {"name": "a [31mb"}
