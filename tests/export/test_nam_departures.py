"""What of a .nam file the core of the plugins does not play: it is told, and measured where the core is here."""

import copy
import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.export import nam_players
from tests.export.nam_files import full, whole
from tests.export.test_nam_players import LIMIT, apart, needs_core
from tonewright import models, storage
from tonewright.errors import ConfigError
from tonewright.export import nam
from tonewright.runtime.player import Player

room = models.find("patchwork")
PLAIN = room.Stack(3, 3, tuple(room.Layer(2, 2**i, "relu", second="softsign") for i in range(3)))
MODES = ("none", "gated", "blended")
STARTS = room.Stack(4, 4, (room.Layer(2, 1, "relu"),), head_channels=3)
UNFIT = {
    "a bottleneck": replace(PLAIN, channels=6),
    "a way to the head": replace(PLAIN, channels=6, bottleneck=6, side=room.Side(3)),
}


def stack(mode: str = "none", **changes):
    return replace(PLAIN, layers=tuple(replace(layer, gating=mode) for layer in PLAIN.layers), **changes)


def player(*stacks, condition=None) -> Player:
    torch.manual_seed(0)
    model = room.Model(room.Config(stacks, condition=condition)).eval()
    model.head_scale.fill_(1.0)
    return Player(storage.Tone("patchwork", model, 48000))


def core(values: dict, path, x: np.ndarray) -> np.ndarray:
    path.write_text(json.dumps(values))
    return nam_players.core(path, x)


def written(one: Player, path) -> dict:
    nam.write(one, path)
    return json.loads(path.read_text())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "amp.nam"


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return storage.probe(48000).numpy()[:4000]


def fill(model, other) -> None:
    """The weights of the other, where it has some of that name."""
    model.load_state_dict(
        {name: other.state_dict().get(name, value) for name, value in model.state_dict().items()}
    )


OUT, FILM, DILATION = "without 'layer1x1'", "'layer1x1_post_film' of layers", "'head_dilation'"
POST = (room.Film("out_post"),)


@pytest.mark.parametrize(
    "stacks,told",
    [
        *(((stack(mode),), ()) for mode in MODES),
        *(((stack(mode, out=None),), (OUT,)) for mode in MODES),
        *(((stack(mode, films=POST),), () if mode == "blended" else (FILM,)) for mode in MODES),
        ((stack(head_kernel=3, head_dilation=2),), (DILATION,)),
        ((stack(head_dilation=2),), ()),
        ((stack(out=None), stack(films=POST)), (OUT, FILM)),
    ],
    ids=lambda value: "" if isinstance(value, tuple) and value and isinstance(value[0], str) else None,
)
def test_it_is_told_where_the_file_is_written(path, stacks, told):
    stacks = tuple(replace(one, head_channels=3) for one in stacks[:-1]) + stacks[-1:]
    said = nam.write(player(*stacks), path)
    assert ("the core of most plugins (measured: 0.5.3) leaves out" in said) == bool(told)
    assert [one for one in (OUT, FILM, DILATION) if one in said] == list(told)
    inner = room.Config(stacks)
    assert nam.write(player(PLAIN, condition=inner), path).partition(";")[2] == said.partition(";")[2]


def test_what_the_last_layer_of_all_adds_is_heard_by_none(path):
    one = replace(PLAIN, layers=PLAIN.layers[:1])
    for last in (replace(one, out=None), replace(one, films=POST)):
        assert ";" not in nam.write(player(last), path)


def test_of_two_sizes_it_is_told_of_the_smaller_too(path):
    small = player(replace(PLAIN, layers=PLAIN.layers[:2], out=None))
    assert OUT in nam.write(player(PLAIN), path, smaller=small)
    assert nam.write(player(stack(out=None)), path, smaller=small).count(OUT) == 1


