"""The latent space of a timbre: what the encoder says of a sound, frame by frame, and how sure it is of it.

The encoder gives two numbers for each latent dimension and frame, `mean` and `scale`. They describe a bell curve;
while teaching, the decoder is given a draw from it, and a penalty (`kl`) keeps the curves close to the standard one,
so that the encoder tells no more than the sound is worth.

Source: Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014; Caillon and Esling, "RAVE", 2021.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.dsp.precision import precise
from tonewright.errors import ConfigError, ShapeError

LEAST_STD = 1e-4  # below it a curve would be a point, and its logarithm no number


def spread(scale: Tensor) -> Tensor:
    """The standard deviation of the bell curves, above 0 whatever the encoder says.

    Args:
        scale: second half of what the encoder gives, any shape; half precision becomes float32.

    >>> spread(torch.tensor([-100.0, 0.0]))
    tensor([1.0000e-04, 6.9325e-01])
    """
    return F.softplus(precise(scale)) + LEAST_STD


def kl(mean: Tensor, std: Tensor) -> Tensor:
    """How much the encoder tells: the divergence from the standard bell curve, without the customary half.

    Args:
        mean, std: [B, K, F] each, as `spread` gives std.

    Returns:
        At least 0: mean^2 + std^2 - log std^2 - 1, summed over dimensions, a mean over batch and frames.

    Raises:
        ShapeError: the two are not [B, K, F] of one shape, or are empty.

    >>> float(kl(torch.zeros(1, 128, 4), torch.ones(1, 128, 4)))
    0.0
    >>> float(kl(torch.ones(1, 2, 4), torch.ones(1, 2, 4)))
    2.0
    """
    return kl_by_dimension(mean, std).sum()


def kl_by_dimension(mean: Tensor, std: Tensor) -> Tensor:
    """The same for each dimension, [K]; see `kl`.

    >>> kl_by_dimension(torch.tensor([[[0.0], [2.0]]]), torch.ones(1, 2, 1))
    tensor([0., 4.])
    """
    check_latent("kl", mean, std)
    mean, std = precise(mean), precise(std)
    return (mean.square() + std.square() - 2.0 * std.log() - 1.0).mean(dim=(0, 2))


def sample(mean: Tensor, std: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A draw from the bell curves, through which gradients reach both.

    Args:
        mean, std: [B, K, F] each.
        generator: of the draw, on any device: one on the CPU draws the same numbers for every device.

    >>> mean, std = torch.zeros(1, 2, 3), torch.full((1, 2, 3), 0.1)
    >>> a, b = (sample(mean, std, torch.Generator().manual_seed(5)) for _ in range(2))
    >>> torch.equal(a, b), bool(a.abs().max() < 1.0)
    (True, True)
    """
    where = mean.device if generator is None else generator.device
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=where)
    return mean + std * noise.to(mean.device)


def beta(step: int, first: float, last: float, steps: int) -> float:
    """The weight of `kl` at a step: from `first` to `last` by equal ratios, and `last` from then on.

    Too large a weight at the beginning collapses the latent before the decoder can use it.

    Args:
        step: from 0.
        first, last: the weights, above 0; equal for one that stays.
        steps: how many it takes; 0 begins with `last`.

    Raises:
        ConfigError: a weight that is not above 0, or a negative number of steps.

    >>> [f"{beta(step, 1e-6, 1e-2, 20000):.0e}" for step in (0, 10000, 20000, 99999)]
    ['1e-06', '1e-04', '1e-02', '1e-02']
    """
    if not (0.0 < first < math.inf and 0.0 < last < math.inf and steps >= 0):
        raise ConfigError(
            f"beta rises from a number above 0 to another over 0 or more steps, and not from {first:g} to {last:g} "
            f"over {steps}"
        )
    done = min(max(step, 0) / steps, 1.0) if steps else 1.0
    return math.exp((1.0 - done) * math.log(first) + done * math.log(last)) if done < 1.0 else last


def check_latent(asker: str, mean: Tensor, *others: Tensor) -> None:
    """Refuse what is not [B, K, F] of one shape, with something in it.

    Raises:
        ShapeError: with what came.
    """
    if mean.ndim != 3 or mean.numel() == 0 or any(other.shape != mean.shape for other in others):
        came = " and ".join(str(list(x.shape)) for x in (mean, *others))
        raise ShapeError(
            f"{asker} wants a latent [B, K, F] with something in it, all of one shape, and got {came}"
        )
