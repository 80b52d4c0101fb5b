"""Level: gain, polarity, what is added to the sound and what takes it away, and time."""

import math

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.delays import DelayLine
from tonewright.layers.filters import Filters
from tonewright.models.chain.processor import Processor, gain_of
from tonewright.models.chain.setting import Setting


class Gain(Processor):
    """y = 10^(gain_db / 20) x."""

    kind, nonlinear = "gain", ""
    settings = (Setting("gain_db", -60.0, 60.0, 0.0, neutral=0.0),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return x * gain_of(self.panel.gain_db), state


class Polarity(Processor):
    """y = sign x: +1 leaves the sound as it is, -1 turns it upside down."""

    kind, nonlinear = "polarity", ""
    settings = (Setting("sign", -1.0, 1.0, 1.0, choices=(-1.0, 1.0), neutral=1.0),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return x * self.panel.sign, state


class Offset(Processor):
    """y = x + level: a constant, in full scale."""

    kind, nonlinear, begins = "offset", "", True
    settings = (Setting("level", -1.0, 1.0, 0.0, neutral=0.0),)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return x + self.panel.level, state


class DcBlocker(Processor):
    """A high-pass of 6 dB per octave, low enough to take nothing but a constant."""

    kind, nonlinear = "dc-blocker", ""
    settings = (Setting("cutoff_hz", 0.5, 100.0, 10.0, logarithmic=True, neutral=0.5),)

    def build(self) -> None:
        self.filters = self.add(Filters(self.inputs, 1))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        g = torch.tan(self.panel.cutoff_hz * (math.pi / self.sample_rate))
        # of a second-order filter whose two poles are one, with a zero on one of them
        numbers = torch.stack([g, g * 0 + 2.0, g * 0 + 1.0, g * 0 - 1.0, g * 0 - 1.0])
        return self.filters(x, state, numbers[None])


class Delay(Processor):
    """y[t] = x[t - delay_ms], between samples too. Late by two samples more, which a player takes off again.

    Those are what the interpolation wants to see on both sides of a place.
    """

    kind, nonlinear, latency, past_s, reach_s = "delay", "", 2, 1.0, 1.0
    settings = (Setting("delay_ms", 0.0, 1000.0, 0.0, neutral=0.0),)

    def build(self) -> None:
        self.line = self.add(DelayLine(self.inputs, self.sample_rate + self.latency))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        samples = self.panel.delay_ms * (self.sample_rate / 1000.0) + self.latency
        return self.line(x, state, samples, self.panel.delay_ms * 0, self.panel.delay_ms * 0)
