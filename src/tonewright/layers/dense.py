"""What a network at frame rate is made of: Linear and LayerNorm hear one sample by itself, Every one sample of a hop.

Both work on what torch keeps with the channels side by side, and leave it so: in a row of them, and with activations
between, nothing is moved in memory.
"""

from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.dsp.products import linear
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MAX_CHANNELS, MAX_HOP = 1 << 14, 1 << 14
EPSILON = 1e-5  # of the variance, as in torch.nn.LayerNorm


class Linear(Layer):
    """Every output a weighted sum of the inputs at the same sample, x [B, inputs, T] -> y [B, outputs, T].

    Args:
        inputs, outputs: channels, 1 to 16384.

    Attributes:
        weight, bias: [outputs, inputs] and [outputs], which begin as those of torch.nn.Linear.

    Raises:
        ConfigError: channels out of range.

    >>> layer = Linear(3, 2)
    >>> x = torch.randn(4, 3, 10)
    >>> y, _ = layer(x, [])
    >>> y.shape, torch.allclose(y[..., 7], x[..., 7] @ layer.weight.T + layer.bias, atol=1e-6)
    (torch.Size([4, 2, 10]), True)
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        if not (1 <= inputs <= MAX_CHANNELS and 1 <= outputs <= MAX_CHANNELS):
            raise ConfigError(
                f"Linear wants 1 to {MAX_CHANNELS} inputs and outputs, and got {inputs} and {outputs}"
            )
        made = nn.Linear(inputs, outputs)
        self.weight, self.bias = made.weight, made.bias  # torch's initial weights
        self.inputs, self.outputs = inputs, outputs

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        return linear(x.transpose(1, 2), self.weight, self.bias).transpose(1, 2), []


class LayerNorm(Layer):
    """The channels of each sample with mean 0 and variance 1, scaled and shifted, x [B, channels, T] to that shape.

    It looks at no other sample, so it plays in blocks, which a normalisation over time does not.

    Args:
        channels: of x, 1 to 16384.

    Attributes:
        weight, bias: [channels], ones and zeros to begin with.

    Raises:
        ConfigError: channels out of range.

    Source: Ba, Kiros and Hinton, Layer Normalization, 2016, as in torch.nn.LayerNorm.

    >>> layer = LayerNorm(3)
    >>> layer(torch.tensor([[[1.0], [2.0], [3.0]]]), [])[0].flatten()
    tensor([-1.2247,  0.0000,  1.2247], grad_fn=<ViewBackward0>)
    """

    def __init__(self, channels: int):
        super().__init__()
        if not 1 <= channels <= MAX_CHANNELS:
            raise ConfigError(f"LayerNorm wants 1 to {MAX_CHANNELS} channels, and got {channels}")
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.inputs = self.outputs = self.channels = channels

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        y = F.layer_norm(x.transpose(1, 2), self.weight.shape, self.weight, self.bias, EPSILON)
        return y.transpose(1, 2), []


class Every(Layer):
    """The last sample of every hop, x [B, C, T] -> y [B, C, T / hop]: how a network at frame rate hears a control.

    y[n] is x[(n + 1) hop - 1], the newest sample there is when the frame is made; so it is not late. What is between
    is not heard: it is for what moves slowly.

    Args:
        hop: samples of a frame, 1 to 16384.

    Raises:
        ConfigError: a hop out of range.

    >>> Every(3)(torch.arange(6.0)[None, None], [])[0]
    tensor([[[2., 5.]]])
    """

    def __init__(self, hop: int):
        super().__init__()
        if not 1 <= hop <= MAX_HOP:
            raise ConfigError(f"a hop is 1 to {MAX_HOP} samples, and is {hop}")
        self.hop = self.block = hop
        self.ratio = Fraction(1, hop)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        return x[..., self.hop - 1 :: self.hop], []
