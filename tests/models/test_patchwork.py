"""The patchwork: a WaveNet is one of it, and whatever is put together plays in blocks."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.contract.stream import check_contract
from tests.runtime.test_native import needs_core
from tonewright import models, storage
from tonewright.config import from_json, to_json
from tonewright.errors import ConfigError
from tonewright.models import wavenet
from tonewright.models.patchwork import PLACES, PRESETS, Config, Film, Layer, Model, Side, Stack, Tail
from tonewright.models.patchwork.parts import GATINGS
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

LAYERS = (Layer(3, 1), Layer(2, 3))


@pytest.mark.parametrize("name", PRESETS)
def test_preset_plays_in_blocks(name):
    check_contract(Model(PRESETS[name]), 1)


@pytest.mark.parametrize(
    "change",
    [
        *({"layers": tuple(Layer(3, 2, "softsign", gating) for _ in range(2))} for gating in GATINGS),
        {"out": None},
        {"side": Side(4, 2), "groups": 2, "out": 4},
        {"films": tuple(Film(place) for place in PLACES), "side": Side(3)},
        {"head_kernel": 3, "head_dilation": 5},
    ],
    ids=str,
)
def test_every_kind_plays_in_blocks(change):
    check_contract(Model(Config((dataclasses.replace(Stack(4, 4, LAYERS), **change),))), 1)


def test_it_is_imported_and_not_captured():
    assert "patchwork" in models.names("import") and "patchwork" not in models.names("capture")


def test_a_wavenet_is_one_of_it():
    """The same weights in the same order, for it adds nothing where nothing is asked for."""
    plain = wavenet.Model(wavenet.PRESETS["nano"])
    stacks = tuple(
        Stack(
            *(stack.channels, stack.channels, tuple(Layer(*layer) for layer in stack.layers)),
            head_channels=stack.head_channels,
            head_bias=stack.head_bias,
        )
        for stack in plain.config.stacks
    )
    general = Model(Config(stacks))
    assert general.settle == plain.settle
    with torch.no_grad():
        for to, source in zip(general.parameters(), plain.parameters(), strict=True):
            to.copy_(source)
    x = torch.randn(1, 1, 300)
    y, z = (model(x, model.initial_state(1))[0] for model in (general, plain))
    torch.testing.assert_close(y, z)


def test_several_channels_may_come_out():
    model = Model(Config((Stack(4, 4, LAYERS, head_channels=3),)))
    assert model.outputs == 3
    check_contract(model, 1)


@needs_core
def test_the_core_plays_it(tmp_path):
    torch.manual_seed(0)
    tone = storage.Tone("patchwork", Model(PRESETS["standard"]).eval(), 48000)
    tone.model.head_scale.fill_(1.0)
    storage.save(tone, tmp_path / "a.tone")
    again = storage.load(tmp_path / "a.tone")
    assert storage.self_check(tmp_path / "a.tone", again) == 0
    player, x = Player(again), np.random.default_rng(0).uniform(-0.5, 0.5, 1000).astype(np.float32)
    assert player.engine == "native core"
    np.testing.assert_allclose(player.render(x), Stream(tone.model, 48000).process(x), rtol=0, atol=2e-6)


def test_settings_survive_json():
    for config in PRESETS.values():
        assert from_json(Config, to_json(config)) == config


@pytest.mark.parametrize(
    "change,words",
    [
        ({"channels": 0}, "channels is 1 to 1024"),
        ({"bottleneck": 1025}, "bottleneck is 1 to 1024"),
        ({"layers": ()}, "number of layers"),
        ({"out": None, "bottleneck": 2}, "without a way out, bottleneck 2 equals channels 4"),
        ({"out": 3}, "3 groups cannot share"),
        ({"groups": 3}, "3 groups cannot share"),
        ({"side": Side(3, 2)}, "2 groups cannot share"),
        ({"films": (Film("conv_pre"), Film("conv_pre", shift=False))}, "once at each place"),
        ({"films": (Film("side_post"),)}, "has nothing there"),
        ({"layers": (Layer(activation="cosine"),)}, "activation is one of"),
        (
            {"layers": (Layer(activation="softmax"),), "bottleneck": 65, "channels": 65},
            "channels of a softmax",
        ),
    ],
    ids=str,
)
def test_impossible_stacks_are_told(change, words):
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(Stack(4, 4, LAYERS), **change)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"stacks": ()}, "number of stacks"),
        (
            {"stacks": (Stack(4, 4, LAYERS, head_channels=2), Stack(4, 3, LAYERS))},
            "must equal the 3 channels",
        ),
        ({"stacks": (Stack(4, 4, LAYERS, mixin_groups=2),)}, "2 groups cannot share 1 channels"),
        ({"stacks": (Stack(4, 4, LAYERS, films=(Film("conv_pre", groups=2),)),)}, "2 groups cannot share 1"),
        ({"stacks": (Stack(1024, 1024, (Layer(1024, 1 << 20),)),)}, "memory of all layers"),
        (
            {"condition": Config(condition=Config(condition=Config(condition=Config())))},
            "depth of conditions",
        ),
        (
            {"condition": Config((Stack(4, 4, (Layer(1),) * 120),))},
            "number of layers is 1 to 128, and not 130",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_impossible_settings_are_told(change, words):
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(Config(), **change)


def test_impossible_parts_are_told():
    for make, words in (
        (lambda: Layer(0), "kernel is 1 to"),
        (lambda: Layer(gating="half"), "gating is one of none, gated, blended"),
        (lambda: Film("nowhere"), "modulated at conv_pre"),
        (lambda: Tail(0, 1, (1,)), "channels of the tail"),
        (lambda: Tail(1, 1, ()), "number of kernels"),
        (lambda: Config(tail=Tail(65, 1, (1, 1), "softmax")), "channels of a softmax"),
    ):
        with pytest.raises(ConfigError, match=words):
            make()


def test_what_settings_tell_of_their_model():
    """Biases and slopes are not counted, for they cost little."""
    for config in (Config(), *PRESETS.values()):
        model = Model(config)
        assert config.weights == sum(p.numel() for n, p in model.named_parameters() if n.endswith("weight"))
        assert config.settle == model.settle
