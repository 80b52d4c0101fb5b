"""The JSON of AIDA-X and RTNeural: read and written as an independent player of it hears it."""

import json

import numpy as np
import pytest
import torch

import tonewright as tw
from tests.export import json_players
from tests.export.begun import answers
from tests.export.json_files import MIXED, NOISE, cell_file, conv1d, dense, layer, recurrent, rt_file
from tests.export.test_guitarml import player
from tonewright.errors import ConfigError, FileError
from tonewright.export import aidax, formats
from tonewright.export.facts import ASSUMED
from tonewright.models.lstm import Config
from tonewright.runtime.player import Player

read = formats.named("aidax").read

read = formats.named("aidax").read


def same(values: dict, tone, *knobs: float) -> None:
    """That our model is what an independent player makes of the file."""
    expected = json_players.rtneural(values, NOISE, knobs)
    for engine, got in answers(tone, NOISE, *knobs):
        np.testing.assert_allclose(
            got, expected, atol=2e-6 * max(1.0, np.abs(expected).max()), err_msg=engine
        )


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("knobs", [(), (0.2, 0.7)])
@pytest.mark.parametrize(
    "gains", [{}, {"in_gain": 6.0, "out_gain": -3.5}, {"in_gain": 6, "out_gain": -6}], ids=str
)
@pytest.mark.parametrize("skip", [0, 1])
def test_a_file_means_what_an_independent_player_makes_of_it(put, kind, knobs, gains, skip):
    values = cell_file(kind, 5, len(knobs), in_skip=skip, **gains)
    tone = read(put(values, ".aidax"))
    # where the dry sound comes out at another level than it went in, an LSTM of ours cannot say it
    other = skip and gains and sum(gains.values()) != 0
    assert tone.architecture == ("row" if other else "lstm") and not tone.model.training
    assert tone.model.config.direct == bool(skip) and len(tone.model.ports) == len(knobs)
    same(values, tone, *knobs)


@pytest.mark.parametrize(
    "layers",
    [
        MIXED["layers"],
        [conv1d(1, 4, 5, 3), dense(4, activation="tanh")],
        [dense(1, 8, activation="elu"), dense(8)],
        [recurrent("lstm", 1, 4), recurrent("lstm", 4, 4), dense(4)],
        [recurrent("gru", 1, 4), dense(4, activation="tanh")],
        [layer("prelu", 1, [[0.25]]), dense(1)],
    ],
    ids=["mixed", "conv", "dense", "two", "bent", "prelu"],
)
def test_general_files_are_rows(put, layers):
    values = rt_file(*layers)
    tone = read(put(values, ".json"))
    assert tone.architecture == "row"
    same(values, tone)
    ours = Player(tone)
    stream = ours.stream()
    parts = [stream.process(part) for part in np.split(NOISE, [1, 100, 333])]
    np.testing.assert_allclose(np.concatenate(parts), ours.render(NOISE), atol=1e-6)


@pytest.mark.parametrize(
    "cell,hidden,knobs,direct",
    [("lstm", 16, 0, False), ("gru", 16, 0, True), ("lstm", 40, 2, True), ("gru", 8, 1, False)],
)
def test_a_written_model_sounds_the_same_to_an_independent_player(tmp_path, cell, hidden, knobs, direct):
    ours = player(hidden, knobs, cell=cell, direct=direct)
    ours.tone.metrics, ours.tone.provenance = {"esr": 0.02}, {"modeled_by": "me", "name": "amp", "seed": "0"}
    said = aidax.write(ours, tmp_path / "amp.aidax", about={"name": "my amp", "style": "clean"})
    assert f"{hidden} units" in said and "44100 Hz" in said and ("drive" in said) == bool(knobs)
    values = json.loads((tmp_path / "amp.aidax").read_text())
    at = (0.1, 0.8)[:knobs]
    same(values, ours.tone, *at)
    # the self-test of players: from an empty memory, with all knobs at 0
    batch = np.array(values["input_batch"], np.float32)
    assert len(batch) == len(values["output_batch"]) == 2048 and np.abs(batch).max() > 0.4
    answer = json_players.rtneural(values, batch, (0.0,) * knobs)
    np.testing.assert_allclose(values["output_batch"], answer, atol=5e-6)
    told = {"name": "my amp", "style": "clean", "author": "me", "samplerate": "44100", "esr": 0.02}
    assert values["metadata"] == told and values["samplerate"] == 44100
    tone = read(tmp_path / "amp.aidax")
    assert tone.sample_rate == 44100 and tone.metrics == {"esr": 0.02}
    assert tone.provenance == {"name": "my amp", "style": "clean", "modeled_by": "me"}
    assert tone.model.config == Config(hidden, 1, cell, direct, ("knob1", "knob2")[:knobs])
    np.testing.assert_allclose(tw.load(tmp_path / "amp.aidax").render(NOISE), ours.render(NOISE), atol=1e-6)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_file_with_gains_is_written_again(put, tmp_path, kind):
    values = cell_file(kind, 8, 1, in_skip=1, in_gain=6.0, out_gain=-3.5)
    ours = Player(read(put(values, ".json")))
    aidax.write(ours, tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text())
    assert {name: again[name] for name in values} == values
    same(again, ours.tone, 0.3)
    # players test themselves with their gains off
    batch = np.array(again["input_batch"], np.float32)
    answer = json_players.rtneural(again | {"in_gain": 0.0, "out_gain": 0.0}, batch, (0.0,))
    np.testing.assert_allclose(again["output_batch"], answer, atol=5e-6)
    tone = read(tmp_path / "again.json")
    weights = ours.model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in tone.model.state_dict().items())