@needs_core
@pytest.mark.parametrize("mode", MODES)
def test_the_core_adds_nothing_without_a_way_out(path, mode, x):
    left = written(player(stack(mode, out=None)), path)
    silent = player(stack(mode))
    fill(silent.model, player(stack(mode, out=None)).model)
    for layer in silent.model.stacks[0].layers:
        torch.nn.init.zeros_(layer.out.weight), torch.nn.init.zeros_(layer.out.bias)
    y = core(left, path, x)
    assert apart(y, silent.render(x)) < LIMIT < 0.01 < apart(y, player(stack(mode, out=None)).render(x))


@needs_core
@pytest.mark.parametrize("mode", MODES)
def test_the_core_modulates_what_leaves_blended_layers_only(path, mode, x):
    full_one, bare = player(stack(mode, films=POST)), player(stack(mode))
    fill(bare.model, full_one.model)
    y = core(written(full_one, path), path, x)
    played, other = (full_one, bare) if mode == "blended" else (bare, full_one)
    assert apart(y, played.render(x)) < LIMIT < 0.01 < apart(y, other.render(x))


@needs_core
def test_the_core_does_not_dilate_a_head(path, x):
    far, near = player(stack(head_kernel=3, head_dilation=4)), player(stack(head_kernel=3))
    fill(near.model, far.model)
    y = core(written(far, path), path, x)
    assert apart(y, near.render(x)) < LIMIT < 0.001 < apart(y, far.render(x))


@pytest.mark.parametrize("slopes", [[0.3] * 4, [0.01] * 4, [0.3, 0.1, 0.2, -0.5]], ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_slopes_are_written_as_the_core_plays_them(path, mode, slopes, x):
    """Gated or blended it plays a PReLU of one slope otherwise, and a LeakyReLU as it is meant."""
    bent = [{"type": "PReLU", "negative_slopes": slopes}] * 2
    if len(set(slopes)) == 1:
        bent = [{"type": "PReLU", "negative_slope": slopes[0]}] * 2
    second = None if mode == "none" else bent[0]
    values = whole(full(1, 4, 1, activation=bent, gating_mode=[mode] * 2, secondary_activation=[second] * 2))
    one = Player(nam.from_values(copy.deepcopy(values)))
    told = written(one, path)
    (layers,) = told["config"]["layers"]
    for bend in (*layers["activation"], *filter(None, layers["secondary_activation"])):
        assert bend.get("negative_slopes") == slopes or bend["type"] == "LeakyReLU"
    if nam_players.has_core():
        assert apart(nam_players.core(path, x), one.render(x)) < LIMIT
        if len(set(slopes)) == 1:
            layers |= {
                name: values["config"]["layers"][0][name] for name in ("activation", "secondary_activation")
            }
            assert (apart(core(told, path, x), one.render(x)) < LIMIT) == (mode == "none")


@pytest.mark.parametrize("second", UNFIT.values(), ids=UNFIT)
def test_heads_that_do_not_fit_are_refused(second):
    words = "want 3 channels in the layer array after a head of 3, and this one has 6"
    with pytest.raises(ConfigError, match=words):
        nam.check(player(STARTS, second))
    with pytest.raises(ConfigError, match=words):
        nam.check(player(PLAIN, condition=room.Config((STARTS, second))))


@needs_core
@pytest.mark.parametrize("second", UNFIT.values(), ids=UNFIT)
def test_the_core_refuses_them_too(path, second, x, monkeypatch):
    monkeypatch.setattr("tonewright.export.nam.patchwork.check_heads", lambda config: None)
    for one in (player(STARTS, second), player(PLAIN, condition=room.Config((STARTS, second)))):
        nam.write(one, path)
        with pytest.raises(subprocess.CalledProcessError):
            nam_players.core(path, x)


def test_they_are_read_all_the_same():
    first, second = full(1, 4, 3), full(4, 6, 1, bottleneck=3)
    tone = nam.from_values(whole(first, second))
    assert [one.heard for one in tone.model.config.stacks] == [4, 3]
