"""What an instrument sounds with: harmonics of its pitch and noise, from frames to sound."""

from fractions import Fraction

import torch
from torch import Tensor

from tonewright.dsp.noise import filtered_noise
from tonewright.dsp.oscillators import harmonic_amplitudes, harmonic_bank, pitch_ends
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

MAX_HARMONICS, MAX_BANDS, MAX_HOP, MAX_RATE = 1 << 12, 1 << 10, 1 << 14, 1 << 30


class HarmonicBank(Layer):
    """Harmonics of a pitch, f0_hz [B, 1, F] -> y [B, 1, F * hop]. Remembers pitch, amplitudes and phase.

    Frame n describes the time n * hop, and comes out one frame late: what sounds between two frames leads from the
    one to the other. How loud each harmonic is is handed in beside the pitch, as tonewright.dsp.oscillators takes it:
    `distribution` [B, harmonics, F] and `amplitude` [B, 1, F].

    Args:
        harmonics: how many, 1 to 4096.
        hop: samples of a frame, 1 to 16384.
        sample_rate: of the sound, in Hz.

    Raises:
        ConfigError: when one of them is impossible.

    >>> layer = HarmonicBank(2, 4, 16000)
    >>> f0_hz, one = torch.full((1, 1, 2), 4000.0), torch.ones(1, 1, 2)
    >>> y, state = layer(f0_hz, layer.initial_state(1), torch.ones(1, 2, 2), one)
    >>> y.round(decimals=4) + 0.0
    tensor([[[ 0.0000,  0.2500,  0.0000, -0.7500,  0.0000,  1.0000,  0.0000, -1.0000]]])
    """

    inputs = outputs = 1
    settle = 1

    def __init__(self, harmonics: int, hop: int, sample_rate: int):
        super().__init__()
        if not (1 <= harmonics <= MAX_HARMONICS and 1 <= hop <= MAX_HOP and 1 <= sample_rate <= MAX_RATE):
            raise ConfigError(
                f"a bank has 1 to {MAX_HARMONICS} harmonics, frames of 1 to {MAX_HOP} samples and a sample rate of 1 "
                f"to 2^30 Hz, and got {harmonics}, {hop} and {sample_rate}"
            )
        self.harmonics, self.hop, self.sample_rate = int(harmonics), int(hop), int(sample_rate)
        self.ratio, self.latency = Fraction(self.hop), self.hop
        # Remembers the dtype and device that the module was moved to; holds no sound.
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def initial_state(self, batch: int) -> State:
        return [
            self.like.new_zeros(batch, 1),
            self.like.new_zeros(batch, self.harmonics),
            torch.zeros(batch, dtype=torch.int64, device=self.like.device),
        ]

    def forward(
        self, f0_hz: Tensor, state: State, distribution: Tensor, amplitude: Tensor
    ) -> tuple[Tensor, State]:
        self.check(f0_hz)
        last_f0_hz, last_amplitudes, phase = state
        amplitudes = harmonic_amplitudes(f0_hz, distribution, amplitude, self.sample_rate)
        y, phase = harmonic_bank(
            f0_hz, amplitudes, self.hop, self.sample_rate, last_f0_hz, last_amplitudes, phase
        )
        if f0_hz.shape[-1]:
            last_f0_hz = pitch_ends(f0_hz[:, 0], last_f0_hz[:, 0], self.sample_rate)[:, 1, -1:].to(
                f0_hz.dtype
            )
            last_amplitudes = amplitudes[..., -1]
        return y, [last_f0_hz, last_amplitudes, phase]


class FilteredNoise(Layer):
    """Noise of a colour, magnitudes [B, bands, F] -> y [B, 1, F * hop]. Remembers magnitudes, seed and count.

    Frame n describes the time n * hop, and comes out one frame late. In eval mode the noise is always the same one;
    in training every sound of every batch hears another.

    Args:
        bands: 2 to 1024, evenly from 0 to half the sample rate.
        hop: samples of a frame, 1 to 16384.

    Raises:
        ConfigError: when one of them is impossible.

    >>> layer = FilteredNoise(5, 100).eval()
    >>> y, state = layer(torch.ones(1, 5, 8), layer.initial_state(1))
    >>> y.shape, state[2]
    (torch.Size([1, 1, 800]), tensor([800]))
    """

    outputs = 1
    settle = 1

    def __init__(self, bands: int, hop: int):
        super().__init__()
        if not (2 <= bands <= MAX_BANDS and 1 <= hop <= MAX_HOP):
            raise ConfigError(
                f"filtered noise has 2 to {MAX_BANDS} bands and frames of 1 to {MAX_HOP} samples, and got {bands} "
                f"and {hop}"
            )
        self.inputs, self.bands, self.hop = int(bands), int(bands), int(hop)
        self.ratio, self.latency = Fraction(self.hop), self.hop
        self.register_buffer("like", torch.zeros(()), persistent=False)  # as above

    def initial_state(self, batch: int) -> State:
        zeros = torch.zeros(batch, dtype=torch.int64, device=self.like.device)
        seed = torch.randint_like(zeros, -(1 << 63), (1 << 63) - 1) if self.training else zeros
        return [self.like.new_zeros(batch, self.bands), seed, zeros.clone()]

    def forward(self, magnitudes: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(magnitudes)
        last, seed, count = state
        y, count = filtered_noise(magnitudes, self.hop, last, seed, count)
        return y, [magnitudes[..., -1] if magnitudes.shape[-1] else last, seed, count]
