"""What sounds by itself: a ramp, harmonics and noise. Phases and noise are counted in int64, which wraps."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.dsp.noise import FIRST, GOLDEN, SECOND, filter_map, signed
from tonewright.dsp.oscillators import FADE
from tonewright.dsp.phasor import steps_of
from tonewright.export.torchscript.remembering import Remembering, many


class Phasor(Remembering):
    """Of x [B, C, T] the ramp [B, 1, T]; remembers the number of the sample, [B]."""

    def __init__(self, start: Tensor, step: int, first: int):
        super().__init__(start)
        self.step, self.first, self.lowest = step, first, (1 << 24) - 1

    def forward(self, x: Tensor) -> Tensor:
        n = self.memory[:, None, None] + torch.arange(x.size(2), device=x.device)
        self.memory = self.memory + x.size(2)
        turns = self.first + self.step * n
        return ((turns >> 40) & self.lowest).to(x.dtype) * (1.0 / 16777216.0)


class HarmonicBank(nn.Module):
    """Pitch [B, 1, F], shares [B, K, F] and amplitude [B, 1, F] to sound; remembers pitch, amplitudes and phase."""

    def __init__(self, attributes: dict, starts: list[Tensor]):
        super().__init__()
        self.together = 16  # frames that are made at a time, so that a long block needs little memory
        self.turn = 2.0**64
        for name, start in zip(("pitch", "amplitudes", "phase"), starts, strict=True):
            self.register_buffer(f"first_{name}", start)
            self.register_buffer(name, start)
        self.hop, self.rate = attributes["hop"], float(attributes["sample_rate"])
        self.fade, self.end = FADE
        self.register_buffer("number", torch.arange(1, attributes["harmonics"] + 1)[:, None].float())
        self.register_buffer("samples", torch.arange(attributes["hop"]).double())

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.pitch = many(self.first_pitch, batch)
        self.amplitudes = many(self.first_amplitudes, batch)
        self.phase = many(self.first_phase, batch)

    def forward(self, f0_hz: Tensor, distribution: Tensor, amplitude: Tensor) -> Tensor:
        heard = ((self.end - self.number * f0_hz / self.rate) / (self.end - self.fade)).clamp(0.0, 1.0)
        shares = distribution * heard
        amplitudes = shares * (amplitude / (shares.sum(1, keepdim=True) + 1e-8))
        row = torch.cat([self.pitch, f0_hz[:, 0]], dim=1).double()
        row = torch.nan_to_num(row, 0.0).clamp(0.0, self.rate / 2.0)
        own = row[:, 1:]
        before = torch.where(row[:, :-1] > 0, row[:, :-1], own)
        steps = self.advances(before, own)
        turned = steps.cumsum(1)
        starts = (self.phase[:, None] + turned - steps).double() * (1.0 / self.turn)
        rows, made = torch.cat([self.amplitudes.unsqueeze(2), amplitudes], dim=2), []
        for i in range(0, own.size(1), self.together):
            j = min(i + self.together, own.size(1))
            made.append(self.sound(rows[:, :, i : j + 1], starts[:, i:j], before[:, i:j], own[:, i:j]))
        self.phase = self.phase + turned[:, -1]
        self.pitch, self.amplitudes = own[:, -1:].to(f0_hz.dtype), amplitudes[:, :, -1]
        return torch.cat(made, dim=1).unsqueeze(1)

    def advances(self, before: Tensor, own: Tensor) -> Tensor:
        """By how much each frame turns on, in units of 2^-64 turns."""
        turns = (before + own) * 0.5 * self.hop / self.rate
        part = turns - turns.round()
        return (torch.where(part < 0.5, part, -0.5) * self.turn).round().long()

    def sound(self, rows: Tensor, starts: Tensor, before: Tensor, own: Tensor) -> Tensor:
        """Some frames [B, F * hop], of amplitudes [B, K, F + 1] and of phase and pitch [B, F]."""
        bend = ((own - before) / (2 * self.hop)).unsqueeze(2)
        turns = starts.unsqueeze(2) + self.samples * (before.unsqueeze(2) + bend * self.samples) / self.rate
        turns = self.number[:, :, None].double() * turns.unsqueeze(1)  # [B, K, F, hop]
        sines = torch.sin(((turns - turns.round()) * (2.0 * math.pi)).float())
        heard = self.number.double() * torch.minimum(before, own).unsqueeze(1) < self.rate / 2.0
        sines = (sines * heard.unsqueeze(3)).permute(0, 2, 3, 1)  # [B, F, hop, K]
        ends = torch.stack([rows[:, :, :-1], rows[:, :, 1:] - rows[:, :, :-1]], dim=3)  # [B, K, F, 2]
        both = torch.matmul(sines, ends.transpose(1, 2))
        rise = (self.samples / self.hop).to(rows.dtype)
        return (both[:, :, :, 0] + rise * both[:, :, :, 1]).flatten(1)


class FilteredNoise(nn.Module):
    """Magnitudes [B, bands, F] to [B, 1, F * hop]; remembers magnitudes, seed and count."""

    def __init__(self, attributes: dict, starts: list[Tensor]):
        super().__init__()
        self.golden = signed(GOLDEN)
        self.factor = signed(FIRST)
        self.other_factor = signed(SECOND)
        self.low_33 = (1 << 33) - 1
        self.low_34 = (1 << 34) - 1
        self.low_37 = (1 << 37) - 1
        for name, start in zip(("last", "seed", "count"), starts, strict=True):
            self.register_buffer(f"first_{name}", start)
            self.register_buffer(name, start)
        self.hop, self.reach = attributes["hop"], attributes["bands"] - 1
        self.register_buffer("halves", filter_map(attributes["bands"], torch.float32).clone())
        self.register_buffer("rise", torch.arange(self.hop) / self.hop)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.last = many(self.first_last, batch)
        self.seed = many(self.first_seed, batch)
        self.count = many(self.first_count, batch)

    def forward(self, magnitudes: Tensor) -> Tensor:
        beyond = self.reach - 1
        rows = torch.cat([self.last.unsqueeze(2), magnitudes], dim=2).transpose(1, 2)
        filters = F.linear(rows, self.halves)  # the later halves [B, 1 + F, reach]
        samples, around = magnitudes.size(2) * self.hop, self.hop + 2 * beyond
        noise = self.white(self.count - beyond, samples + 2 * beyond)
        spectra = torch.fft.rfft(noise.unfold(1, around, self.hop), around)
        whole = torch.cat([filters[:, :, 1:].flip(2), filters], dim=2)
        responses = torch.fft.rfft(whole, around)
        before = torch.fft.irfft(spectra * responses[:, :-1], around)[:, :, 2 * beyond :]
        own = torch.fft.irfft(spectra * responses[:, 1:], around)[:, :, 2 * beyond :]
        self.last, self.count = magnitudes[:, :, -1], self.count + samples
        return (before + self.rise * (own - before)).flatten(1).unsqueeze(1)

    def white(self, first: Tensor, count: int) -> Tensor:
        """So many samples of the noise from that number on, [B, count]."""
        n = first[:, None] + torch.arange(count, device=first.device)
        bits = self.mixed(self.mixed(self.seed)[:, None] + (n + 1) * self.golden)
        return (bits >> 40).float() * (1.0 / 8388608.0)

    def mixed(self, z: Tensor) -> Tensor:
        """SplitMix64; shifted to the right without the sign."""
        z = (z ^ ((z >> 30) & self.low_34)) * self.factor
        z = (z ^ ((z >> 27) & self.low_37)) * self.other_factor
        return z ^ ((z >> 31) & self.low_33)


def _phasor(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    rate_hz, phase = float(weights["rate_hz"]), float(weights["phase"])
    return Phasor(starts[0], *steps_of(rate_hz, phase, attributes["sample_rate"]))


NODES = {
    "phasor": _phasor,
    "harmonic_bank": lambda attributes, weights, starts: HarmonicBank(attributes, starts),
    "filtered_noise": lambda attributes, weights, starts: FilteredNoise(attributes, starts),
}
