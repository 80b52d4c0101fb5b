"""A row of layers: each part is torch's, one after another, and it plays in blocks."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.contract.stream import check_contract
from tests.runtime.test_native import needs_core
from tonewright import models, storage
from tonewright.config import from_json, to_json
from tonewright.errors import ConfigError
from tonewright.layers.activations import ACTIVATIONS
from tonewright.layers.recurrent import SETTLE
from tonewright.models.row import PRESETS, Config, Model, Part
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream


def short(config: Config) -> Model:
    """Its recurrent layers settle within what untaught weights need, so that the tests are short."""
    model = Model(config)
    model.settle -= SETTLE - 400 if model.settle >= SETTLE else 0
    return model


@pytest.mark.parametrize("name", PRESETS)
def test_preset_plays_in_blocks(name):
    check_contract(short(PRESETS[name]), 1)


def test_it_is_imported_and_not_captured():
    assert "row" in models.names("import") and "row" not in models.names("capture")


def test_its_presets_have_every_kind():
    kinds = {part.kind for config in PRESETS.values() for part in config.parts}
    assert kinds == {"conv", "lstm", "gru", *ACTIVATIONS}


def test_knobs_are_heard_beside_the_sound():
    parts = (Part("conv", 4, 3, 2), Part("relu"), Part("lstm", 5), Part("conv", 1))
    model = short(Config(parts, direct=True, knobs=("drive", "tone")))
    length = 2 * model.settle + 600
    ports = {"drive": torch.full((2, 1, length), 0.3).double(), "tone": torch.rand(2, 1, length).double()}
    check_contract(model, 1, ports=ports)


@torch.no_grad()
def test_the_three_gains():
    model = Model(Config((Part("conv", 1, 3, 2, bias=False), Part("tanh")), direct=True)).double()
    for name, value in (("input_gain", 2.0), ("head_scale", 0.5), ("direct_gain", -3.0)):
        getattr(model, name).fill_(value)
    x = torch.randn(1, 1, 50, dtype=torch.float64)
    y, _ = model(x, model.initial_state(1))
    made = torch.tanh(F.conv1d(F.pad(2.0 * x, (4, 0)), model.body.layers[0].weight, dilation=2))
    torch.testing.assert_close(y, 0.5 * made - 3.0 * x)


@needs_core
@pytest.mark.parametrize("name", PRESETS)
def test_the_core_plays_it(name, tmp_path):
    torch.manual_seed(0)
    tone = storage.Tone("row", Model(PRESETS[name]).eval(), 48000)
    storage.save(tone, tmp_path / "a.tone")
    again = storage.load(tmp_path / "a.tone")
    assert storage.self_check(tmp_path / "a.tone", again) == 0
    player, x = Player(again), np.random.default_rng(0).uniform(-0.5, 0.5, 1000).astype(np.float32)
    assert player.engine == "native core"
    expected = Stream(tone.model, 48000).process(x)
    np.testing.assert_allclose(player.render(x), expected, rtol=0, atol=2e-6)


def test_settings_survive_json():
    for config in PRESETS.values():
        assert from_json(Config, to_json(config)) == config


@pytest.mark.parametrize(
    "parts,words",
    [
        ((), "number of parts is 1 to 256, and not 0"),
        ((Part("conv", 2),), "one channel comes out of the last part, and not 2"),
        ((Part("conv", 3), Part("conv", 1, groups=2)), "2 groups cannot share 3 channels in and 1 out"),
        ((Part("conv", 65), Part("softmax"), Part("conv", 1)), "channels of a softmax is 1 to 64"),
        ((*[Part("conv", 1024)], *[Part("conv", 1, 4096, 1 << 20)]), "memory of all parts"),
    ],
    ids=str,
)
def test_impossible_rows_are_told(parts, words):
    with pytest.raises(ConfigError, match=words):
        Config(parts)


@pytest.mark.parametrize(
    "settings,words",
    [
        (("convolution", 1), "a part is one of conv, lstm, gru, tanh"),
        (("conv",), "outputs is 1 to 1024, and not 0"),
        (("lstm", 1025), "outputs is 1 to 1024"),
        (("tanh", 3), "outputs of an activation is 0 to 0, and not 3"),
        (("lstm", 3, 2), "are of a convolution, and this is lstm"),
        (("conv", 1, 0), "kernel is 1 to 4096, and not 0"),
        (("conv", 1, 1, 0), "dilation is 1 to"),
        (("conv", 1, 1, 1, 0), "groups is 1 to"),
    ],
    ids=str,
)
def test_impossible_parts_are_told(settings, words):
    with pytest.raises(ConfigError, match=words):
        Part(*settings)


def test_what_settings_tell_of_their_model():
    for config in PRESETS.values():
        counts = [part.weights(inputs) for part, inputs in config.places()]
        names = ("weight", "weight_ih", "weight_hh")
        named = Model(config).named_parameters()
        assert sum(counts) == sum(p.numel() for name, p in named if name.rpartition(".")[2] in names)
