"""A long filter whose response is handed in: reverbs, cabinets, and what else is recorded as an impulse."""

import torch
from torch import Tensor

from tonewright.dsp.convolution import long_fir
from tonewright.errors import ConfigError, ShapeError
from tonewright.layers.base import Layer, State

MOST_TAPS = 1 << 20  # 24 seconds at 44.1 kHz


class LongFir(Layer):
    """y[t] = sum over k of response[k] x[t - k], x [B, channels, T] -> y [B, channels, T].

    The response is an argument, a weight of whoever calls or made of some, and the same for all channels. Remembers
    the last taps - 1 samples.

    Args:
        channels: of the sound.
        taps: length of the response in samples, 1 to 1048576.

    Raises:
        ConfigError: another number of taps.

    >>> echo = LongFir(1, 4)
    >>> echo(torch.tensor([[[1.0, 2.0, 0.0]]]), echo.initial_state(1), torch.tensor([1.0, 0.0, 0.5, 0.0]))[0]
    tensor([[[1.0000, 2.0000, 0.5000]]])
    """

    def __init__(self, channels: int, taps: int):
        super().__init__()
        if not 1 <= taps <= MOST_TAPS:
            raise ConfigError(f"a long filter has 1 to {MOST_TAPS} taps, and this one is to have {taps}")
        self.inputs = self.outputs = channels
        self.taps, self.settle = taps, taps - 1
        # Remembers the dtype and device that the module was moved to; holds no sound.
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def initial_state(self, batch: int) -> State:
        return [self.like.new_zeros(batch, self.inputs, self.taps - 1)]

    def forward(self, x: Tensor, state: State, response: Tensor) -> tuple[Tensor, State]:
        self.check(x)
        if response.shape != (self.taps,):
            raise ShapeError(f"LongFir wants a response [{self.taps}], and got {list(response.shape)}")
        y, memory = long_fir(x, response, state[0])
        return y, [memory]
