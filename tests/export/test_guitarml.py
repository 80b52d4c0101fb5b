"""The JSON of GuitarML: read and written as an independent player of it hears it."""

import json

import numpy as np
import pytest
import torch

import tonewright as tw
from tests.export import json_players
from tests.export.begun import answers
from tests.export.json_files import NOISE, ml_file
from tonewright.errors import ConfigError
from tonewright.export import formats, guitarml
from tonewright.models.lstm import Config, Model
from tonewright.runtime.player import Player
from tonewright.storage import Tone

read = formats.named("guitarml").read

read = formats.named("guitarml").read

KNOBS = ("drive", "tone", "level")


def player(hidden: int = 20, knobs: int = 0, **changes) -> Player:
    torch.manual_seed(0)
    model = Model(Config(hidden, **({"direct": True} | changes), knobs=KNOBS[:knobs]))
    model.head_scale.fill_(0.25)
    return Player(Tone("lstm", model, 44100))


@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("knobs", [(), (0.3,), (0.2, 0.9, 0.4)])
def test_a_file_means_what_an_independent_player_makes_of_it(put, skip, knobs):
    values = ml_file(5, len(knobs), skip=skip)
    tone = read(put(values, ".json"))
    assert tone.model.config == Config(5, 1, "lstm", bool(skip), ("knob1", "knob2", "knob3")[: len(knobs)])
    assert (tone.architecture, tone.sample_rate) == ("lstm", 44100) and not tone.model.training
    expected = json_players.guitarml(values, NOISE, knobs)
    for engine, got in answers(tone, NOISE, *knobs):
        np.testing.assert_allclose(got, expected, atol=1e-6, err_msg=engine)


def test_a_gru_has_the_state_of_torch(put):
    values = ml_file(3, 0, "GRU", skip=0)
    tone = read(put(values, ".json"), rate=48000)
    state = values["state_dict"]
    torchs = torch.nn.GRU(1, 3, batch_first=True)
    torchs.load_state_dict({name[4:]: torch.tensor(state[name]) for name in state if name.startswith("rec.")})
    h = torchs(torch.from_numpy(NOISE)[None, :, None])[0][0].detach()
    expected = h @ torch.tensor(state["lin.weight"][0]) + state["lin.bias"][0]
    for engine, got in answers(tone, NOISE):
        np.testing.assert_allclose(got, expected, atol=1e-6, err_msg=engine)
    assert tone.sample_rate == 48000


def test_a_network_without_a_bias(put):
    values = ml_file(state_dict={"lin.bias": None})
    assert not read(put(values, ".json")).model.body.layers[1].bias.any()


@pytest.mark.parametrize(
    "hidden,knobs,plugin", [(20, 0, "NeuralPi"), (32, 2, "TS-M1N3"), (40, 0, "Proteus"), (40, 2, "Proteus")]
)
def test_a_written_model_sounds_the_same_to_an_independent_player(tmp_path, hidden, knobs, plugin):
    ours = player(hidden, knobs)
    said = guitarml.write(ours, tmp_path / "amp.json")
    assert ("\nIt will sound wrong there" in said) == (
        plugin == "TS-M1N3"
    )  # which plays at 48 kHz, whatever comes
    assert plugin in said and ("drive and tone as its knobs" in said) == bool(knobs)
    values = json.loads((tmp_path / "amp.json").read_text())
    assert values["model_data"] == ml_file(hidden, knobs)["model_data"]
    at = (0.1, 0.8)[:knobs]
    got = json_players.guitarml(values, NOISE, at)
    for engine, wanted in answers(ours.tone, NOISE, *at):
        np.testing.assert_allclose(got, wanted, atol=1e-5 * np.abs(got).max(), err_msg=engine)
    back = tw.load(tmp_path / "amp.json").render(NOISE)
    np.testing.assert_allclose(back, ours.render(NOISE), atol=1e-6)


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"hidden": 16}, "compiled for 20, 32 or 40 units, and this model has 16; teach --preset 1x40"),
        ({"direct": False}, "always add the dry sound, and this model does not; teach"),
        ({"cell": "gru"}, "hold an LSTM, and this model is a GRU"),
        ({"layers": 2}, "have one layer, and this model has 2"),
        ({"hidden": 32}, "for TS-M1N3, which takes 2 knobs, and this one has none"),
        (
            {"hidden": 40, "knobs": 3},
            "for Proteus, which takes at most 2 knobs, and this one has drive, tone and",
        ),
    ],
    ids=str,
)
def test_what_it_cannot_hold(changes, words):
    with pytest.raises(ConfigError, match=words):
        guitarml.check(player(**changes))
