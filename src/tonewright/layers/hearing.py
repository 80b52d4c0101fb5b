"""What an instrument hears of the sound that plays it: its pitch and its loudness, frame by frame."""

from fractions import Fraction

import torch
from torch import Tensor

from tonewright.dsp.loudness import framed_loudness, half_window
from tonewright.dsp.pitch import HIGHEST_HZ, LOWEST_HZ, WINDOW, check_range, first_track, framed_pitch
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State


class Heard(Layer):
    """A frame for each hop of sound, a frame late, of windows that begin before the block."""

    inputs = latency = 1

    def __init__(self, sample_rate: int, hop: int, before: int):
        super().__init__()
        self.sample_rate, self.hop, self.before = sample_rate, hop, before
        self.ratio, self.block, self.settle = Fraction(1, hop), hop, -(-before // hop) * hop
        # Remembers the dtype and device that the module was moved to; holds no sound.
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def initial_state(self, batch: int) -> State:
        return [self.like.new_zeros(batch, 1, self.before)]

    def hear(self, x: Tensor, state: State) -> tuple[Tensor, Tensor]:
        """The block with what came before it, and what the block after will need of both."""
        self.check(x)
        heard = torch.cat([state[0], x.detach()], dim=-1)
        return heard, heard[..., x.shape[-1] :]


class Pitch(Heard):
    """The pitch of one voice, x [B, 1, T] -> [B, 2, T / hop]: f0_hz, and clarity, which is 0 where there is no pitch.

    Frame n + 1 is of the sound around sample n hop. Where there is no pitch, the last one stays. Has no gradient.
    Remembers three hops of sound and the last pitch.

    Args:
        sample_rate: in Hz.
        hop: samples from frame to frame.
        lowest_hz, highest_hz: where to look.

    Raises:
        ConfigError: the range does not fit the hop.

    >>> ear = Pitch(16000, 160)
    >>> x = torch.sin(2 * torch.pi * 440 / 16000 * torch.arange(1600))[None, None]
    >>> ear(x, ear.initial_state(1))[0][0, 0, -1].round(decimals=1)
    tensor(440.)
    """

    outputs = 2

    def __init__(
        self, sample_rate: int, hop: int, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ
    ):
        check_range(sample_rate, hop, lowest_hz, highest_hz)
        super().__init__(sample_rate, hop, (WINDOW - 1) * hop)
        self.lowest_hz, self.highest_hz = float(lowest_hz), float(highest_hz)

    def initial_state(self, batch: int) -> State:
        track = first_track(batch, self.lowest_hz, self.highest_hz)
        return [*super().initial_state(batch), track.to(self.like.device)]

    @torch.no_grad()
    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        heard, before = self.hear(x, state)
        y, track = framed_pitch(heard, state[1], self.sample_rate, self.hop, self.lowest_hz, self.highest_hz)
        return y, [before, track]


class Loudness(Heard):
    """A-weighted loudness in dB, x [B, 1, T] -> [B, 1, T / hop].

    Frame n + 1 is of the 32 ms of sound around sample n hop. Has no gradient. Remembers 16 ms and a hop.

    Args:
        sample_rate: in Hz, at least 1000.
        hop: samples from frame to frame, at least 8 ms.

    Raises:
        ConfigError: another rate or hop.

    >>> ear = Loudness(16000, 160)
    >>> x = torch.sin(2 * torch.pi * 1000 / 16000 * torch.arange(1600))[None, None]
    >>> ear(x, ear.initial_state(1))[0][0, 0, -1]
    tensor(19.8053)
    """

    outputs = 1

    def __init__(self, sample_rate: int, hop: int):
        half = half_window(sample_rate)
        if 2 * hop < half:
            raise ConfigError(
                f"loudness in blocks wants a hop of at least {-(-half // 2)} samples, and got {hop}"
            )
        super().__init__(sample_rate, hop, half + hop)

    @torch.no_grad()
    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        heard, before = self.hear(x, state)
        return framed_loudness(heard, self.sample_rate, self.hop, x.shape[-1] // self.hop), [before]
