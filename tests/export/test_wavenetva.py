"""The JSON of WaveNetVA: read and written as an independent player of it hears it."""

import json

import numpy as np
import pytest
import torch

import tonewright as tw
from tests.export import json_players
from tests.export.begun import answers
from tests.export.json_files import NOISE, va_file
from tonewright.errors import ConfigError
from tonewright.export import formats, wavenetva
from tonewright.models.wavenet import Config, Model, Stack
from tonewright.runtime.player import Player
from tonewright.storage import Tone

read = formats.named("wavenetva").read

read = formats.named("wavenetva").read


def player(config: Config, scale: float = 0.02, rate: int = 48000) -> Player:
    torch.manual_seed(0)
    model = Model(config)
    model.head_scale.fill_(scale)
    return Player(Tone("wavenet", model, rate))


def gated(activation: str = "gated", **changes) -> Config:
    settings = {"conditioned": False, "input_bias": True, "mix": "stack"} | changes
    return Config((Stack(4, (1, 2, 4), activation=activation),), **settings)


@pytest.mark.parametrize("activation", wavenetva.ACTIVATIONS)
def test_a_file_means_what_an_independent_player_makes_of_it(put, activation):
    values = va_file(activation)
    tone = read(put(values, ".json"))
    assert (tone.architecture, tone.sample_rate) == ("wavenet", 44100)
    assert tone.model.config == gated(activation) and not tone.model.training
    expected = json_players.wavenetva(values, NOISE)
    for engine, got in answers(tone, NOISE):
        np.testing.assert_allclose(got, expected, atol=1e-6, err_msg=engine)


def test_numbers_are_also_words(put):
    a, b = (read(put(va_file(words=words), ".json")).model.state_dict() for words in (False, True))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert read(put(va_file(), ".json"), rate=48000).sample_rate == 48000


@pytest.mark.parametrize("activation", wavenetva.ACTIVATIONS)
@pytest.mark.parametrize("changes", [{}, {"mix": "sum"}, {"input_bias": False}], ids=str)
def test_a_written_model_sounds_the_same_to_an_independent_player(tmp_path, activation, changes):
    ours = player(gated(activation, **changes))
    said = wavenetva.write(ours, tmp_path / "amp.json")
    assert f"3 {activation} layers of 4 channels" in said and "48000 Hz" in said
    values = json.loads((tmp_path / "amp.json").read_text())
    assert all(type(number) is float for row in values["variables"] for number in row["data"])
    back, peak = tw.load(tmp_path / "amp.json").render(NOISE), np.abs(ours.render(NOISE)).max()
    np.testing.assert_allclose(back, ours.render(NOISE), atol=1e-5 * peak)
    got = json_players.wavenetva(values, NOISE)
    for engine, wanted in answers(ours.tone, NOISE):
        np.testing.assert_allclose(got, wanted, atol=1e-5 * peak, err_msg=engine)


@pytest.mark.parametrize(
    "config,words",
    [
        (
            Config((Stack(4, (1,), head_channels=2, head_bias=False), Stack(2, (1,)))),
            "one stack of layers, and this",
        ),
        (gated(knobs=("drive",)), "no knobs, and this model has drive"),
        (gated(conditioned=True), "these hear the input too; teach --preset gated"),
        (gated("leaky_relu"), "no activation 'leaky_relu', only linear, tanh"),
        (Config((Stack(2, (1, 2), (2, 3)),), conditioned=False), "one kernel for all layers"),
        (Config((Stack(2, (1, 2), head_kernel=4),), conditioned=False), "one kernel for all layers"),
    ],
    ids=range(6),
)
def test_what_it_cannot_hold(config, words):
    with pytest.raises(ConfigError, match=words):
        wavenetva.check(player(config))


def test_equal_kernels_written_one_by_one_are_one(tmp_path):
    ours = player(Config((Stack(2, (1, 2), (3, 3)),), conditioned=False, input_bias=True, mix="stack"))
    wavenetva.write(ours, tmp_path / "amp.json")
    np.testing.assert_allclose(tw.load(tmp_path / "amp.json").render(NOISE), ours.render(NOISE), atol=1e-6)


def test_a_model_that_is_too_large_to_be_read_again():
    stack = Stack(64, (1,) * 40, activation="gated")
    config = Config((stack,), conditioned=False, input_bias=True, mix="stack")
    with pytest.raises(ConfigError, match="WaveNetVA files hold 700,000 weights at most, and this model has"):
        wavenetva.check(Player(Tone("wavenet", Model(config), 44100)))
