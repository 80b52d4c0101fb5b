"""WaveNet: its shapes are those that players know, and every preset plays in blocks."""

import dataclasses

import pytest
import torch

from tests.contract.stream import check_contract
from tonewright.config import from_json, to_json
from tonewright.errors import ConfigError
from tonewright.models.wavenet import PRESETS, Config, Model, Stack
from tonewright.models.wavenet.config import ACTIVATIONS

# preset: (weights, receptive field), as published for each shape; head_scale is not a weight here
PUBLISHED = {
    "standard": (13801, 4093),
    "lite": (6553, 4093),
    "feather": (3025, 4093),
    "nano": (841, 4093),
    "a2": (12145, 6347),
    "a2-lite": (1870, 6347),
    "gated": (18593, 2047),
    "gated-small": (2313, 2045),
}


@pytest.mark.parametrize("name", PRESETS)
def test_shape_is_the_published_one(name):
    model = Model(PRESETS[name])
    assert (sum(p.numel() for p in model.parameters()), model.settle + 1) == PUBLISHED[name]


@pytest.mark.parametrize("name", PRESETS)
def test_preset_plays_in_blocks(name):
    check_contract(Model(PRESETS[name]), 1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("mix", ["sum", "stack"])
def test_every_kind_plays_in_blocks(activation, mix):
    stacks = (Stack(4, (1, 3, 7), (2, 3, 5), activation, head_channels=2, head_kernel=4), Stack(2, (1, 5)))
    config = Config(stacks if mix == "sum" else stacks[1:], mix=mix, knobs=("drive", "tone"))
    ports = {"drive": torch.full((2, 1, 4000), 0.3).double(), "tone": torch.rand(2, 1, 4000).double()}
    model = Model(config)
    length = 2 * model.settle + 600
    check_contract(model, 1, ports={name: value[..., :length] for name, value in ports.items()})


def test_a_later_sample_changes_nothing_before():
    model = Model(PRESETS["nano"]).double()
    x = torch.randn(1, 1, 500, dtype=torch.float64)
    y, _ = model(x, model.initial_state(1))
    x[..., 300] += 1
    z, _ = model(x, model.initial_state(1))
    changed = (y - z).abs()[0, 0] > 0
    assert not changed[:300].any() and changed[300]


def test_settings_survive_json():
    for config in PRESETS.values():
        assert from_json(Config, to_json(config)) == config


@pytest.mark.parametrize(
    "change,words",
    [
        ({"mix": "mean"}, "mix is 'sum' or 'stack'"),
        ({"mix": "stack"}, "goes with one stack"),
        ({"knobs": ("drive", "drive")}, "its own name"),
        ({"knobs": ("my drive",)}, "letters, digits"),
        ({"stacks": ()}, "number of stacks"),
        ({"stacks": (Stack(4, head_channels=2),)}, "last head has 1 channel"),
        ({"stacks": (Stack(4, head_channels=2), Stack(8))}, "must equal the next stack's channels 8"),
        ({"stacks": (Stack(1024, (1 << 20,)),)}, "memory of all layers"),
    ],
)
def test_impossible_settings_are_told(change, words):
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(Config(), **change)


def test_impossible_stacks_are_told():
    for change, words in (
        ({"channels": 0}, "channels is 1 to 1024"),
        ({"kernels": (3, 3)}, "kernels wants 1 or 10 numbers"),
        ({"activation": "cosine"}, "activation is one of"),
        ({"dilations": ()}, "number of dilations"),
    ):
        with pytest.raises(ConfigError, match=words):
            Stack(**change)


def test_what_settings_tell_of_their_model():
    for config in (*PRESETS.values(), dataclasses.replace(PRESETS["nano"], knobs=("drive", "tone"))):
        model = Model(config)
        assert config.weights == sum(p.numel() for p in model.parameters())
        assert sum(stack.settle for stack in config.stacks) == model.settle
