"""The .nam writer: what is written is what the model is, in the words that players look for."""

import json

import numpy as np
import pytest
import torch

import tonewright as tw
from tonewright import models, storage
from tonewright.errors import ConfigError
from tonewright.export import formats, nam, playback
from tonewright.export.nam import writing
from tonewright.export.nam.loudness import loudness_and_gain
from tonewright.models.wavenet import Config, Stack
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

read = formats.named("nam").read

read = formats.named("nam").read

NAM = formats.named("nam")
SMALL = (Stack(4, (1, 2), head_channels=2, head_bias=False), Stack(2, (1, 2)))
DATE = {"date": "2026-11-26T20:15:00"}


def player(architecture: str, config=None, preset: str = "", **facts) -> Player:
    room = models.find(architecture)
    torch.manual_seed(0)
    return Player(storage.Tone(architecture, room.Model(config or room.PRESETS[preset]), 48000, **facts))


def written(one: Player, path, **options) -> dict:
    nam.write(one, path, **options)
    return json.loads(path.read_text())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "amp.nam"


@pytest.mark.parametrize(
    "architecture,preset,version,count",
    [
        ("wavenet", "standard", "0.5.4", 13802),
        ("wavenet", "lite", "0.5.4", 6554),
        ("wavenet", "feather", "0.5.4", 3026),
        ("wavenet", "nano", "0.5.4", 842),
        ("wavenet", "a2", "0.7.0", 12146),
        ("wavenet", "a2-lite", "0.7.0", 1871),
        ("lstm", "1x16", "0.5.4", 1201),
        ("lstm", "2x8", "0.5.4", 905),
    ],
)
def test_a_preset_is_written_as_its_players_know_it(path, architecture, preset, version, count):
    one = player(architecture, preset=preset)
    values = written(one, path)
    assert (values["version"], len(values["weights"]), values["sample_rate"]) == (version, count, 48000)
    assert writing.KINDS[architecture].weights(one) == count
    assert playback.difference(NAM, one, path) < 1e-6


@pytest.mark.parametrize(
    "change",
    [
        {"activation": "relu"},
        {"activation": "leaky_relu"},
        {"activation": "sigmoid"},
        {"activation": "softsign"},
        {"activation": "gated"},
        {"activation": "softgated"},
        {"kernels": (2, 5)},
        {"head_kernel": 4},
    ],
    ids=str,
)
def test_what_the_older_keys_cannot_say_is_said_in_the_newer(path, change):
    config = Config((Stack(**{"channels": 3, "dilations": (1, 4)} | change),))
    one = player("wavenet", config)
    assert written(one, path)["version"] == "0.7.0"
    assert read(path).model.config.stacks[0].layers == config.stacks[0].layers
    assert playback.difference(NAM, one, path) == 0


def test_the_scale_of_the_output_is_told_twice(path):
    one = player("wavenet", Config(SMALL))
    one.model.head_scale.fill_(0.3)
    values = written(one, path)
    assert values["config"]["head_scale"] == values["weights"][-1] == 0.3


def test_the_scale_of_an_lstm_goes_into_its_last_weights(path):
    one = player("lstm", preset="2x8")
    one.model.head_scale.fill_(0.25)
    head = one.model.body.layers[-1]
    expected = 0.25 * torch.cat([head.weight.flatten(), head.bias])
    assert torch.equal(torch.tensor(written(one, path)["weights"][-9:]), expected)


def test_an_lstm_begins_as_after_silence_and_its_own_beginning_is_kept(path):
    one = player("lstm", preset="1x8")
    stream = Stream(one.model, 48000)
    stream.process(np.zeros(48000, np.float32))
    again = Player(read(path)) if written(one, path) else None
    cell = again.model.body.layers[0]
    for memory, start in zip(stream.state, (cell.initial_h, cell.initial_c), strict=True):
        torch.testing.assert_close(memory[0], start, atol=1e-6, rtol=0)
    before = path.read_bytes()
    nam.write(again, path, about=DATE)
    assert json.loads(path.read_bytes())["weights"] == json.loads(before)["weights"]


@pytest.mark.parametrize(
    "config,words",
    [
        (
            {"knobs": ("drive", "tone")},
            "no knobs, and this model has drive and tone; teach it at one setting",
        ),
        ({"mix": "stack", "stacks": SMALL[1:]}, "mixes it by weight"),
        ({"conditioned": False}, "hear the input, and this model does not"),
        ({"input_bias": True}, "no bias where the sound comes in"),
        ({"stacks": (Stack(2, (1,), activation="linear"),)}, "no activation 'linear', only tanh"),
    ],
)
def test_wavenets_that_no_player_knows(config, words):
    with pytest.raises(ConfigError, match=words):
        nam.check(player("wavenet", Config(**{"stacks": SMALL} | config)))


