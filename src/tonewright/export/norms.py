"""Batch norms as they play once they are taught, which several formats hold beside a layer."""

import torch
from torch import Tensor

from tonewright.errors import ConfigError


def gain_and_offset(
    mean: Tensor, variance: Tensor, scale: Tensor, shift: Tensor, least: Tensor | float
) -> tuple[Tensor, Tensor]:
    """What a batch norm does to each channel: times the one, plus the other.

    Args:
        mean, variance: of what was heard in training, [C] of float64, as are the other two.
        scale, shift: what was learned.
        least: what is added to the variance.

    Raises:
        ConfigError: there is a variance, with that, of 0 or below.

    >>> one = torch.ones(1)
    >>> gain_and_offset(3.0 * one, 4.0 * one, 2.0 * one, 5.0 * one, 0.0)
    (tensor([1.]), tensor([2.]))
    """
    if not bool((variance + least > 0).all()):
        raise ConfigError("a batch norm has a variance that is not above 0")
    gain = scale / torch.sqrt(variance + least)
    return gain, shift - mean * gain
