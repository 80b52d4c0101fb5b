"""The same weights give what the formats' own players gave: the shapes mean what those players mean by them."""

import json

import numpy as np
import pytest
import soundfile
import torch

from tests.runtime.test_native import needs_core
from tests.shared import SHARED, needs_shared
from tonewright.errors import FileError
from tonewright.export import nam
from tonewright.models.wavenet import PRESETS, Config, Model, Stack
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

NAM, VA = SHARED / "golden/nam", SHARED / "golden/wavenetva"


@torch.no_grad()
def play(model: Model, x: np.ndarray) -> np.ndarray:
    y, _ = model(torch.from_numpy(x)[None, None], model.initial_state(1))
    return y[0, 0].numpy()


def sound(path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


TOLERANCE = 2e-6  # of the peak


def nam_files() -> dict[str, tuple[str, float, str]]:
    """(file, size within a container, its answer) by name."""
    wavenets = [
        f"wavenet-{name}" for name in ("standard", "lite", "feather", "nano", "standard-v070", "nano-v070")
    ]
    single = [*wavenets, "lstm-1x16", "lstm-1x40", "lstm-2x8"]
    containers = {
        f"a2-{name}": ("a2-container", size, f"a2-container-{name}")
        for name, size in (("lite", 0.0), ("full", 1.0))
    }
    return {name: (name, 1.0, name) for name in single} | containers


@needs_shared
@pytest.mark.parametrize("engine", ["torch", pytest.param("native core", marks=needs_core)])
@pytest.mark.parametrize("name", nam_files())
def test_what_a_nam_file_holds_sounds_as_in_its_own_player(name, engine):
    file, size, answer = nam_files()[name]
    """From the first sample on: both players have heard silence before, and we no more than `settle` of it."""
    tone, x, expected = (
        nam.read(NAM / f"{file}.nam", size),
        sound(NAM / "input.wav"),
        sound(NAM / f"{answer}.wav"),
    )
    if engine == "torch":
        y = Stream(tone.model, tone.sample_rate).process(x)
    else:
        player = Player(tone)
        assert player.engine == engine
        y = player.render(x)
    peak = np.abs(expected).max()
    np.testing.assert_allclose(y, expected, rtol=0, atol=TOLERANCE * peak)


@needs_shared
@pytest.mark.parametrize("name", ["standard", "lite", "feather", "nano"])
def test_presets_are_the_shapes_of_the_nam_trainer(name):
    assert nam.read(NAM / f"wavenet-{name}.nam").model.config == PRESETS[name]


@needs_shared
def test_files_of_other_kinds_are_refused():
    for name in ("convnet", "linear"):
        with pytest.raises(FileError, match="and this version plays WaveNet and LSTM"):
            nam.read(NAM / f"{name}.nam")


@needs_shared
@pytest.mark.parametrize("name", ["gated-16ch", "gated-4ch", "softgated-8ch", "tanh-8ch"])
def test_linear_mix_equals_wavenetva(name):
    data = json.loads((VA / f"{name}.json").read_text())
    stack = Stack(
        data["residual_channels"], tuple(data["dilations"]), (data["filter_width"],), data["activation"]
    )
    model = Model(Config((stack,), conditioned=False, input_bias=True, mix="stack"))
    if name == "gated-16ch":
        assert model.config == PRESETS["gated"]
    model.head_scale.fill_(1.0)
    layers, owner = model.stacks[0].layers, model.stacks[0]
    for variable in data["variables"]:
        i, kind = variable["layer_idx"], variable["name"]
        end = owner.rechannel if i < 0 else owner.head if i >= len(layers) else None
        layer = end or (layers[i].conv if kind.endswith("conv") else layers[i].out)
        value = torch.tensor([float(v) for v in variable["data"]])
        with torch.no_grad():
            if kind.startswith("b"):
                layer.bias.copy_(value)
            else:  # (tap, in, out)
                o, n, k = layer.weight.shape
                layer.weight.copy_(value.reshape(k, n, o).permute(2, 1, 0))
    np.testing.assert_allclose(play(model, sound(VA / "input.wav")), sound(VA / f"{name}.wav"), atol=5e-6)
