"""Files of ONNX: models of every kind play as they do here, however blocks are cut."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.export.onnx_models import noise, small
from tests.export.onnx_sessions import by_torch, played, player_of, same, session_of, wanted
from tests.models.chain.made import by_chance, channels_of, made
from tests.models.rave.test_model import TINIES
from tests.runtime import instruments
from tests.runtime import models as odd
from tests.runtime.timbres import tone as timbre
from tonewright import storage
from tonewright.export import formats
from tonewright.export import onnx as module
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
        y = played(session, x, block, seed, **player.controls)
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
    turned = {name: np.linspace(0.2, 0.9, 4096) for name in player.controls}
    session, x = session_of(module.to_onnx(player)), noise(samples=4096)
    block = player.model.block
    for controls in (turned, dict.fromkeys(turned, 0.3)):
        expected = by_torch(player.model, x, **controls)
        for seed in (0, 1):
            y = played(session, x, block, seed, **controls)
            np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    if turned:
        still = by_torch(player.model, x, **player.controls)
        assert np.abs(expected - still).max() > 1e-3 * np.abs(still).max()


def test_controls_are_held_or_move():
    player = small("lstm", "1x8", knobs=("drive", "y"))
    session, x = session_of(module.to_onnx(player)), noise()
    held = played(session, x, drive=0.5, y=0.25)
    assert np.array_equal(played(session, x, drive=0.5, y=np.full(3000, 0.25)), held)
    moving = {"drive": np.linspace(0.0, 1.0, 3000), "y": 0.25}
    y = played(session, x, **moving)
    np.testing.assert_allclose(y, by_torch(player.model, x, **moving), rtol=0, atol=1e-5)
    assert np.abs(held - y).max() > 1e-3


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
    assert wanted(session_of(made)) == ["y", "next.0", "next.1"]
    np.testing.assert_allclose(played(session_of(made), x), by_torch(layer, x), atol=1e-6)
