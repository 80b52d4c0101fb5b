"""What moves by itself: a low-frequency oscillator turns the level, a delay or a row of all-passes."""

import math

import torch
from torch import Tensor

from tonewright.layers.all_passes import AllPasses
from tonewright.layers.base import State
from tonewright.layers.delays import DelayLine
from tonewright.layers.dynamics import Lag
from tonewright.layers.modulation import Phasor
from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors.filters import steepness
from tonewright.models.chain.setting import Setting

LFO = (
    Setting("rate_hz", 0.05, 20.0, 1.0, logarithmic=True),
    Setting("phase", 0.0, 1.0, 0.0, cyclic=True),
    Setting("shape", 0.0, 1.0, 0.0),
)
MIX = Setting("mix", 0.0, 1.0, 0.5, neutral=0.0)
# turned around, the notches are where the bumps were
EITHER_MIX = Setting("mix", -1.0, 1.0, 0.5, neutral=0.0)
OCTAVE = math.log(2.0)


class Moving(Processor):
    """A processor with an oscillator of rate_hz that begins at `phase` (turns); `shape` is from sine to triangle."""

    moves, nonlinear = True, "moves, so that every click becomes something else"

    def build(self) -> None:
        self.phasor = self.add(Phasor(self.sample_rate, self.start))

    def lfo(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """-1 to 1, [B, 1, T], at its top when its phase is 0."""
        ramp, after = self.phasor(x, state, self.panel.rate_hz, self.panel.phase)
        sine = torch.sin((ramp + 0.25) * (2.0 * math.pi))
        triangle = torch.abs(ramp - 0.5) * 4.0 - 1.0
        return sine * (1.0 - self.panel.shape) + triangle * self.panel.shape, after


class Tremolo(Moving):
    """The level swings between 1 and 1 - depth."""

    kind = "tremolo"
    settings = (Setting("depth", 0.0, 1.0, 0.5, neutral=0.0), *LFO)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        lfo, after = self.lfo(x, state)
        return x * (1.0 - (1.0 - lfo) * (self.panel.depth * 0.5)), after


class OpticalTremolo(Moving):
    """A lamp that swings between 1 and 1 - depth shines on a photoresistor, which lags behind and bends the swing.

    Source of the law: the vactrol model of Guitarix, after "transmogrifox": light^1.9, a resistance of
    exp(ln Ra / ln(e + b light)), and a divider with R1. Its lag depends on the light: dark_ms in the dark, there
    60 ms, and bright_ms in the light, there 5 ms.
    """

    kind, settle_s = "optical-tremolo", 0.5
    settings = (
        Setting("depth", 0.0, 1.0, 0.5, neutral=0.0),
        *LFO,
        Setting("dark_ms", 5.0, 300.0, 60.0, logarithmic=True),
        Setting("bright_ms", 0.5, 50.0, 5.0, logarithmic=True),
    )
    dark, bright, divider = 1e6, 300.0, 2700.0  # ohms

    def build(self) -> None:
        super().build()
        self.lag = self.add(Lag(1, start=1.0))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        lfo, phase = self.lfo(x, state[:1])
        light = torch.pow(1.0 - (1.0 - lfo) * (self.panel.depth * 0.5) + 1e-6, 1.9)
        samples = self.sample_rate / 1000.0
        light, memory = self.lag(
            light, state[1:], self.panel.dark_ms * samples, self.panel.bright_ms * samples
        )
        bend = math.exp(math.log(self.dark) / math.log(self.bright)) - math.e
        resistance = torch.exp(math.log(self.dark) / torch.log(light * bend + math.e))
        return x * (self.divider / (resistance + self.divider)), [*phase, *memory]


class Swept(Moving):
    """A delay that swings by depth_ms around delay_ms, mixed with the sound itself."""

    most_ms = 30.0  # that the delay reaches

    def build(self) -> None:
        super().build()
        self.line = self.add(DelayLine(self.inputs, round(self.most_ms * self.sample_rate / 1000.0) + 2))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        lfo, phase = self.lfo(x, state[:1])
        delay = (lfo * self.panel.depth_ms + self.panel.delay_ms) * (self.sample_rate / 1000.0)
        wet, memory = self.line(x, state[1:], delay, self.fed_back(), self.panel.depth_ms * 0)
        return x * (1.0 - torch.abs(self.panel.mix)) + wet * self.panel.mix, [*phase, *memory]

    def fed_back(self) -> Tensor:
        return self.panel.depth_ms * 0


class Chorus(Swept):
    """A second voice whose pitch swings; with a mix of 1, a vibrato."""

    kind, most_ms, reach_s = "chorus", 60.0, 0.06
    settings = (
        Setting("delay_ms", 1.0, 40.0, 15.0, logarithmic=True),
        Setting("depth_ms", 0.0, 20.0, 3.0),
        MIX,
        *LFO,
    )


class Flanger(Swept):
    """A comb whose teeth move; feedback makes them sharp."""

    kind, most_ms, reach_s = "flanger", 24.0, 0.024
    settings = (
        Setting("delay_ms", 0.1, 15.0, 3.0, logarithmic=True),
        Setting("depth_ms", 0.0, 8.0, 2.0),
        Setting("feedback", -0.95, 0.95, 0.0, neutral=0.0),
        EITHER_MIX,
        *LFO,
    )

    def fed_back(self) -> Tensor:
        return self.panel.feedback


class Phaser(Moving):
    """First-order all-passes in a row, whose corner swings by depth_octaves around centre_hz. Size: how many."""

    kind, sizes = "phaser", (1, 4, 24)
    settings = (
        Setting("centre_hz", 50.0, 8000.0, 700.0, logarithmic=True),
        Setting("depth_octaves", 0.0, 4.0, 1.5),
        Setting("feedback", -0.95, 0.95, 0.0, neutral=0.0),
        EITHER_MIX,
        *LFO,
    )

    def build(self) -> None:
        super().build()
        self.stages = self.add(AllPasses(self.inputs, self.size))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        lfo, phase = self.lfo(x, state[:1])
        middle = torch.log(steepness(self.panel.centre_hz, self.sample_rate))
        g = torch.exp(lfo * (self.panel.depth_octaves * OCTAVE) + middle)
        wet, memory = self.stages(x, state[1:], (g - 1.0) / (g + 1.0), self.panel.feedback)
        return x * (1.0 - torch.abs(self.panel.mix)) + wet * self.panel.mix, [*phase, *memory]
