"""What moves by itself: the phasor that tremolos, choruses, flangers and phasers are turned by."""

import torch
from torch import Tensor

from tonewright.dsp.phasor import phasor
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MAX_RATE, MAX_START = 1 << 30, 1 << 53


class Phasor(Layer):
    """A ramp from 0 to 1 at a rate of its own, x [B, C, T] -> ramp [B, 1, T]. Remembers the count of its samples.

    x only says how many samples of how many sounds. It has no weights: its rate and its phase are handed in, as
    tonewright.dsp.phasor takes them, so that they can be computed from what is taught or turned.

    Args:
        sample_rate: of x, in Hz.
        start: the count of the first sample; at 0 the ramp is `phase`. As many samples below 0 as a model wants to
            settle, and it is so at the first note.

    Raises:
        ConfigError: an impossible sample rate or start.

    >>> layer = Phasor(48000, start=-1)
    >>> sound = torch.randn(2, 1, 3)
    >>> ramp, state = layer(sound, layer.initial_state(2), torch.tensor(12000.0), torch.tensor(0.0))
    >>> ramp[0], state
    (tensor([[0.7500, 0.0000, 0.2500]]), [tensor([2, 2])])
    """

    outputs = 1

    def __init__(self, sample_rate: int, start: int = 0):
        super().__init__()
        if not 1 <= sample_rate <= MAX_RATE or abs(start) > MAX_START:
            raise ConfigError(
                f"a phasor wants a sample rate of 1 to 2^30 Hz and a start within 2^53 samples, and got "
                f"{sample_rate} and {start}"
            )
        self.sample_rate, self.start = int(sample_rate), int(start)

    def initial_state(self, batch: int) -> State:
        return [torch.full((batch,), self.start, dtype=torch.int64)]

    def forward(self, x: Tensor, state: State, rate_hz: Tensor, phase: Tensor) -> tuple[Tensor, State]:
        self.check(x)
        ramp, count = phasor(x.shape[-1], rate_hz, phase, self.sample_rate, state[0], x.dtype)
        return ramp, [count]
