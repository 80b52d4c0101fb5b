"""The module of a whole model: every preset, saved and loaded where there is no tonewright, and what is refused."""

import subprocess
import sys

import pytest
import torch

from tests.export.torchscript.scripts import answer, assert_close, in_blocks, knobs, same, sound, untaught
from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export.torchscript import build
from tonewright.export.torchscript.build import check_graph, scripted
from tonewright.models.base import channels_of
from tonewright.models.feedback import Config as LoopConfig
from tonewright.models.feedback import Model as Loop
from tonewright.models.lstm import Config as LstmConfig
from tonewright.models.lstm import Model as Lstm
from tonewright.models.rave import Config as TimbreConfig
from tonewright.models.rave import Model as Timbre
from tonewright.models.wavenet import Config, Stack
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime.player import Player
from tonewright.storage import Tone

SMALL = TimbreConfig(
    capacity=4, ratios=(2, 2), dilations=((1,), (1, 3)), latent=8, noise=(2, 2), noise_bands=9
)
SLOW = {"feedback": 100, "ddsp": 4000, "rave": 6000}  # samples that are enough of them
PRESETS = [(a, p) for a in models.names() for p in models.find(a).PRESETS]


@pytest.mark.parametrize("architecture,preset", PRESETS)
def test_every_preset(architecture, preset):
    # the widest ones take their time
    narrow = {"capacity": 8} if architecture == "rave" and preset != "live" else {}
    player = untaught(architecture, preset, **narrow)
    length = SLOW.get(architecture, 2000)
    whole = sound(channels_of(player.model)[0], -(-length // player.model.block) * player.model.block, 1)
    controls = knobs(player.model, whole.shape[-1], 1)
    wanted, module = answer(player.model, whole, controls), scripted(player)
    with torch.inference_mode():
        assert module(whole[:, :, :0], controls[:, :, :0]).shape == wanted[:, :, :0].shape
    got = in_blocks(module, whole, controls, player.model.block)
    assert_close(got, wanted, 1e-5 * float(wanted.abs().max()))


@pytest.mark.parametrize(
    "model",
    [
        WaveNet(
            Config(
                (Stack(4, (1, 2), (3, 3), "gated", head_channels=3), Stack(3, (1, 4))),
                knobs=("drive", "tone"),
            )
        ),
        Lstm(LstmConfig(hidden=5, layers=2, knobs=("drive",), direct=True)),
        Loop(LoopConfig(width=8, window=6, layers=1, knobs=("drive",))),
        Timbre(SMALL),
        models.find("ddsp").Model(models.find("ddsp").Config(units=16, harmonics=9, latent=2)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_controls_move(model):
    same(model.eval(), 400 if isinstance(model, Loop) else 3000)


def test_a_module_plays_what_the_core_plays():
    player = untaught("wavenet", "nano")
    x = sound(1, 1000, 1)
    with torch.inference_mode():
        got = scripted(player)(x, torch.zeros(1, 0, 1000))
    wanted = torch.from_numpy(player.stream().process(x[0, 0].numpy()))
    assert_close(got[0, 0], wanted, 1e-5 * float(wanted.abs().max()))


def test_two_modules_of_one_model_do_not_share_their_memory():
    player, x, none = untaught("lstm", "1x8"), sound(1, 50, 1), torch.zeros(1, 0, 50)
    one, other = scripted(player), scripted(player)
    first = one(x, none)
    assert not torch.equal(one(x, none), first) and torch.equal(other(x, none), first)


ELSEWHERE = """
import sys, torch
sys.modules["tonewright"] = None
for i, (x, controls) in enumerate(torch.load("given.pt")):
    module = torch.jit.load(f"{i}.ts")
    with torch.inference_mode():
        made = [module(x[..., i : i + 256], controls[..., i : i + 256]) for i in range(0, x.shape[-1], 256)]
    torch.save(torch.cat(made, dim=-1), f"{i}.pt")
"""


def test_they_play_where_there_is_no_tonewright(tmp_path):
    played = [
        WaveNet(Config((Stack(4, (1, 2)),), knobs=("drive",))).eval(),
        Timbre(SMALL).eval(),
        models.find("chain").Model(models.preset("chain", "movement")).eval(),
        Loop(LoopConfig(width=8, window=6, layers=1)).eval(),
    ]
    given = []
    for i, model in enumerate(played):
        x = sound(1, 512, 1)
        rows = [torch.full((1, 1, 512), port.default) for port in model.ports]
        given.append((x, torch.cat([torch.zeros(1, 0, 512), *rows], dim=1)))
        module = scripted(Player(Tone("any", model, 48000)))
        in_blocks(module, *given[-1], model.block)
        module.reset()  # or it would go on from what was played before it was saved
        with build.compiling():
            torch.jit.save(module, tmp_path / f"{i}.ts")
    torch.save(given, tmp_path / "given.pt")
    subprocess.run([sys.executable, "-W", "ignore", "-c", ELSEWHERE], check=True, cwd=tmp_path)
    for i, (model, (x, controls)) in enumerate(zip(played, given, strict=True)):
        wanted = answer(model, x, controls)
        assert_close(torch.load(tmp_path / f"{i}.pt"), wanted, 1e-5 * float(wanted.abs().max()))


def test_operations_that_there_is_no_module_for_are_named():
    node = {"op": "shimmer", "name": "", "inputs": [0], "attributes": {}, "weights": {}, "state": []}
    with pytest.raises(ConfigError, match="no 'shimmer'"):
        check_graph({"nodes": [node], "output": 0})
    with pytest.raises(ConfigError, match="no 'follow' whose attack moves"):
        check_graph({"nodes": [node | {"op": "follow"}], "output": 0})
    twice = node | {"op": "delay", "name": "a", "state": [{"shape": [1, 2], "dtype": "float32"}]}
    with pytest.raises(ConfigError, match="'a' is played twice"):
        check_graph({"nodes": [twice, twice], "output": 0})
    loop = node | {"op": "feedback", "attributes": {"graph": {"nodes": [node], "output": 0}}}
    with pytest.raises(ConfigError, match="shimmer"):
        check_graph({"nodes": [loop], "output": 0})


def test_torch_gives_no_advice(recwarn):
    scripted(untaught("lstm", "1x8"))
    assert not [warning for warning in recwarn if "jit" in str(warning.message)]