@pytest.mark.parametrize(
    "architecture,preset,words",
    [
        ("lstm", "1x40", "do not add the dry sound to an LSTM"),
        ("lstm", "gru-1x16", "LSTMs and no GRUs"),
        ("feedback", "standard", "and this model is of kind feedback"),
    ],
)
def test_other_models_that_no_player_knows(architecture, preset, words):
    with pytest.raises(ConfigError, match=words):
        nam.check(player(architecture, preset=preset))


def test_a_model_that_is_too_large_to_be_read_again():
    with pytest.raises(ConfigError, match="700,000 weights at most, and this model has"):
        nam.check(player("wavenet", Config((Stack(300, (1, 2, 4, 8)),))))


def test_what_would_not_be_read_again_is_not_written(path, monkeypatch):
    deep = Config((Stack(2, (1,) * 70, head_channels=2, head_bias=False), Stack(2, (1,) * 60)))
    with pytest.raises(ConfigError, match="128 layers at most, and this model has 130"):
        nam.check(player("wavenet", deep))
    for name, most, words in (
        ("MAX_VALUES", 400, "hold 400 values at most"),
        ("MAX_FILE", 1 << 10, "hold 0 MB at most"),
    ):
        with monkeypatch.context() as changed, pytest.raises(ConfigError, match=words):
            changed.setattr(f"tonewright.export.stranger.{name}", most)
            nam.write(player("wavenet", preset="nano"), path)
        assert not path.exists()


def test_a_container_holds_both_sizes(path):
    large, small = player("wavenet", Config(SMALL)), player("wavenet", Config(SMALL[1:]))
    large.tone.levels["nam_loudness_db"] = -20.0
    values = written(large, path, smaller=small)
    rows = values["config"]["submodels"]
    assert [row["max_value"] for row in rows] == [0.5, 1.0] and values["weights"] == []
    assert values["metadata"] == rows[1]["model"]["metadata"]
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 500).astype(np.float32)
    for one, size in ((small, 0.0), (large, 1.0)):
        np.testing.assert_array_equal(Player(read(path, size=size)).render(x), one.render(x))
    assert playback.difference(NAM, large, path) == 0


def test_containers_that_make_no_sense(path):
    large, small = player("wavenet", Config(SMALL)), player("wavenet", Config(SMALL[1:]))
    with pytest.raises(ConfigError, match="the other way round"):
        nam.write(small, path, smaller=large)
    small.tone.sample_rate = 44100
    with pytest.raises(ConfigError, match="wants one rate"):
        nam.write(large, path, smaller=small)
    with pytest.raises(ConfigError, match="no GRUs"):
        nam.write(large, path, smaller=player("lstm", preset="gru-1x16"))
    assert not path.exists()


def test_weights_that_are_no_numbers_are_refused(path):
    one = player("wavenet", Config(SMALL), levels={"nam_loudness_db": 0.0, "nam_gain": 0.0})
    with torch.no_grad():
        next(one.model.parameters()).fill_(float("nan"))
    with pytest.raises(ConfigError, match="NaN or infinite"):
        nam.write(one, path)


FACTS = {
    "levels": {"loudness_db": -9.0, "dry_db": -20.0},
    "metrics": {"esr": 0.0125, "noise_esr": 1e-4},
    "provenance": {"made_by": "tonewright", "gear_make": "Maker"},
}


def told(one: Player, path, **about) -> dict:
    return written(one, path, about=DATE | about)["metadata"]


def test_what_is_known_is_told(path):
    one = player("wavenet", preset="nano", **FACTS)
    metadata = told(one, path, name="My amp", gear_type="amp", tone_type="hi_gain", output_level_dbu="12.2")
    expected = {"date": {"year": 2026, "month": 11, "day": 26, "hour": 20, "minute": 15, "second": 0}}
    expected |= {"name": "My amp", "gear_type": "amp", "gear_make": "Maker", "tone_type": "hi_gain"}
    expected |= {"output_level_dbu": 12.2, "training": {"validation_esr": 0.0125}}
    assert {name: metadata[name] for name in expected} == expected
    assert metadata.keys() == expected.keys() | {"loudness", "gain"}
    tone = read(path)
    assert tone.metrics == {"esr": 0.0125} and tone.provenance["date"] == DATE["date"]
    assert tone.levels["nam_loudness_db"] == metadata["loudness"]


def test_a_person_knows_better_than_the_model(path):
    one = player("wavenet", preset="nano", levels={"input_level_dbu": 3.0}, provenance={"name": "old"})
    metadata = told(one, path, name="new", input_level_dbu="-4")
    assert (metadata["name"], metadata["input_level_dbu"]) == ("new", -4.0)


def test_the_same_model_makes_the_same_file(path, monkeypatch):
    one = player("wavenet", preset="nano", **FACTS)
    nam.write(one, path)
    before = path.read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    nam.write(one, path)
    assert path.read_bytes() == before and "date" not in json.loads(before)["metadata"]


