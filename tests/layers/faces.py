"""A layer that is handed more than sound and memory, behind the face of a model that can be saved and played."""

from collections.abc import Callable

from torch import Tensor, nn

from tonewright import storage
from tonewright.layers.base import Layer
from tonewright.models.lstm import Config
from tonewright.runtime.native import NativeStream


class Handed(Layer):
    """x through a layer that is handed what `make` makes of one weight; ready for contracts, files and players.

    Args:
        layer: the layer.
        weight: what is taught.
        make: gives the layer's further arguments.
        finish: what becomes of the sound and the layer's answer; without it, the answer is the output.
    """

    ports = ()

    def __init__(self, layer: Layer, weight: Tensor, make: Callable, finish: Callable | None = None):
        super().__init__()
        self.layer, self.weight = layer, nn.Parameter(weight)
        self.make, self.finish = make, finish
        self.config = Config()  # of some model, for a file wants one
        self.inputs, self.outputs, self.settle = layer.inputs or 1, layer.outputs, layer.settle

    def initial_state(self, batch):
        return self.layer.initial_state(batch)

    def forward(self, x, state):
        y, after = self.layer(x, state, *self.make(self.weight))
        return (self.finish(x, y) if self.finish else y), after


def to_bytes(model: Layer) -> bytes:
    return storage.to_bytes(storage.Tone("any", model.eval(), 48000), probed=False)


def native(model: Layer, before: str = "", after: str = "") -> NativeStream:
    """The model in the core, from its file, in whose header `before` became `after`, which is as long."""
    data = to_bytes(model)
    old, new = (text.replace('"', '\\"').encode() for text in (before, after))
    assert len(old) == len(new) and old in data
    return NativeStream(data.replace(old, new), model)
