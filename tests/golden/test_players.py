"""The same weights give what the formats' own players gave: the shapes mean what those players mean by them."""

import json

import numpy as np
import pytest
import soundfile
import torch

from tests.shared import SHARED, needs_shared
from tonewright.models.wavenet import PRESETS, Config, Model, Stack

NAM, VA = SHARED / "golden/nam", SHARED / "golden/wavenetva"


def fill(model: Model, weights: list[float]) -> None:
    """A .nam file's flat list is our parameters in their order, and the scale of the output at its end."""
    weights = torch.tensor(weights)
    sizes = [p.numel() for p in model.parameters()]
    *parts, scale = weights.split([*sizes, 1])
    with torch.no_grad():
        for parameter, part in zip(model.parameters(), parts, strict=True):
            parameter.copy_(part.reshape(parameter.shape))
        model.head_scale.copy_(scale[0])


@torch.no_grad()
def play(model: Model, x: np.ndarray) -> np.ndarray:
    y, _ = model(torch.from_numpy(x)[None, None], model.initial_state(1))
    return y[0, 0].numpy()


def sound(path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


@needs_shared
@pytest.mark.parametrize("preset", ["standard", "lite", "feather", "nano"])
def test_two_stacks_equal_the_nam_player(preset):
    model = Model(PRESETS[preset])
    fill(model, json.loads((NAM / f"wavenet-{preset}.nam").read_text())["weights"])
    expected = sound(NAM / f"wavenet-{preset}.wav")
    np.testing.assert_allclose(play(model, sound(NAM / "input.wav"))[8000:], expected[8000:], atol=2e-6)


@needs_shared
@pytest.mark.parametrize("preset,part", [("a2-lite", 0), ("a2", 1)])
def test_single_stacks_equal_the_nam_player(preset, part):
    model = Model(PRESETS[preset])
    container = json.loads((NAM / "a2-container.nam").read_text())
    fill(model, container["config"]["submodels"][part]["model"]["weights"])
    expected = sound(NAM / f"a2-container-{['lite', 'full'][part]}.wav")
    np.testing.assert_allclose(play(model, sound(NAM / "input.wav"))[8000:], expected[8000:], atol=2e-6)


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
