"""ConvNets and the whole vocabulary of newer WaveNets: each word means what the plain player in numpy makes of it."""

import copy
import dataclasses
import json

import numpy as np
import pytest
import torch

from tests.export.nam_files import CONVNET, LISTENER, NEW, ON, RICH, convnet_file, full, whole
from tests.export.nam_player import FILMS, needed, play
from tests.runtime.test_native import needs_core
from tonewright import models, storage
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats, nam
from tonewright.export.nam.bends import KINDS
from tonewright.models import row
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

read = formats.named("nam").read

read = formats.named("nam").read

SETTLED = 200  # samples of silence before the sound


def sound(samples: int = 300) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(samples)


@torch.no_grad()
def ours(tone: storage.Tone, x: np.ndarray) -> np.ndarray:
    model = tone.model.double()
    heard = torch.from_numpy(np.concatenate([np.zeros(SETTLED), x]))[None, None]
    return model(heard, model.initial_state(1))[0][0, 0, SETTLED:].numpy()


def same(put, values: dict, architecture: str) -> None:
    tone, x = read(put(values)), sound()
    assert tone.architecture == architecture
    y = play(values, x, SETTLED)
    assert np.abs(y).max() > 1e-3
    np.testing.assert_allclose(ours(tone, x), y, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("activation", ["Tanh", "ReLU", "Hardswish"])
def test_a_convnet(put, normed, activation):
    """Its batch norms are folded into float32 weights, so it is not the same to more than that."""
    values = convnet_file(batchnorm=normed, activation=activation)
    tone, x = read(put(values)), sound()
    assert tone.architecture == "row"
    np.testing.assert_allclose(ours(tone, x), play(values, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Fasttanh"])
def test_every_activation(put, kind):
    plain = kind in ("Tanh", "ReLU", "LeakyReLU", "Sigmoid", "Softsign")
    same(put, whole(full(1, 4, 1, activation=[{"type": kind}] * 2)), "wavenet" if plain else "patchwork")


@pytest.mark.parametrize("mode", ["gated", "blended"])
@pytest.mark.parametrize("second", ["Sigmoid", "Tanh", "Hardtanh", "ReLU"])
def test_gates(put, mode, second):
    values = whole(full(1, 4, 1, gating_mode=[mode] * 2, secondary_activation=[{"type": second}] * 2))
    same(put, values, "wavenet" if (mode, second) == ("gated", "Sigmoid") else "patchwork")


def test_a_modulation_that_does_not_say_is_on(put):
    """So the players of these files have it; and a place may say "false" as a whole."""
    told = full(1, 4, 1, conv_pre_film=ON, conv_post_film=ON | {"active": False})
    values = whole(told)
    expected = read(put(values)).model.config
    assert [film.place for film in expected.stacks[0].films] == ["conv_pre"]
    for change in ({"conv_pre_film": {}}, {"conv_post_film": False}, {"conv_post_film": None}):
        config = {**values["config"], "layers": [told | change]}
        assert read(put({**values, "config": config})).model.config == expected
    config = {**values["config"], "layers": [told | {"conv_pre_film": True}]}
    with pytest.raises(FileError, match="'conv_pre_film' wants settings, and is True"):
        read(put({**values, "config": config}))


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("name", FILMS)
def test_modulations(put, name, shift):
    side = {"active": True, "out_channels": 3, "groups": 1}
    changes = {name: ON | {"shift": shift}, "head1x1": side, "gating_mode": ["gated", "none"]}
    changes |= {"secondary_activation": [{"type": "Sigmoid"}, None], "bottleneck": 2}
    same(put, whole(full(1, 4, 1, **changes)), "patchwork")


@pytest.mark.parametrize(
    "change",
    [
        {"bottleneck": 2},
        {"groups_input": 2},
        {"head1x1": {"active": True, "out_channels": 3, "groups": 1}},
        {"layer1x1": {"active": False, "groups": 1}},
        {"layer1x1": {"active": True, "groups": 2}},
        {"head": {"out_channels": 1, "kernel_size": 3, "bias": True, "head_dilation": 3}},
        {"activation": [{"type": "Tanh"}, {"type": "ReLU"}]},
        {"activation": [{"type": "PReLU", "negative_slopes": [0.5, 0.25, -1.0, 2.0]}] * 2},
        {"activation": [{"type": "LeakyReLU", "negative_slope": 0.25}] * 2},
        {"gating_mode": ["none", "gated"], "secondary_activation": [None, {"type": "Sigmoid"}]},
    ],
    ids=str,
)
def test_what_a_plain_wavenet_has_not(put, change):
    same(put, whole(full(1, 4, 1, **change)), "patchwork")


def test_what_it_has_is_one(put):
    """Everything that can be switched off is off, whether the file says so or not."""
    same(
        put,
        whole(full(1, 4, 2), full(4, 2, 1, head={"out_channels": 1, "kernel_size": 5, "bias": True})),
        "wavenet",
    )
    slim = {"slimmable": {"method": "slice_channels_uniform", "kwargs": {"allowed_channels": [2, 4]}}}
    same(put, whole(full(1, 4, 1, **slim)), "wavenet")


def test_what_comes_after_the_last_head(put):
    for kernels in ([3], [1, 4, 2]):
        tail = {"channels": 3, "out_channels": 1, "kernel_sizes": kernels, "activation": "Softsign"}
        same(put, whole(full(1, 4, 2), head=tail), "patchwork")


def test_another_model_is_the_condition(put):
    same(put, whole(full(1, 4, 1, condition_size=2), condition_dsp=LISTENER), "patchwork")
    twice = whole(full(1, 3, 1, condition_size=2), condition_dsp=LISTENER)
    same(put, whole(full(1, 4, 1), condition_dsp=twice), "patchwork")


def test_all_at_once(put):
    same(put, RICH, "patchwork")


@needs_core
@pytest.mark.parametrize("values", [RICH, CONVNET], ids=["rich", "convnet"])
def test_the_core_plays_it_too(put, tmp_path, values):
    tone, x = read(put(values)), sound(2000).astype(np.float32) * np.float32(0.3)
    storage.save(tone, tmp_path / "a.tone")
    player = Player(storage.load(tmp_path / "a.tone"))
    assert player.engine == "native core"
    expected = Stream(tone.model, tone.sample_rate).process(x)
    np.testing.assert_allclose(player.render(x), expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(expected, play(values, x), rtol=0, atol=1e-5 * np.abs(expected).max())


def test_the_count_is_that_of_the_plain_player(put):
    """The player in numpy takes the weights that it needs; ours counts them before it takes any memory."""
    for values in (RICH, CONVNET):
        count = len(values["weights"])
        assert count == needed(values["architecture"], values["config"])
        for other in (count - 1, count + 1):
            with pytest.raises(FileError, match=f"need {count} weights, and it has {other}"):
                read(put(values | {"weights": [0.5] * other}))


def test_fast_tanh_is_tanh(put):
    told = copy.deepcopy(NEW)
    for array in told["config"]["layers"]:
        array["activation"] = "Fasttanh"
    x = torch.randn(1, 1, 100)
    fast, exact = (read(put(values)).model for values in (told, NEW))
    assert torch.equal(fast(x, fast.initial_state(1))[0], exact(x, exact.initial_state(1))[0])


USUAL_BENDS = ("PReLU", "LeakyReLU", "LeakyHardtanh", "LeakyHardTanh")


@pytest.mark.parametrize(
    "values",
    [RICH, *(convnet_file(batchnorm=False, activation=kind) for kind in ("Tanh", *USUAL_BENDS))],
    ids=["rich", "convnet", *USUAL_BENDS],
)
def test_they_are_written_too(put, tmp_path, values):
    """The same model, of the same weights; written again, the same file."""
    first = Player(read(put(values)))
    nam.write(first, tmp_path / "a.nam")
    told, second = json.loads((tmp_path / "a.nam").read_text()), Player(read(tmp_path / "a.nam"))
    assert np.array_equal(np.float32(told["weights"]), np.float32(values["weights"]))
    assert second.tone.architecture == first.tone.architecture
    x = sound().astype(np.float32)
    assert np.array_equal(first.render(x), second.render(x))
    nam.write(second, tmp_path / "b.nam")
    assert json.loads((tmp_path / "b.nam").read_text())["config"] == told["config"]


def test_gains_of_a_row_are_folded_into_the_file(tmp_path):
    torch.manual_seed(0)
    model = row.Model(row.Config(row.dilated(4, (1, 2), "softsign"))).eval()
    model.input_gain.fill_(2.0)
    model.head_scale.fill_(-0.5)
    player, x = Player(storage.Tone("row", model, 48000)), sound().astype(np.float32)
    nam.write(player, tmp_path / "a.nam")
    np.testing.assert_allclose(Player(read(tmp_path / "a.nam")).render(x), player.render(x), atol=1e-6)


CONV = row.Part("conv", 4, 2)


@pytest.mark.parametrize(
    "config,words",
    [
        (row.PRESETS["mixed"], "do not add the dry sound"),
        (row.Config((CONV, row.Part("tanh"), row.Part("conv", 1)), knobs=("drive",)), "no knobs"),
        (row.Config((row.Part("conv", 1),)), "and this row is another"),
        (row.Config((CONV, row.Part("conv", 1))), "and this row is another"),
        (row.Config((row.Part("lstm", 4), row.Part("tanh"), row.Part("conv", 1))), "and this row is another"),
        (row.Config((CONV, row.Part("tanh"), CONV, row.Part("relu"), row.Part("conv", 1))), "is another"),
        (row.Config((row.Part("conv", 4, 3), row.Part("tanh"), row.Part("conv", 1))), "is another"),
        (row.Config((CONV, row.Part("prelu"), row.Part("conv", 1))), "no activation 'prelu' with numbers"),
        (row.Config((CONV, row.Part("elu"), row.Part("conv", 1))), "have no activation 'elu'"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_rows_that_are_no_convnets_are_not_written(config, words, tmp_path):
    model = row.Model(config)
    for layer in model.body.layers:
        if hasattr(layer, "function") and hasattr(layer.function, "slopes"):
            layer.function.slopes.data.uniform_(0, 1)
    with pytest.raises(ConfigError, match=words):
        nam.check(Player(storage.Tone("row", model.eval(), 48000)))


def test_patchworks_that_are_not_written():
    room = models.find("patchwork")
    plain = room.Stack(4, 4, (room.Layer(3, 1),))
    for stack, tail, words in (
        (dataclasses.replace(plain, head_channels=2), None, "make one channel, and this model makes 2"),
        (dataclasses.replace(plain, layers=(room.Layer(3, 1, "elu"),)), None, "have no activation 'elu'"),
        (plain, room.Tail(2, 1, (1,), "softmax"), "have no activation 'softmax'"),
    ):
        model = room.Model(room.Config((stack,), tail)).eval()
        with pytest.raises(ConfigError, match=words):
            nam.check(Player(storage.Tone("patchwork", model, 48000)))
