"""Files of ONNX: models of every kind play as they do here, whatever is left out and however blocks are cut."""

import importlib.util
import json

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.export.onnx_sessions import by_torch, played, player_of, same, session_of
from tests.models.chain.made import by_chance, channels_of, made
from tests.models.rave.test_model import TINIES
from tests.runtime import instruments
from tests.runtime import models as odd
from tests.runtime.timbres import tone as timbre
from tonewright import models, storage
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats
from tonewright.export import onnx as module
from tonewright.export.onnx import operations
from tonewright.export.playback import difference
from tonewright.layers.base import Layer
from tonewright.layers.combine import Pointwise, Serial
from tonewright.layers.conv import Conv1d
from tonewright.layers.recurrent import LSTM
from tonewright.models.chain.processors import PROCESSORS
from tonewright.models.rave import Model as Rave
from tonewright.runtime.player import Player

ROW = formats.named("onnx")
SMALL = {
    "wavenet": ("nano", "a2-lite", "gated-small"),
    "lstm": ("1x8", "2x8", "1x20", "gru-1x16"),
    "feedback": ("tiny",),
    "ddsp": ("tiny",),
    "chain": ("standard", "channel", "drive", "space"),
    "rave": ("live",),
}


def noise(channels: int = 1, samples: int = 3000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)


def small(architecture: str, preset: str, **changes) -> Player:
    torch.manual_seed(0)
    config = models.preset(architecture, preset)
    model = models.find(architecture).Model(type(config)(**vars(config) | changes)).eval()
    if hasattr(model, "head_scale"):
        model.head_scale.fill_(1.0)
    return Player(storage.Tone(architecture, model, getattr(config, "sample_rate", 48000)))


@pytest.mark.parametrize("name", [f"{a} {p}" for a, presets in SMALL.items() for p in presets])
def test_presets(name, tmp_path):
    player = small(*name.split(" "))
    module.write(player, tmp_path / "a.onnx")
    x = instruments.melody([220.0, 330.0], 0.2, player.sample_rate)[None]
    x = x[:, : 1500 if "feedback" in name else None]
    session = session_of(str(tmp_path / "a.onnx"))
    fresh = player.stream()
    block, late = player.model.block, fresh.latency - player.model.latency
    whole = fresh.process(np.concatenate([x[0], np.zeros(block, np.float32)]))
    for seed in (0, 1):
        y = played(session, x, block, seed)
        expected = np.atleast_2d(whole)[:, late : late + y.shape[-1]]
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("kind", PROCESSORS)
def test_every_processor_of_a_chain(kind):
    for seed in (1, 2):
        processor = made(kind)
        processor.set(**by_chance(kind, seed))
        # a delay that moves is a float32 of some hundred samples: its last bit is heard where the sound is steep
        moves = kind in ("chorus", "flanger")
        same(processor, noise(channels_of(kind, 1)), 2e-4 if moves else 1e-5, (seed,))


@pytest.mark.parametrize("kind", TINIES)
def test_timbres(kind):
    torch.manual_seed(0)
    player = Player(storage.Tone("rave", Rave(TINIES[kind]).eval(), 48000))
    controls = {name: np.linspace(0.2, 0.9, 4096) for name in player.controls}
    session, x = session_of(module.to_onnx(player)), noise(samples=4096)
    block = player.model.block
    a, b = (played(session, x, block, seed, **controls) for seed in (0, 1))
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(a).max())
    held = {name: 0.3 for name in controls}
    if held:
        module_y = played(session, x, block, 0, **held)
        assert np.abs(module_y - a).max() > 1e-3 * np.abs(a).max()


def test_controls_are_held_or_move_or_are_left_out():
    player = small("lstm", "1x8", knobs=("drive", "y"))
    session, x = session_of(module.to_onnx(player)), noise()
    assert [port.name for port in session.get_inputs()] == ["x"]
    usual = played(session, x)
    assert np.array_equal(played(session, x, drive=0.5, y=np.full(3000, 0.5)), usual)
    moving = np.linspace(0.0, 1.0, 3000).astype(np.float32)
    y = played(session, x, drive=moving, y=0.25)
    model = player.model
    state = module.settled_state(model, 1, player.controls)
    with torch.no_grad():
        ports = {"drive": torch.from_numpy(moving)[None, None], "y": torch.full((1, 1, 3000), 0.25)}
        expected, _ = model(torch.from_numpy(x)[None], state, **ports)
    np.testing.assert_allclose(y, expected[0].numpy(), rtol=0, atol=1e-5)
    assert np.abs(usual - y).max() > 1e-3


def test_what_a_first_call_leaves_out_is_settled_silence():
    player = small("wavenet", "nano")
    made = module.to_onnx(player)
    first = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    session, x = session_of(made), noise()
    memory = {port.name: first[port.name] for port in session.get_overridable_initializers()}
    assert memory.keys() == {f"state.{i}" for i in range(len(session.get_outputs()) - 1)}
    whole = session.run(["y"], {"x": x[None]} | memory)[0]
    assert np.array_equal(whole, session.run(["y"], {"x": x[None]})[0])
    silence = session.run(["y"], {"x": np.zeros((1, 1, 500), np.float32)})[0]
    assert np.ptp(silence) < 1e-6
    zeros = session.run(["y"], {"x": x[None]} | {name: 0 * array for name, array in memory.items()})[0]
    assert np.abs(zeros - whole).max() > 1e-3