def test_a_date_is_kept(path):
    assert written(player("wavenet", preset="nano"), path, about=DATE)["metadata"]["date"]["year"] == 2026
    again = written(Player(read(path)), path)["metadata"]["date"]
    assert again == {"year": 2026, "month": 11, "day": 26, "hour": 20, "minute": 15, "second": 0}


def test_an_lstm_that_began_from_zeros_does_so_again(path):
    nam.write(player("lstm", preset="1x8"), path)
    values = json.loads(path.read_text())
    values["weights"][-25:-9] = [0.0] * 16
    path.write_text(json.dumps(values))
    one = Player(read(path))
    assert written(one, path)["weights"] == values["weights"]
    storage.save(one.tone, path.with_suffix(".tone"))
    assert written(tw.load(path.with_suffix(".tone")), path)["weights"] == values["weights"]


def test_a_file_of_several_sizes_is_written_as_one_of_them_which_is_told(path):
    large, small = player("wavenet", Config(SMALL)), player("wavenet", Config(SMALL[1:]))
    nam.write(large, path, smaller=small)
    one, other = (Player(read(path, size=size)) for size in (1.0, 0.0))
    assert "read from a file of 2 sizes, of which this is one" in nam.write(one, path)
    assert "sizes" not in nam.write(one, path, smaller=other)
    assert playback.difference(NAM, other, path, size=0.0) == playback.difference(NAM, one, path) == 0


def test_read_and_written_again_a_file_is_the_same(path):
    for one in (player("wavenet", preset="nano", **FACTS), player("lstm", preset="2x8", **FACTS)):
        nam.write(one, path, about={"input_level_dbu": "18.25", "modeled_by": "me", "tone_type": "clean"})
        before = path.read_bytes()
        nam.write(Player(read(path)), path)
        assert path.read_bytes() == before


def test_words_that_other_programs_made_up_are_kept(path):
    one = player("wavenet", preset="nano", provenance={"tone_type": "distortion", "date": "yesterday"})
    metadata = written(one, path)["metadata"]
    assert metadata["tone_type"] == "distortion" and "date" not in metadata


@pytest.mark.parametrize(
    "name,value,words",
    [
        ("gear_type", "amplifier", "gear_type is no 'amplifier'"),
        ("tone_type", "hi-gain", "tone_type is no 'hi-gain'; did you mean 'hi_gain'?"),
        ("input_level_dbu", "loud", "a number of dBu, such as 12.2, and not 'loud'"),
        ("input_level_dbu", "nan", "a number of dBu"),
        ("output_level_dbu", "1e9", "a number of dBu"),
        ("date", "yesterday", "date is written as 2026-11-26"),
        ("date", "2026-11-26T20:15:00Z", "and not as '2026-11-26T20:15:00Z'"),
        ("date", "2026-11-26T20:15:00+02:00", "date is written as"),
        ("modeled_by", "me\x1b[31m", "modeled_by is one line of plain words"),
        ("name", "x" * 201, "at most 200 characters, and this has 201"),
    ],
)
def test_what_a_person_tells_is_looked_at(path, name, value, words):
    with pytest.raises(ConfigError, match=words):
        nam.write(player("wavenet", preset="nano"), path, about={name: value})
    assert not path.exists()


@pytest.mark.parametrize(
    "through,loudness_db,gain",
    [
        # a second of the trainer's noise through the same, measured by the trainer
        (lambda x: x, -14.97, 0.0),
        (lambda x: 0.5 * x, -20.99, 0.0),
        (lambda x: np.tanh(3 * x), -7.17, 0.087),
        (lambda x: np.tanh(10 * x), -2.23, 0.325),
        (lambda x: np.tanh(100 * x), -0.20, 0.736),
        (lambda x: np.clip(10 * x, -0.5, 0.5), -6.73, 0.547),
        (np.sign, 0.0, 0.818),
        (np.ones_like, 0.0, 1.0),
        (lambda x: x * np.abs(x), -25.27, 0.0),
    ],
)
def test_loudness_and_gain_are_those_of_the_trainer(through, loudness_db, gain):
    class Device:
        sample_rate, render = 48000, staticmethod(through)

    assert loudness_and_gain(Device()) == (
        pytest.approx(loudness_db, abs=0.15),
        pytest.approx(gain, abs=0.01),
    )


@pytest.mark.filterwarnings("ignore:invalid value")
def test_silence_and_what_is_no_sound():
    class Device:
        sample_rate, render = 44100, staticmethod(np.zeros_like)

    level, gain = loudness_and_gain(Device())
    assert level == -200 and gain == 0
    Device.render = staticmethod(lambda x: x * np.inf)
    with pytest.raises(ConfigError, match="no finite sound"):
        loudness_and_gain(Device())
