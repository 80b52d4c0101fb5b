"""What an instrument hears: pitch and loudness, in float64, frame by frame."""

import torch
from torch import Tensor

from tonewright.dsp import loudness, pitch
from tonewright.export.torchscript.remembering import Remembering, RememberingTwo


class Loudness(Remembering):
    """x [B, 1, T] to [B, 1, T / hop]; remembers what the first window hears of the block before."""

    def __init__(self, attributes: dict, start: Tensor):
        super().__init__(start)
        rate = attributes["sample_rate"]
        window, weights = loudness.tables(rate)
        self.hop, self.size = attributes["hop"], len(window)
        self.bins, self.floor = loudness.transform_size(len(window)), 10.0 ** (loudness.FLOOR_DB / 10.0)
        self.register_buffer("window", window.clone())
        self.register_buffer("weights", weights.clone())

    def forward(self, x: Tensor) -> Tensor:
        heard = torch.cat([self.memory, x], dim=2)
        self.memory = heard[:, :, x.size(2) :]
        windows = heard.unfold(2, self.size, self.hop)[:, :, : x.size(2) // self.hop]
        spectrum = torch.view_as_real(torch.fft.rfft(windows.double() * self.window, self.bins))
        power = torch.matmul(spectrum.square().sum(4), self.weights)
        power = torch.where(power > self.floor, power, self.floor)
        return (10.0 * torch.log10(power)).to(x.dtype)


class Pitch(RememberingTwo):
    """x [B, 1, T] to f0 and clarity [B, 2, T / hop]; remembers three hops of x, and the track [B, 3]."""

    def __init__(self, attributes: dict, heard: Tensor, track: Tensor):
        super().__init__(heard, track)
        self.window = pitch.WINDOW
        self.quiet = pitch.QUIET
        self.faint = pitch.FAINT
        self.slack = pitch.SLACK
        self.low_cost = pitch.LOW_COST
        self.jump_cost = pitch.JUMP_COST
        self.fade = pitch.FADE
        self.begins = pitch.BEGINS
        self.ends = pitch.ENDS
        rate, hop = attributes["sample_rate"], attributes["hop"]
        self.lowest_hz, self.highest_hz = attributes["lowest_hz"], attributes["highest_hz"]
        finder = pitch.finder_of(rate, hop, self.lowest_hz, self.highest_hz)
        self.hop, self.size, self.fine = hop, finder.size, finder.fine
        self.rate, self.first, self.last = float(finder.rate), finder.first, finder.last
        self.scale = finder.fine / finder.size / float(finder.taper.square().sum())
        self.register_buffer("taper", finder.taper)
        self.register_buffer("weight", finder.weight)
        # of the taper, real and imaginary: not every device knows complex numbers of 128 bits
        self.register_buffer("spectrum", torch.view_as_real(finder.spectrum).clone())

    def forward(self, x: Tensor) -> Tensor:
        heard = torch.cat([self.memory, x], dim=2)
        self.memory = heard[:, :, x.size(2) :]
        windows = heard[:, 0].double().unfold(1, self.window * self.hop, self.hop)  # [B, F, 4 hop]
        likeness, sounds = self.likeness(windows)
        rows, tracks = [], []
        for i in range(x.size(0)):
            track: list[float] = self.other[i].tolist()
            row: list[list[float]] = []
            for j in range(windows.size(1)):
                height = 0.0
                f0_hz = track[0]
                if bool(sounds[i, j]):
                    f0_hz, height = self.choose(likeness[i, j], track)
                row.append(self.step(track, f0_hz, height))
            rows.append(torch.tensor(row, dtype=torch.float64, device=x.device).t())
            tracks.append(torch.tensor(track, dtype=torch.float64, device=x.device))
        self.other = torch.stack(tracks)
        return torch.stack(rows).to(x.dtype)

    def likeness(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Of each window, at the lags from the first less 1 to the last plus 1; and whether it is no silence."""
        tapered = windows * self.taper
        alike = torch.view_as_real(torch.fft.rfft(tapered, self.size)).square().sum(3) * self.weight
        energy = torch.view_as_real(torch.fft.rfft(tapered * windows, self.size))
        energy = 2.0 * (energy * self.spectrum).sum(3)  # the real part of one times the other's conjugate
        energy = torch.cat([energy[:, :, :-1], torch.zeros_like(energy[:, :, :1])], dim=2)
        alike, energy = torch.fft.irfft(alike, self.fine), torch.fft.irfft(energy, self.fine)
        level = torch.sqrt(alike[:, :, 0] * self.scale)
        least = 1e-9 * energy[:, :, :1]
        scale = energy[:, :, :1] / alike[:, :, :1]
        alike, energy = (
            alike[:, :, self.first - 1 : self.last + 2],
            energy[:, :, self.first - 1 : self.last + 2],
        )
        return scale * alike / torch.maximum(energy, least), (level > self.quiet) & (least[:, :, 0] > 0)

    def choose(self, likeness: Tensor, track: list[float]) -> tuple[float, float]:
        """The peak that is highest, less what low pitches and jumps cost: its pitch and height."""
        left, top, right = likeness[:-2], likeness[1:-1], likeness[2:]
        at = torch.nonzero((top > left) & (top >= right) & (top > self.faint)).flatten()
        left, top, right = left[at], top[at], right[at]
        shift = 0.5 * (left - right) / (left - 2.0 * top + right)
        height, f0_hz = top - 0.25 * (left - right) * shift, self.rate / (self.first + at + shift)
        fits = (f0_hz >= self.lowest_hz / self.slack) & (f0_hz <= self.highest_hz * self.slack)
        height, f0_hz = height[fits], f0_hz[fits]
        if f0_hz.size(0) == 0:
            return track[0], 0.0
        jump = torch.log2(f0_hz / track[0]).abs().clamp(max=1.0)
        score = (
            height - self.low_cost * torch.log2(self.highest_hz / f0_hz) - self.jump_cost * track[1] * jump
        )
        best = int(score.argmax())
        return float(f0_hz[best]), min(1.0, float(height[best]))

    def step(self, track: list[float], f0_hz: float, height: float) -> list[float]:
        """Move the track on; what the frame is said to be."""
        if height >= (self.ends if track[2] > 0.0 else self.begins):
            track[0], track[1], track[2] = f0_hz, height, 1.0
            return [f0_hz, height]
        track[1], track[2] = self.fade * track[1], 0.0
        return [track[0], 0.0]


NODES = {
    "loudness": lambda attributes, weights, starts: Loudness(attributes, starts[0]),
    "pitch": lambda attributes, weights, starts: Pitch(attributes, *starts),
}
