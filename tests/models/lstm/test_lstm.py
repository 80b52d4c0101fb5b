"""The recurrent capture: its shapes are those that players know, and it plays in blocks."""

import dataclasses

import pytest
import torch

from tests.contract.stream import check_contract
from tonewright import models, storage
from tonewright.config import from_json, to_json
from tonewright.errors import ConfigError
from tonewright.models.lstm import PRESETS, Config, Model


def short(model: Model) -> Model:
    """With a settle that untaught weights need, so that the tests are short."""
    model.settle = 300
    return model


def test_it_is_found_by_its_name():
    assert models.find("lstm").Model is Model and models.preset("lstm", "2x8") == Config(8, 2)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_plays_in_blocks(name):
    check_contract(short(Model(PRESETS[name])), 1)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("direct", [False, True])
def test_every_kind_plays_in_blocks(cell, direct):
    model = short(Model(Config(5, 3, cell, direct, knobs=("drive", "tone"))))
    ports = {"drive": torch.full((2, 1, 1200), 0.3).double(), "tone": torch.rand(2, 1, 1200).double()}
    check_contract(model, 1, ports=ports)


@pytest.mark.parametrize("name,weights", [("1x16", 1201 - 32), ("2x8", 905 - 32), ("1x40", 6841 - 80)])
def test_sizes_are_the_published_ones(name, weights):
    """The published counts hold one bias for each gate, and the first h and c of each layer, here buffers."""
    model = Model(PRESETS[name])
    biases = sum(p.numel() for n, p in model.named_parameters() if n.endswith("bias_hh"))
    assert sum(p.numel() for p in model.parameters()) - biases == weights


def test_the_direct_path_adds_the_dry_sound():
    config = Config(4)
    plain, direct = Model(config), Model(dataclasses.replace(config, direct=True))
    direct.load_state_dict(plain.state_dict())
    x = torch.randn(1, 1, 50)
    y, _ = plain(x, plain.initial_state(1))
    z, _ = direct(x, direct.initial_state(1))
    torch.testing.assert_close(z, y + x)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_survives_its_file(tmp_path, cell):
    model = Model(Config(6, 2, cell, True, ("drive",)))
    model.head_scale.fill_(0.3)
    model.body.layers[0].initial_h.uniform_(-1, 1)
    storage.save(storage.Tone("lstm", model, 44100), tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    assert got.model.config == model.config and storage.self_check(tmp_path / "a.tone", got) == 0
    for name, value in model.state_dict().items():
        assert torch.equal(got.model.state_dict()[name], value)


def test_settings_survive_json():
    for config in PRESETS.values():
        assert from_json(Config, to_json(config)) == config


@pytest.mark.parametrize(
    "change,words",
    [
        ({"hidden": 0}, "hidden is 1 to 1024, and not 0"),
        ({"hidden": 1025}, "hidden is 1 to 1024"),
        ({"layers": 9}, "layers is 1 to 8"),
        ({"cell": "rnn"}, "cell is lstm or gru, and not 'rnn'"),
        ({"knobs": ("a b",)}, "letters, digits"),
        ({"knobs": ("a", "a")}, "its own name"),
        ({"knobs": tuple(f"k{i}" for i in range(65))}, "number of knobs is 0 to 64"),
    ],
)
def test_impossible_settings_are_told(change, words):
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(Config(), **change)
