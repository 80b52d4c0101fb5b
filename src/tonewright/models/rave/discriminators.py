"""Networks that tell recorded sound from made sound, and so teach what a spectral distance does not hear."""

from itertools import pairwise
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from tonewright.dsp.wide import conv1d
from tonewright.errors import ConfigError, ShapeError

PERIODS = (2, 3, 5, 7, 11)  # of Kong et al.: primes, so that the networks share few samples
SCALES = 3  # each at half the rate of the one before
STRIDE = 4
SLOPE = 0.2  # of the leaky rectifiers


class Judgement(NamedTuple):
    """What one network says of a batch; all begins with the items, so that it may be averaged item by item."""

    score: Tensor  # [B, ...], a number for each place it looked at: above 0 it takes it for recorded
    features: list[Tensor]  # [B, ...] of each layer, the first to hear first


class Discriminators(nn.Module):
    """A network for each of three scales of the waveform, and for each period where there are some.

    Each has four convolutions with a stride of 4, of `capacity` to 8 * `capacity` channels, leaky rectifiers between
    them, and one more that makes the score; weight norm on all. The published sizes: capacity 64 without periods
    (v1, 7.75 M parameters; 32 for its small form, 1.94 M), 96 with periods (v2, 27.13 M), 48 with periods (v2_small,
    6.79 M).

    Args:
        capacity: channels of the first layer, at least 1.
        periods: in samples, each at least 2; () leaves the multi-period networks out.

    Raises:
        ConfigError: for other numbers.

    Source: multi-scale after Kumar et al., "MelGAN", NeurIPS 2019, section 2.2; multi-period after Kong et al.,
    "HiFi-GAN", NeurIPS 2020, section 2.3; both together in Caillon and Esling, "RAVE", 2021.

    >>> import torch
    >>> judgements = Discriminators(4, PERIODS)(torch.randn(2, 1, 4096))
    >>> len(judgements), [list(feature.shape) for feature in judgements[0].features]
    (8, [[2, 4, 1024], [2, 8, 256], [2, 16, 64], [2, 32, 16]])
    """

    def __init__(self, capacity: int, periods: tuple[int, ...] = ()):
        super().__init__()
        if capacity < 1 or any(period < 2 for period in periods):
            raise ConfigError(
                f"discriminators want a capacity of at least 1 and periods of at least 2, and got {capacity} and "
                f"{periods}"
            )
        self.scales = nn.ModuleList(_Network(capacity, kernel=15) for _ in range(SCALES))
        self.periods = nn.ModuleDict({str(period): _Network(capacity, kernel=5) for period in periods})
        self.least = max((2 ** (SCALES - 1), *periods))  # samples

    def forward(self, x: Tensor, learns: bool = True) -> list[Judgement]:
        """What each network says of x [B, 1, T]; unless it learns, no gradient of its own weights is made.

        Raises:
            ShapeError: when x is not [B, 1, T], T at least the longest period.
        """
        if x.ndim != 3 or x.shape[1] != 1 or x.shape[2] < self.least:
            raise ShapeError(
                f"discriminators want x as [B, 1, T], T at least {self.least}, and got {list(x.shape)}"
            )
        judgements, halved = [], x
        for place, network in enumerate(self.scales):
            halved = F.avg_pool1d(halved, 2) if place else x
            judgements.append(network(halved, learns))
        return judgements + [
            _periodic(network, x, int(period), learns) for period, network in self.periods.items()
        ]


class _Network(nn.Module):
    def __init__(self, capacity: int, kernel: int):
        super().__init__()
        channels = (1, capacity, 2 * capacity, 4 * capacity, 8 * capacity)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv1d(c_in, c_out, kernel, STRIDE, kernel // 2))
            for c_in, c_out in pairwise(channels)
        )
        self.score = weight_norm(nn.Conv1d(channels[-1], 1, 1))

    def forward(self, x: Tensor, learns: bool = True) -> Judgement:
        features = []
        for layer in self.layers:
            x = F.leaky_relu(_heard(layer, x, learns), SLOPE, inplace=True)
            features.append(x)
        return Judgement(_heard(self.score, x, learns), features)


def _heard(layer: nn.Conv1d, x: Tensor, learns: bool) -> Tensor:
    """What the layer makes of x, by the core where it is faster."""
    weight, bias = (layer.weight, layer.bias) if learns else (layer.weight.detach(), layer.bias.detach())
    return conv1d(x, weight, bias, layer.stride[0], padding=layer.padding[0])


def _periodic(network: _Network, x: Tensor, period: int, learns: bool) -> Judgement:
    """Every period-th sample is a sound of its own: as rows of a batch they cost less than as columns of a picture.

    The end is mirrored until the last row is full.
    """
    x = F.pad(x, (0, -x.shape[-1] % period), mode="reflect")
    columns = x.view(len(x), -1, period).transpose(1, 2).reshape(len(x) * period, 1, -1)
    score, features = network(columns, learns)
    return Judgement(
        score.unflatten(0, (-1, period)), [feature.unflatten(0, (-1, period)) for feature in features]
    )
