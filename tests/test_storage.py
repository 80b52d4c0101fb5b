"""The .tone file gives back what was put in, the same bytes every time, and says who it is."""

import json
import struct

import numpy as np
import pytest
import torch

from tonewright import models, storage
from tonewright.errors import FileError
from tonewright.models.feedback import Config as LoopConfig
from tonewright.models.feedback import Model as Loop
from tonewright.models.wavenet import PRESETS, Config, Model, Stack

TINY = Config((Stack(2, (1, 2)),))


def tone(config: Config = TINY, rate: int = 48000) -> storage.Tone:
    """A model that was never taught, with a word for everything."""
    return storage.Tone(
        "wavenet",
        Model(config),
        rate,
        levels={"dry_db": -12.5},
        metrics={"esr": 0.25},
        provenance={"preset": "tiny", "minutes": "0.1"},
        history=[{"seconds": 1.0, "step": 3, "loss": 0.5, "error": 0.25}],
    )


@pytest.mark.parametrize("knobs", [(), ("drive", "tone")])
@pytest.mark.parametrize("name", PRESETS)
def test_what_goes_in_comes_out(name, knobs, tmp_path):
    config = Config(**{**vars(PRESETS[name]), "knobs": knobs})
    made = tone(config, 44100)
    storage.save(made, tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    assert got.model.config == config and got.architecture == "wavenet" and got.sample_rate == 44100
    for what in ("levels", "metrics", "provenance", "history"):
        assert getattr(got, what) == getattr(made, what)
    wanted, weights = made.model.state_dict(), got.model.state_dict()
    assert wanted.keys() == weights.keys()
    assert all(torch.equal(wanted[key], weights[key]) for key in wanted)
    assert storage.self_check(tmp_path / "a.tone", got) == 0.0


def test_a_loop_comes_out_too(tmp_path):
    """With weights that are fixed and not taught, and an answer that is shorter than others."""
    config = LoopConfig(window=5, width=4, layers=1, past="mulaw", target="classes", knobs=("a",))
    made = storage.Tone("feedback", Loop(config), 44100)
    storage.save(made, tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    wanted, weights = made.model.state_dict(), got.model.state_dict()
    assert all(torch.equal(wanted[key], weights[key]) for key in wanted) and wanted.keys() == weights.keys()
    assert storage.self_check(tmp_path / "a.tone", got) == 0.0
    assert len(storage.to_bytes(made, probed=False)) < len(storage.to_bytes(made))


def test_the_same_bytes_every_time(tmp_path):
    made = tone()
    storage.save(made, tmp_path / "a.tone")
    storage.save(storage.load(tmp_path / "a.tone"), tmp_path / "b.tone")
    assert (tmp_path / "a.tone").read_bytes() == (tmp_path / "b.tone").read_bytes()


def test_the_header_says_all_that_a_player_needs(tmp_path):
    config = Config(knobs=("drive",))
    storage.save(tone(config), tmp_path / "a.tone")
    header = storage.read_header(tmp_path / "a.tone")
    assert header["format"] == 1 and header["sample_rate"] == 48000
    assert (header["ratio"], header["block"], header["latency"]) == ("1", 1, 0)
    assert header["settle"] == Model(config).settle
    assert header["ports"][0]["name"] == "drive" and header["ports"][0]["rate"] == "1"
    assert {node["op"] for node in header["graph"]["nodes"]} >= {"input", "conv1d", "tanh", "mul"}


def test_there_is_one_metadata_key(tmp_path):
    storage.save(tone(), tmp_path / "a.tone")
    raw = (tmp_path / "a.tone").read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    assert list(json.loads(raw[8 : 8 + length])["__metadata__"]) == ["tonewright"]


def test_numbers_that_json_cannot_say_come_back_as_nan(tmp_path):
    made = tone()
    made.metrics["esr"] = float("inf")
    made.history[0]["error"] = float("nan")
    storage.save(made, tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    assert np.isnan(got.metrics["esr"]) and got.history[0]["error"] is None
    storage.save(got, tmp_path / "b.tone")


def test_a_history_of_before_the_error_had_other_names_is_read(tmp_path):
    made = tone()
    made.history = [{"seconds": 1.0, "step": 3, "loss": 0.5, "esr": 0.25}]
    storage.save(made, tmp_path / "a.tone")
    assert storage.load(tmp_path / "a.tone").history == tone().history


def test_a_changed_weight_is_noticed(tmp_path):
    storage.save(tone(), tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    with torch.no_grad():
        got.model.stacks[0].head.weight += 0.5
    assert storage.self_check(tmp_path / "a.tone", got) > 1e-3


def test_a_failed_save_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    storage.save(tone(), tmp_path / "a.tone")
    before = (tmp_path / "a.tone").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError, match="is full"):
        storage.save(tone(PRESETS["nano"]), tmp_path / "a.tone")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tone"]
    assert (tmp_path / "a.tone").read_bytes() == before


def test_every_architecture_has_what_a_file_needs():
    for name in models.names():
        room = models.find(name)
        assert all(hasattr(room, part) for part in ("Config", "PRESETS", "Model"))
        assert room.Model(room.Config()).config == room.Config()


def test_the_probe_is_answered_in_pieces():
    model, x = Model(PRESETS["nano"]).eval(), storage.probe(48000)
    lengths = []
    model.register_forward_pre_hook(lambda _, given: lengths.append(given[0].shape[-1]))
    y = storage.answer(model, x)
    assert max(lengths) <= storage.PIECE and sum(lengths) == model.settle + len(x)
    with torch.no_grad():
        whole, _ = model(torch.cat([x.new_zeros(model.settle), x])[None, None], model.initial_state(1))
    torch.testing.assert_close(y, whole[0, 0, model.settle :], rtol=1e-5, atol=1e-6)
