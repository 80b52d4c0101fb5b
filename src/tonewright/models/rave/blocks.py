"""What the stages of both families are made of."""

from functools import partial

import torch.nn.functional as F

from tonewright.layers.base import Layer
from tonewright.layers.combine import Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d

SLOPE = 0.2  # of a leaky ReLU below 0


def bend() -> Layer:
    """The activation that stands before every convolution but the first."""
    return Pointwise(partial(F.leaky_relu, negative_slope=SLOPE))


def conv(inputs: int, outputs: int, kernel: int, share: float, dilation: int = 1) -> Conv1d:
    """A convolution that hears `share` of the future that the centred one hears."""
    lookahead = round(share * ((kernel - 1) * dilation // 2))
    return Conv1d(inputs, outputs, kernel, dilation, lookahead=lookahead)


def down(inputs: int, outputs: int, kernel: int, ratio: int, share: float) -> Conv1d:
    """A convolution that keeps one sample of `ratio`, centred as far as that costs no time.

    When a block of `ratio` samples has come, its last sample is there, so that a kernel of twice the ratio can be
    centred for nothing. That is so for a causal model too.
    """
    if ratio == 1:
        return conv(inputs, outputs, 3, share)
    return Conv1d(inputs, outputs, kernel, stride=ratio, lookahead=min(ratio - 1, kernel - 1))


def up(inputs: int, outputs: int, ratio: int, share: float) -> Layer:
    """Twice the ratio long, so that every sample is made of two; without a ratio, a plain convolution."""
    if ratio == 1:
        return conv(inputs, outputs, 3, share)
    return ConvTranspose1d(inputs, outputs, 2 * ratio, ratio, lookahead=round(share * (ratio // 2)))


def unit(width: int, dilation: int, last_kernel: int, share: float) -> Layer:
    """x and what two convolutions make of it: one that looks far, one of `last_kernel` taps."""
    return Residual(
        Serial(bend(), conv(width, width, 3, share, dilation), bend(), conv(width, width, last_kernel, share))
    )
