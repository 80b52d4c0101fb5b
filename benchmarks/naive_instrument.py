"""An instrument as most programs have it: torch's own layers, and a synthesiser that goes straight at it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.models.ddsp import Model
from tonewright.models.ddsp.decoder import QUIET, modified_sigmoid

SCALES = (64, 128, 256, 512, 1024, 2048)


class Stack(nn.Sequential):
    def __init__(self, inputs: int, units: int):
        widths = [inputs, units, units]
        super().__init__(
            *(part for n in widths for part in (nn.Linear(n, units), nn.LayerNorm(units), nn.LeakyReLU()))
        )


class Naive(nn.Module):
    """Frames [B, 2, F] to sound [B, F * hop], with the weights of one of ours.

    What it plays is ours but for three things: a frame begins at its own time and not one before, the amplitudes of
    harmonics above half the sample rate are cut off without a fade, and noise is made frame by frame, with a seam.
    """

    def __init__(self, ours: Model):
        super().__init__()
        self.config, self.voice = ours.config, [ours.voice]  # in a list: its weights are not taught here
        units = ours.config.units
        self.of_pitch, self.of_loudness = Stack(1, units), Stack(1, units)
        self.gru, self.joined = nn.GRU(2 * units, units, batch_first=True), Stack(3 * units, units)
        self.distribution, self.amplitude = nn.Linear(units, ours.config.harmonics), nn.Linear(units, 1)
        self.noise = nn.Linear(units, ours.config.bands)
        self.taps, self.fade = nn.Parameter(ours.room.taps.detach().clone()), ours.room.fade
        self._take(ours.voice.decoder)

    @torch.no_grad()
    def _take(self, decoder) -> None:
        for name in ("of_pitch", "of_loudness", "joined"):
            stack, given = getattr(self, name), getattr(decoder, name)
            for n, (linear, norm) in enumerate(zip(given.linears, given.norms, strict=True)):
                stack[3 * n].load_state_dict(linear.state_dict())
                stack[3 * n + 1].load_state_dict(norm.state_dict())
        for name in ("distribution", "amplitude", "noise"):
            getattr(self, name).load_state_dict(getattr(decoder, name).state_dict())
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(self.gru, f"{name}_l0").copy_(getattr(decoder.gru, name))

    def forward(self, frames: Tensor) -> Tensor:
        distribution, amplitude, noise = self.decoded(frames)
        return self.with_room(self.tone(frames[:, 0], distribution, amplitude) + self.hiss(noise))

    def loss(self, frames: Tensor, target: Tensor) -> Tensor:
        return multi_scale(target, self(frames))

    def decoded(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shares of the harmonics, their amplitude, and magnitudes of the noise, [B, F, ...]."""
        pitch, loudness = self.scaled(frames)[..., None].unbind(1)
        heard = torch.cat([self.of_pitch(pitch), self.of_loudness(loudness)], dim=-1)
        joined = self.joined(torch.cat([self.gru(heard)[0], heard], dim=-1))
        distribution, amplitude = self.distribution(joined), self.amplitude(joined)
        return tuple(map(modified_sigmoid, (distribution, amplitude, self.noise(joined) + QUIET)))

    def scaled(self, frames: Tensor) -> Tensor:
        """As the decoder hears them: pitch and loudness of order one."""
        voice = self.voice[0]
        pitch = (torch.log2(frames[:, 0]) - voice.pitch_mean) / voice.pitch_spread
        loudness = (frames[:, 1] - voice.loudness_mean) / voice.loudness_spread
        return torch.stack([pitch, loudness], dim=1)

    def tone(self, f0_hz: Tensor, distribution: Tensor, amplitude: Tensor) -> Tensor:
        """Everything stretched to samples, a sine for each sample and harmonic."""
        hop, rate = self.config.hop, self.config.sample_rate
        number = torch.arange(1, self.config.harmonics + 1, dtype=f0_hz.dtype)
        heard = (number * f0_hz[..., None] < rate / 2).to(f0_hz.dtype)
        shares = distribution * heard
        levels = amplitude * shares / (shares.sum(-1, keepdim=True) + 1e-8)
        levels = F.interpolate(levels.transpose(1, 2), scale_factor=hop, mode="linear")
        f0_hz = F.interpolate(f0_hz[:, None], scale_factor=hop, mode="linear")
        angle = 2 * math.pi * torch.cumsum(f0_hz / rate, dim=-1)
        return (levels * torch.sin(number[:, None] * angle)).sum(1)

    def hiss(self, magnitudes: Tensor) -> Tensor:
        """Noise of a frame through the filter of that frame, and cut off at its end."""
        hop, taps = self.config.hop, 2 * (magnitudes.shape[-1] - 1)
        filters = torch.fft.irfft(magnitudes, n=taps).roll(taps // 2, -1) * torch.hann_window(taps)
        filters = F.pad(filters, (0, max(0, hop - taps))).roll(-taps // 2, -1)
        noise = torch.rand(*magnitudes.shape[:2], hop) * 2 - 1
        around = 2 * max(hop, filters.shape[-1])
        heard = torch.fft.irfft(torch.fft.rfft(noise, n=around) * torch.fft.rfft(filters, n=around), n=around)
        return heard[..., :hop].flatten(1)

    def with_room(self, x: Tensor) -> Tensor:
        response = torch.cat([torch.ones(1), torch.tanh(self.taps[1:]) * self.fade[1:]])
        around = 2 * max(x.shape[-1], len(response))
        spectrum = torch.fft.rfft(x, n=around) * torch.fft.rfft(response, n=around)
        return torch.fft.irfft(spectrum, n=around)[..., : x.shape[-1]]


def multi_scale(target: Tensor, estimate: Tensor) -> Tensor:
    total = target.new_zeros(())
    for size in SCALES:
        window = torch.hann_window(size)
        a, b = (torch.stft(x, size, window=window, return_complex=True).abs() for x in (target, estimate))
        total = total + (a - b).abs().mean() + (torch.log(a + 1e-7) - torch.log(b + 1e-7)).abs().mean()
    return total
