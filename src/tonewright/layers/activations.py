"""Activations by name: what bends a sound sample by sample, put together from what every player plays.

What has numbers of its own holds them as weights, so that settings need only name it.
"""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.errors import ConfigError

SLOPE = 0.01  # of "leaky_relu", and the first of what learns it
MAX_SOFTMAX = 64  # channels; each becomes a node of the graph


class Bend(nn.Module):
    """A function without numbers, x [B, C, T] to the same shape.

    >>> Bend(silu)(torch.tensor([[[0.0, 1.0]]]))
    tensor([[[0.0000, 0.7311]]])
    """

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class PReLU(nn.Module):
    """x where x > 0, else slope x, with a slope for each channel.

    Attributes:
        slopes: [channels, 1].

    Source: He et al., "Delving deep into rectifiers", 2015.

    >>> PReLU(2)(torch.tensor([[[-1.0], [2.0]]])).flatten()
    tensor([-0.0100,  2.0000], grad_fn=<ViewBackward0>)
    """

    def __init__(self, channels: int):
        super().__init__()
        self.slopes = nn.Parameter(torch.full((channels, 1), SLOPE))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x) + torch.clamp(x, max=0.0) * self.slopes


class LeakyHardtanh(nn.Module):
    """x within two bounds, and beyond them on with a slope of their own.

    Attributes:
        low, high: the bounds.
        low_slope, high_slope: below the one and above the other.

    >>> LeakyHardtanh()(torch.tensor([[[-3.0, 0.5, 2.0]]]))
    tensor([[[-1.0200,  0.5000,  1.0100]]])
    """

    def __init__(self):
        super().__init__()
        for name, value in (("low", -1.0), ("high", 1.0), ("low_slope", SLOPE), ("high_slope", SLOPE)):
            self.register_buffer(name, torch.tensor(value))

    def forward(self, x: Tensor) -> Tensor:
        below = torch.clamp(x - self.low, max=0.0) * self.low_slope
        above = torch.relu(x - self.high) * self.high_slope
        return torch.minimum(torch.maximum(x, self.low), self.high) + below + above


def silu(x: Tensor) -> Tensor:
    """x times its sigmoid."""
    return x * torch.sigmoid(x)


def hardtanh(x: Tensor) -> Tensor:
    """x, but nowhere beyond -1 and 1."""
    return torch.clamp(x, min=-1.0, max=1.0)


def hardswish(x: Tensor) -> Tensor:
    """x times a straight line from 0 at -3 to 1 at 3."""
    return x * torch.clamp(x + 3.0, min=0.0, max=6.0) / 6.0


def elu(x: Tensor) -> Tensor:
    """x where x > 0, else exp(x) - 1.

    >>> elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return torch.relu(x) + (torch.exp(torch.clamp(x, max=0.0)) - 1.0)


def softmax(x: Tensor) -> Tensor:
    """The channels of each sample as shares of 1, of their exponentials. x [B, C, T], C at most 64.

    Raises:
        ConfigError: too many channels.

    >>> softmax(torch.tensor([[[1.0], [1.0], [1.0], [1.0]]])).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    if x.shape[1] > MAX_SOFTMAX:
        raise ConfigError(f"softmax is played of {MAX_SOFTMAX} channels at most, and not of {x.shape[1]}")
    places = range(x.shape[1])
    x = torch.exp(x - reduce(torch.maximum, [x[:, c : c + 1] for c in places]))
    return x / reduce(torch.add, [x[:, c : c + 1] for c in places])


PLAIN = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softsign": F.softsign,
    "silu": silu,
    "hardtanh": hardtanh,
    "hardswish": hardswish,
    "elu": elu,
    "softmax": softmax,
}
NUMBERED = ("leaky_relu", "prelu", "leaky_hardtanh")
ACTIVATIONS = (*PLAIN, *NUMBERED)


def activation(name: str, channels: int) -> nn.Module:
    """The activation of that name, for a sound of so many channels.

    Raises:
        ConfigError: when there is none.

    >>> activation("relu", 4)(torch.tensor([[[-1.0]]]))
    tensor([[[0.]]])
    """
    if name == "leaky_relu":
        return nn.LeakyReLU(SLOPE)  # as such, which a convolution after it does on the way
    if name == "prelu":
        return PReLU(channels)
    if name == "leaky_hardtanh":
        return LeakyHardtanh()
    if name not in PLAIN:
        raise ConfigError(f"activation is one of {', '.join(ACTIVATIONS)}, and not {name!r}")
    return Bend(PLAIN[name])
