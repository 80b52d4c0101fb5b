"""What we wrote, in the real players of .nam files. They are large: a test is skipped where its player is not."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.export import nam_players
from tests.export.nam_files import RICH, convnet_file, model_file
from tests.export.nam_player import needed
from tonewright import models, storage
from tonewright.export import nam
from tonewright.models.wavenet import Config, Stack
from tonewright.runtime.player import Player

LIMIT = 1e-5  # of the loudest sample
needs_trainer = pytest.mark.skipif(
    not nam_players.has_trainer(), reason="the trainer is not here: pip install neural-amp-modeler"
)
needs_core = pytest.mark.skipif(
    not nam_players.has_core(),
    reason="its player is not here: npm install @opendaw/nam-wasm in the folder that TONEWRIGHT_NAM_CORE names",
)


def small(activation: str, **changes) -> Config:
    first = {"channels": 4, "dilations": (1, 2, 4), "head_channels": 2, "head_bias": False}
    return Config((Stack(**first | changes, activation=activation), Stack(2, (8, 16), activation=activation)))


def cases() -> dict[str, tuple]:
    """(architecture, settings) of every preset that the format holds, and of what else the newer keys can say."""
    wavenets = {
        f"wavenet {n}": ("wavenet", c) for n, c in models.find("wavenet").PRESETS.items() if c.conditioned
    }
    lstms = {f"lstm {n}": ("lstm", c) for n, c in models.find("lstm").PRESETS.items() if not c.direct}
    odd = {
        n: ("wavenet", small(n)) for n in ("relu", "leaky_relu", "sigmoid", "softsign", "gated", "softgated")
    }
    odd["kernels"] = "wavenet", small("tanh", kernels=(2, 3, 4), head_kernel=3)
    odd["one stack"] = "wavenet", Config((Stack(4, (1, 2, 4)),))
    return wavenets | lstms | odd


def player_of(name: str) -> Player:
    """With random weights, its output at about full scale."""
    architecture, config = cases()[name]
    torch.manual_seed(0)
    model = models.find(architecture).Model(config)
    model.head_scale.fill_(1.0)
    return Player(storage.Tone(architecture, model, 48000))


def apart(got: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@needs_trainer
@pytest.mark.parametrize("name", cases())
def test_the_trainer_plays_what_we_wrote(name, tmp_path):
    player, x = player_of(name), storage.probe(48000).numpy()
    nam.write(player, tmp_path / "amp.nam")
    values = json.loads((tmp_path / "amp.nam").read_text())
    assert apart(nam_players.trainer(values, x), player.render(x)) < LIMIT


@needs_core
@pytest.mark.parametrize("name", cases())
def test_the_core_of_the_plugins_plays_what_we_wrote(name, tmp_path):
    player, x = player_of(name), storage.probe(48000).numpy()
    nam.write(player, tmp_path / "amp.nam")
    y = nam_players.core(tmp_path / "amp.nam", x)
    assert apart(y, nam_players.played_quickly(player.model, x)) < LIMIT
    assert apart(y, player.render(x)) < 0.005  # for its tanh is a quick one


@needs_core
def test_the_core_of_the_plugins_plays_the_larger_of_two(tmp_path):
    large, small, x = player_of("wavenet a2"), player_of("wavenet a2-lite"), storage.probe(48000).numpy()
    nam.write(large, tmp_path / "amp.nam", smaller=small)
    assert apart(nam_players.core(tmp_path / "amp.nam", x), large.render(x)) < LIMIT


@needs_core
def test_the_core_of_the_plugins_hears_an_impulse_response_as_we_do(tmp_path):
    config, weights = {"receptive_field": 5, "bias": True}, [1.0, 0.5, 0.25, -0.125, 0.0625, 0.1]
    values = {"version": "0.5.4", "architecture": "Linear", "config": config, "weights": weights}
    player, x = Player(nam.from_values(values)), storage.probe(48000).numpy()
    nam.write(player, tmp_path / "room.nam")
    assert apart(nam_players.core(tmp_path / "room.nam", x), player.render(x)) < LIMIT


@needs_trainer
@pytest.mark.parametrize("name", ["wavenet nano", "wavenet a2", "lstm 1x16"])
def test_the_trainer_measures_the_loudness_that_we_tell(name, tmp_path):
    from nam.models._from_nam import init_from_nam

    player = player_of(name)
    nam.write(player, tmp_path / "amp.nam")
    values = json.loads((tmp_path / "amp.nam").read_text())
    theirs = init_from_nam(nam_players.newer(values)).eval()
    told = values["metadata"]
    assert told["loudness"] == pytest.approx(theirs._metadata_loudness(), abs=0.5)
    assert told["gain"] == pytest.approx(theirs._metadata_gain(), abs=0.02)


def test_the_script_for_the_core_is_beside_this():
    assert Path(__file__).with_name("nam_core.js") == nam_players.SCRIPT and nam_players.SCRIPT.is_file()


@needs_core
def test_the_core_of_the_plugins_plays_a_patchwork_as_we_do(tmp_path):
    """But for what it leaves out itself: see "What is read" in docs/players.md."""
    config = copy.deepcopy(RICH["config"])
    first, second = config["layers"]
    first["layer1x1_post_film"]["active"] = False
    second["layer1x1"]["active"] = True
    del first["head"]["head_dilation"], config["condition_dsp"]["metadata"]
    config["condition_dsp"]["config"]["layers"][0]["activation"] = [{"type": "ReLU"}, {"type": "Softsign"}]
    values = model_file(config, needed("WaveNet", config), version="0.7.0")
    player, x = Player(nam.from_values(values)), storage.probe(48000).numpy()
    assert player.tone.architecture == "patchwork"
    nam.write(player, tmp_path / "amp.nam")
    assert apart(nam_players.core(tmp_path / "amp.nam", x), player.render(x)) < LIMIT


@needs_core
def test_the_core_of_the_plugins_plays_a_convnet_as_we_do(tmp_path):
    player, x = (
        Player(nam.from_values(convnet_file(batchnorm=False, activation="ReLU"))),
        storage.probe(48000),
    )
    nam.write(player, tmp_path / "amp.nam")
    assert apart(nam_players.core(tmp_path / "amp.nam", x.numpy()), player.render(x.numpy())) < LIMIT