def test_several_channels_in_blocks_of_their_own(tmp_path):
    player = odd.player(odd.Crossed(block=4))
    module.write(player, tmp_path / "a.onnx")
    session, x = session_of(str(tmp_path / "a.onnx")), noise(2, 403)
    assert session.get_inputs()[0].shape[:2] == [1, 2] and session.get_outputs()[0].shape[:2] == [1, 2]
    y = played(session, x, block=4, amount=0.8)
    expected = player.render(x, amount=0.8)[:, 3:]
    np.testing.assert_allclose(y, expected[:, : y.shape[-1]], atol=1e-6)
    assert difference(ROW, player, tmp_path / "a.onnx") < 1e-6


@pytest.mark.parametrize(
    "player",
    [odd.player(odd.Late(0.5)), odd.player(odd.Spread()), instruments.instrument(), Player(timbre())],
    ids=["late", "spread", "instrument", "timbre"],
)
def test_what_was_written_is_played_back(player, tmp_path):
    module.write(player, tmp_path / "a.onnx")
    assert difference(ROW, player, tmp_path / "a.onnx") < ROW.tolerance


def test_a_stack_of_convolutions_is_torchs_own():
    torch.manual_seed(0)
    theirs = nn.Sequential(
        nn.Conv1d(1, 6, 3), nn.Tanh(), nn.Conv1d(6, 6, 3, dilation=4), nn.ReLU(), nn.Conv1d(6, 1, 1)
    )
    ours = Serial(
        Conv1d(1, 6, 3),
        Pointwise(torch.tanh),
        Conv1d(6, 6, 3, dilation=4),
        Pointwise(F.relu),
        Conv1d(6, 1, 1),
    )
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        a.data = b.data
    ours.settle = 0
    x, before = noise(samples=2000), 10
    session = session_of(module.to_onnx(player_of(ours)))
    y = played(session, x)[:, before:]
    np.testing.assert_allclose(y, theirs(torch.from_numpy(x)).detach().numpy(), rtol=0, atol=1e-6)


def test_an_lstm_is_torchs_own():
    torch.manual_seed(0)
    theirs, ours = nn.LSTM(2, 12, batch_first=True), LSTM(2, 12)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        a.data = b.data
    ours.settle = 0
    x = noise(2)
    expected = theirs(torch.from_numpy(x.T)[None])[0].detach()[0].numpy().T
    np.testing.assert_allclose(
        played(session_of(module.to_onnx(player_of(ours))), x), expected, rtol=0, atol=1e-6
    )


def test_memories_that_go_through_in_another_order():
    class Crossing(Layer):
        inputs = outputs = 1
        settle = 200

        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.unheard, self.second = Conv1d(1, 1, 3), Conv1d(1, 1, 3), Conv1d(1, 1, 3)

        def initial_state(self, batch):
            return [s for layer in self.children() for s in layer.initial_state(batch)]

        def forward(self, x, state):
            x, second = self.second(x, state[2:])
            _, unheard = self.unheard(x, state[1:2])
            y, first = self.first(x, state[:1])
            return y, [*first, *unheard, *second]

    layer = Crossing()
    x = noise(samples=50)
    made = module.to_onnx(player_of(layer))
    assert len(made.graph.output) == 3
    np.testing.assert_allclose(played(session_of(made), x), by_torch(layer, x), atol=1e-6)


def test_the_file_says_what_it_is(tmp_path):
    player = small("lstm", "1x8", knobs=("drive",))
    player.tone.provenance["name"] = "amp"
    said = module.write(player, tmp_path / "a.onnx", about={"author": "me"})
    assert said == (
        "a lstm model at 48000 Hz for blocks of any size, with 2 memories as inputs and outputs; opset 18, IR 8"
    )
    made = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(made, full_check=True)
    props = {row.key: row.value for row in made.metadata_props}
    assert props["name"] == "amp" and props["author"] == "me" and props["architecture"] == "lstm"
    assert [props[key] for key in ("sample_rate", "ratio", "block", "latency")] == ["48000", "1", "1", "0"]
    (port,) = json.loads(props["ports"])
    assert (port["name"], port["minimum"], port["maximum"], port["default"]) == ("drive", 0.0, 1.0, 0.5)
    assert made.opset_import[0].version == 18 and made.ir_version == 8 and not made.graph.value_info
    session = session_of(str(tmp_path / "a.onnx"))
    assert session.get_modelmeta().custom_metadata_map["settle"] == str(player.model.settle)
    assert [port.name for port in session.get_outputs()] == ["y", "next.0", "next.1"]


def test_a_model_written_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        module.write(small("chain", "space"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(FileError, match="there is no folder"):
        module.write(small("wavenet", "nano"), tmp_path / "none" / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told(monkeypatch):
    player = small("wavenet", "nano")
    module.check(player)
    monkeypatch.setattr(module, "LONGEST", 1000)
    with pytest.raises(ConfigError, match=r"end at 2 GB, and this model has 0\.0 GB of weights"):
        module.check(player)
    monkeypatch.delitem(operations.OPS, "tanh")
    with pytest.raises(ConfigError, match=r"ONNX cannot say the operation .tanh."):
        module.check(player)


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"wants the package onnx, .* pip install '\.\[onnx\]'"):
        module.check(small("wavenet", "nano"))


def test_a_file_that_does_not_play_is_told(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"\x08\x08nothing")
    with pytest.raises(FileError, match="ONNX Runtime does not play"):
        module.replay(small("wavenet", "nano"), tmp_path / "a.onnx", noise()[0])