def test_rows_that_it_cannot_hold(put):
    with pytest.raises(
        ConfigError, match="and a sum over its units, and this model is conv, tanh, conv, prelu"
    ):
        aidax.check(Player(read(put(MIXED, ".json"))))
    values = cell_file("gru", 8, in_skip=1, in_gain=6.0)
    for change, words in (
        ({"direct_gain": 0.5}, "adds the dry sound as loud as its gains make it"),
        ({"input_gain": 0.0}, "has its gains in dB, and this model turns the sound over or off"),
        ({"head_scale": -1.0}, "has its gains in dB"),
    ):
        tone = read(put(values, ".json"))
        for name, gain in change.items():
            getattr(tone.model, name).fill_(gain)
        with pytest.raises(ConfigError, match=words):
            aidax.check(Player(tone))


@pytest.mark.parametrize(
    "told,rate",
    [
        ({}, 48000),
        ({"metadata": {"samplerate": "44100"}}, 44100),
        ({"metadata": {"samplerate": 96000.0}}, 96000),
        ({"samplerate": 32000, "metadata": {"samplerate": "32000"}}, 32000),
        ({"samplerate": 32000.0, "metadata": {"samplerate": "unknown"}}, 32000),
        ({"metadata": "none"}, 48000),
        ({"metadata": {"samplerate": ""}}, 48000),
        ({"samplerate": "4_8000"}, 48000),
    ],
    ids=str,
)
def test_the_rate(put, told, rate):
    path = put(cell_file(**told), ".aidax")
    assert read(path).sample_rate == read(path, rate=rate).sample_rate == rate
    if read(path).provenance == ASSUMED:
        assert read(path, rate=rate).provenance == {}
        assert read(path, rate=22050).sample_rate == 22050
        return
    with pytest.raises(FileError, match=f"its sample rate is {rate} Hz; leave the rate out"):
        read(path, rate=22050)


def test_two_rates(put):
    path = put(cell_file(samplerate=32000, metadata={"samplerate": "44100"}), ".aidax")
    for rate in (None, 48000):
        with pytest.raises(FileError, match="tells two sample rates, 32000 and 44100 Hz; say which is right"):
            read(path, rate=rate)
    assert [read(path, rate=rate).sample_rate for rate in (32000, 44100)] == [32000, 44100]


def test_what_is_told_is_looked_at(put, tmp_path):
    told = {
        "name": "x" * 1000,
        "style": "a\x1bb\u202e",
        "samplerate": "unknown",
        "source": 3,
        "license": "\n",
        "esr": "-3",
    }
    tone = read(put(cell_file(hidden=8, metadata=told), ".aidax"))
    assert tone.provenance == {"name": "x" * 200, "style": "a b", **ASSUMED} and tone.metrics == {}
    with pytest.raises(ConfigError, match="author has at most 200 characters, and this has 201"):
        aidax.write(Player(tone), tmp_path / "amp.aidax", about={"author": "x" * 201})
    assert not (tmp_path / "amp.aidax").exists()


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"hidden": 10}, "compiled for 8, 12, .*64 and 80 units, and this model has 10"),
        ({"layers": 2, "hidden": 16}, "have one layer, and this model has 2"),
        ({"knobs": 3}, "at most 2 knobs, and this model has drive, tone and level"),
    ],
    ids=str,
)
def test_what_it_cannot_hold(changes, words):
    with pytest.raises(ConfigError, match=words):
        aidax.check(player(**changes))


def test_units_bend_by_tanh(put):
    values = cell_file("gru")
    expected = read(put(values, ".json")).model.state_dict()
    values["layers"][0]["activation"] = "tanh"  # as Keras says it
    told = read(put(values, ".json"))
    assert told.architecture == "lstm"
    assert all(torch.equal(expected[name], value) for name, value in told.model.state_dict().items())
    values["layers"][0]["activation"] = "relu"
    with pytest.raises(FileError, match="the units of its gru bend by 'relu', and players know only tanh"):
        read(put(values, ".json"))
