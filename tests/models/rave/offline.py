"""The ordinary, centred network of a model, evaluated at once over a whole sound with torch's own convolutions.

No memory, no delay and no block: what a stream has to equal `latency` samples later.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.layers.base import Layer
from tonewright.layers.combine import JOINS, Parallel, Pointwise, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.dense import Linear
from tonewright.layers.pqmf import Analysis, Synthesis
from tonewright.models.rave import Model


def offline(model: Model, x: Tensor) -> Tensor:
    """y [B, 1, T] of x [B, 1, T], T a multiple of the model's block, for a model without noise."""
    encoder = model.encoder
    x = F.pad(x, (encoder.behind, -encoder.behind % model.block))  # frames lie where the bank leaves them
    network = _Network(first=encoder.bank.latency)
    y = network(model.decoder.path, network(encoder.path, network(encoder.bank, x)))
    return y[..., encoder.behind :]


class _Network:
    """Layers over the whole of a sound, whose bands begin at their sample `first`."""

    def __init__(self, first: int):
        self.odd = first % 2

    def __call__(self, layer: Layer, x: Tensor) -> Tensor:
        return getattr(self, type(layer).__name__.lower())(layer, x)

    def serial(self, layer: Serial, x: Tensor) -> Tensor:
        for part in layer.layers:
            x = self(part, x)
        return x

    def parallel(self, layer: Parallel, x: Tensor) -> Tensor:
        return JOINS[layer.join]([self(branch, x) for branch in layer.branches])

    residual = parallel

    def conv1d(self, layer: Conv1d, x: Tensor) -> Tensor:
        span = (layer.weight.shape[-1] - 1) * layer.dilation
        x = F.pad(x, (span - layer.lookahead, layer.lookahead))
        return F.conv1d(x, layer.weight, layer.bias, layer.stride, 0, layer.dilation, layer.groups)

    def convtranspose1d(self, layer: ConvTranspose1d, x: Tensor) -> Tensor:
        y = F.conv_transpose1d(x, layer.weight, layer.bias, layer.stride, groups=layer.groups)
        return y[..., layer.lookahead :][..., : x.shape[-1] * layer.stride]

    def delay(self, layer: Delay, x: Tensor) -> Tensor:
        return x

    def pointwise(self, layer: Pointwise, x: Tensor) -> Tensor:
        return layer.function(x)

    def linear(self, layer: Linear, x: Tensor) -> Tensor:
        return torch.einsum("oi,bit->bot", layer.weight, x) + layer.bias[:, None]

    def turned(self, x: Tensor) -> Tensor:
        y = x.clone()
        y[:, 1::2, 1 - self.odd :: 2] *= -1
        return y

    def analysis(self, layer: Analysis, x: Tensor) -> Tensor:
        return self.turned(self.conv1d(layer.conv, x))

    def synthesis(self, layer: Synthesis, x: Tensor) -> Tensor:
        return self.convtranspose1d(layer.conv, self.turned(x))
