"""A model, and the module that was written out of its graph, side by side."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tests.contract.stream import random_cuts
from tonewright import models
from tonewright.export.torchscript.build import of_model
from tonewright.layers.base import Layer
from tonewright.models.base import Model, channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.stream import settled_state
from tonewright.storage import Tone


class Alone(Model):
    """A layer that wants nothing but sound, behind the face of a model."""

    def __init__(self, layer: Layer, settle: int | None = None):
        super().__init__()
        self.layer = layer
        self.inputs, self.outputs, self.block = layer.inputs or 1, layer.outputs, layer.block
        self.ratio, self.settle = layer.ratio, layer.settle if settle is None else settle

    def initial_state(self, batch):
        return self.layer.initial_state(batch)

    def forward(self, x, state):
        return self.layer(x, state)


def sound(channels: int, length: int, batch: int = 2) -> Tensor:
    """Noise that stops in the middle, and a tone."""
    x = 0.2 * torch.randn(batch, channels, length)
    x[..., length // 2 :] = 0.0
    return x + 0.4 * torch.sin(torch.arange(length) * 0.05)


def in_blocks(module, x: Tensor, controls: Tensor, block: int, seed: int = 0) -> Tensor:
    """x [B, inputs, T] through a module, in blocks of random lengths."""
    cuts = [0, *random_cuts(np.random.default_rng(seed), x.shape[-1], block), x.shape[-1]]
    with torch.inference_mode():
        return torch.cat([module(x[..., a:b], controls[..., a:b]) for a, b in pairwise(cuts)], dim=-1)


@torch.inference_mode()
def answer(model: Model, x: Tensor, controls: Tensor) -> Tensor:
    """What the model makes of it in torch, after it was settled with its controls at their defaults."""
    defaults = {port.name: port.default for port in model.ports}
    ports = {port.name: controls[:, i : i + 1] for i, port in enumerate(model.ports)}
    return model(x, settled_state(model, len(x), defaults), **ports)[0]


def knobs(model: Model, length: int, batch: int = 2) -> Tensor:
    """Controls on their way from their defaults to somewhere, [B, P, T]."""
    way = torch.linspace(0, 1, length)
    rows = [torch.full((batch, 0, length), 0.0)]
    for port in model.ports:
        end = port.minimum + float(torch.rand(())) * (port.maximum - port.minimum)
        rows.append((port.default + way * (end - port.default)).expand(batch, 1, length))
    return torch.cat(rows, dim=1)


def same(model: Layer, length: int = 3000, tolerance: float = 1e-5, x: Tensor | None = None) -> None:
    """The module plays what the model plays, whole and in blocks, twice."""
    model = model.eval()
    x = sound(channels_of(model)[0], -(-length // model.block) * model.block) if x is None else x
    controls = knobs(model, x.shape[-1], len(x))
    wanted, module = answer(model, x, controls), of_model(model)
    most = tolerance * float(wanted.abs().max()) + 1e-9
    with torch.inference_mode():
        assert_close(module(x, controls), wanted, most)
        module.reset()
        assert_close(in_blocks(module, x, controls, model.block), wanted, most)
        more = [torch.cat([some, some[:1]]) for some in (x, controls)]  # another batch
        assert_close(in_blocks(module, *more, model.block, 1), answer(model, *more), most)


def assert_close(got: Tensor, wanted: Tensor, most: float) -> None:
    """Of one shape, float32, and nowhere further apart than `most`."""
    assert got.shape == wanted.shape and got.dtype == torch.float32
    assert float((got - wanted).abs().max()) <= most


def untaught(architecture: str, preset: str, **changes) -> Player:
    """A player with random weights, of a preset with some settings changed."""
    config = replace(models.preset(architecture, preset), **changes)
    model = models.find(architecture).Model(config)
    return Player(Tone(architecture, model, getattr(config, "sample_rate", 48000)))
