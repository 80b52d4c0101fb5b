"""Echoes and rooms: a delay that feeds itself, measured and made-up responses, and a network of delays."""

import functools
import math

import numpy as np
import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.delay_network import DelayNetwork
from tonewright.layers.delays import DelayLine
from tonewright.layers.fir import LongFir
from tonewright.models.chain.processor import Processor, gain_of
from tonewright.models.chain.processors.modulation import MIX
from tonewright.models.chain.setting import Setting

LONGEST = 2.0  # seconds between two repeats
BANDS = 8  # of a made-up room, an octave each, from 62 Hz on
DECAY = math.log(1000.0)  # 60 dB


class Echo(Processor):
    """Repeats delay_ms apart, each `feedback` times the one before; `damping` takes some treble from each."""

    kind, nonlinear, past_s, reach_s = "echo", "", 3 * LONGEST, LONGEST
    settings = (
        Setting("delay_ms", 5.0, 1000.0 * LONGEST, 300.0, logarithmic=True),
        Setting("feedback", -0.98, 0.98, 0.3, neutral=0.0),
        Setting("damping", 0.0, 0.95, 0.0, neutral=0.0),
        MIX,
    )

    def build(self) -> None:
        self.line = self.add(DelayLine(self.inputs, round(LONGEST * self.sample_rate)))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        samples = self.panel.delay_ms * (self.sample_rate / 1000.0)
        wet, state = self.line(x, state, samples, self.panel.feedback, self.panel.damping)
        return x * (1.0 - self.panel.mix) + wet * self.panel.mix, state


class Response(Processor):
    """What the sound becomes in a room, a cabinet or any other linear thing: its response to a click.

    Its size is how many samples that has.
    """

    kind, nonlinear, sizes, past_s = "response", "", (1, 2048, 1 << 20), 2.0
    settings = (Setting("taps", -16.0, 16.0, 0.0, count=0),)

    def build(self) -> None:
        self.fir = self.add(LongFir(self.inputs, self.size))
        with torch.no_grad():
            self.panel.taps[0] = 1.0

    def taps(self) -> Tensor:
        return self.panel.taps

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return self.fir(x, state, self.panel.taps)


class Room(Processor):
    """A made-up room: noise that dies away, in each octave from its own level in its own time. Size: its samples.

    Source: the velvet-free form of Moorer, "About this reverberation business", 1979, section 4.
    """

    kind, nonlinear, sizes, past_s, diffuse = "room", "", (256, 65536, 1 << 19), 2.0, True
    settings = (
        MIX,
        Setting("level_db", -40.0, 20.0, 0.0, count=BANDS),
        Setting("t60_s", 0.05, 20.0, 1.0, count=BANDS, logarithmic=True),
    )

    def build(self) -> None:
        self.fir = self.add(LongFir(self.inputs, self.size))
        noise = torch.from_numpy(_octaves(self.size, self.sample_rate))
        self.register_buffer("noise", noise, persistent=False)
        seconds = torch.arange(self.size, dtype=torch.float64) / self.sample_rate
        self.register_buffer("seconds", seconds.float(), persistent=False)

    def response(self) -> Tensor:
        """What the wet sound is convolved with, [size]."""
        fade = torch.exp(self.seconds * (-DECAY / self.panel.t60_s)[:, None])
        return torch.sum(self.noise * fade * gain_of(self.panel.level_db)[:, None], dim=0)

    def taps(self) -> Tensor:
        dry = torch.nn.functional.pad(1.0 - self.panel.mix[None], (0, self.size - 1))
        return self.response() * self.panel.mix + dry

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        wet, state = self.fir(x, state, self.response())
        return x * (1.0 - self.panel.mix) + wet * self.panel.mix, state


class Hall(Processor):
    """A network of delays that feed each other and die away by 60 dB in t60_s, the treble sooner. Size: how many."""

    kind, nonlinear, sizes, past_s, diffuse = "hall", "", (2, 8, 16), 2.0, True
    settings = (
        Setting("t60_s", 0.1, 20.0, 1.5, logarithmic=True),
        Setting("damping", 0.0, 0.9, 0.2, neutral=0.0),
        MIX,
    )

    def build(self) -> None:
        spread = [0.021 * (0.087 / 0.021) ** (i / max(1, self.size - 1)) for i in range(self.size)]
        self.delays = tuple(_prime(round(seconds * self.sample_rate)) for seconds in spread)
        self.network = self.add(DelayNetwork(self.inputs, self.delays))
        lengths = torch.tensor(self.delays, dtype=torch.float32) / self.sample_rate
        self.register_buffer("lengths", lengths, persistent=False)
        signs = torch.tensor([1.0 - 2.0 * (i % 2) for i in range(self.size)])
        self.register_buffer("signs", signs / math.sqrt(self.size), persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        gains = torch.exp(self.lengths * (-DECAY / self.panel.t60_s))
        damping = self.panel.damping + self.lengths * 0
        wet, state = self.network(x, state, gains, damping, self.signs * 1.0, self.signs.abs() * 1.0)
        return x * (1.0 - self.panel.mix) + wet * self.panel.mix, state


@functools.lru_cache(maxsize=4)
def _octaves(samples: int, sample_rate: int) -> np.ndarray:
    """Noise of power 1 / samples, the same always, in octaves whose sum it is: [BANDS, samples]."""
    # a generator of torch's gives the same numbers on every machine for the same seed
    made = torch.randn(samples, generator=torch.Generator().manual_seed(1), dtype=torch.float64, device="cpu")
    spectrum = np.fft.rfft(made.numpy() / math.sqrt(samples))
    hz = np.fft.rfftfreq(samples, 1.0 / sample_rate)
    octave = np.clip(np.round(np.log2(np.maximum(hz, 1.0) / 62.5)), 0, BANDS - 1)
    bands = [np.fft.irfft(spectrum * (octave == band), samples) for band in range(BANDS)]
    return np.stack(bands).astype(np.float32)


def _prime(number: int) -> int:
    """The first prime from `number` on: lengths without a common factor do not fall together."""
    while any(number % d == 0 for d in range(2, math.isqrt(number) + 1)):
        number += 1
    return number
