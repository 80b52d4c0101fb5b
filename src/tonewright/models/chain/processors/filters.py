"""Equalisers: passes, shelves, bells, and several of them in a row.

Source of the numbers of each section: Simper, "Linear trapezoidal integrated state variable filter", 2013. They are
the filters of Bristow-Johnson's cookbook.
"""

import math

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.filters import Filters
from tonewright.models.chain.processor import DB, Processor
from tonewright.models.chain.setting import Setting

FLAT_Q = 0.70710678  # the highest without a bump


def steepness(cutoff_hz: Tensor, sample_rate: int) -> Tensor:
    """The g of a section: its cutoff, as the trapezoidal rule sees it."""
    nyquist_share = torch.clamp(cutoff_hz / sample_rate, max=0.4999)
    return torch.tan(math.pi * nyquist_share)


def low_pass(g: Tensor, q: Tensor) -> Tensor:
    return torch.stack([g, 1.0 / q, g * 0, g * 0, g * 0 + 1.0])


def high_pass(g: Tensor, q: Tensor) -> Tensor:
    return torch.stack([g, 1.0 / q, g * 0 + 1.0, -1.0 / q, g * 0 - 1.0])


def bell(g: Tensor, q: Tensor, gain_db: Tensor) -> Tensor:
    a = torch.exp(gain_db * (DB / 2))
    k = 1.0 / (q * a)
    return torch.stack([g, k, g * 0 + 1.0, k * (a * a - 1.0), g * 0])


def low_shelf(g: Tensor, q: Tensor, gain_db: Tensor) -> Tensor:
    a = torch.exp(gain_db * (DB / 2))
    k = 1.0 / q
    return torch.stack([g / torch.sqrt(a), k, g * 0 + 1.0, k * (a - 1.0), a * a - 1.0])


def high_shelf(g: Tensor, q: Tensor, gain_db: Tensor) -> Tensor:
    a = torch.exp(gain_db * (DB / 2))
    k = 1.0 / q
    return torch.stack([g * torch.sqrt(a), k, a * a, k * (1.0 - a) * a, 1.0 - a * a])


class Equaliser(Processor):
    """Sections in a row, computed of the settings by `sections`."""

    nonlinear, count = "", 1

    def build(self) -> None:
        self.filters = self.add(Filters(self.inputs, self.count))

    def sections(self) -> Tensor:
        """[count, 5], as tonewright.dsp.filters takes them."""
        raise NotImplementedError

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return self.filters(x, state, self.sections())

    def g(self, cutoff_hz: Tensor) -> Tensor:
        return steepness(cutoff_hz, self.sample_rate)


class HighPass(Equaliser):
    """12 dB per octave below the cutoff."""

    kind = "highpass"
    settings = (
        Setting("cutoff_hz", 10.0, 8000.0, 80.0, logarithmic=True, neutral=10.0),
        Setting("q", 0.3, 8.0, FLAT_Q, logarithmic=True),
    )

    def sections(self) -> Tensor:
        return high_pass(self.g(self.panel.cutoff_hz), self.panel.q)[None]


class LowPass(Equaliser):
    """12 dB per octave above the cutoff."""

    kind = "lowpass"
    settings = (
        Setting("cutoff_hz", 80.0, 20000.0, 8000.0, logarithmic=True, neutral=20000.0),
        Setting("q", 0.3, 8.0, FLAT_Q, logarithmic=True),
    )

    def sections(self) -> Tensor:
        return low_pass(self.g(self.panel.cutoff_hz), self.panel.q)[None]


class LowShelf(Equaliser):
    """gain_db below the corner, nothing above it."""

    kind = "lowshelf"
    settings = (
        Setting("cutoff_hz", 20.0, 4000.0, 200.0, logarithmic=True),
        Setting("gain_db", -24.0, 24.0, 0.0, neutral=0.0),
        Setting("q", 0.3, 2.0, FLAT_Q, logarithmic=True),
    )

    def sections(self) -> Tensor:
        return low_shelf(self.g(self.panel.cutoff_hz), self.panel.q, self.panel.gain_db)[None]


class HighShelf(Equaliser):
    """gain_db above the corner, nothing below it."""

    kind = "highshelf"
    settings = (
        Setting("cutoff_hz", 500.0, 16000.0, 4000.0, logarithmic=True),
        Setting("gain_db", -24.0, 24.0, 0.0, neutral=0.0),
        Setting("q", 0.3, 2.0, FLAT_Q, logarithmic=True),
    )

    def sections(self) -> Tensor:
        return high_shelf(self.g(self.panel.cutoff_hz), self.panel.q, self.panel.gain_db)[None]


class Peak(Equaliser):
    """gain_db around a frequency: a bell, or a dip."""

    kind = "peak"
    settings = (
        Setting("centre_hz", 30.0, 16000.0, 1000.0, logarithmic=True),
        Setting("gain_db", -24.0, 24.0, 0.0, neutral=0.0),
        Setting("q", 0.2, 10.0, 1.0, logarithmic=True),
    )

    def sections(self) -> Tensor:
        return bell(self.g(self.panel.centre_hz), self.panel.q, self.panel.gain_db)[None]


class Eq(Equaliser):
    """A parametric equaliser: a low shelf, three bells and a high shelf."""

    kind, count = "eq", 5
    settings = (
        Setting("low_hz", 30.0, 500.0, 120.0, logarithmic=True),
        Setting("low_gain_db", -24.0, 24.0, 0.0, neutral=0.0),
        *(
            setting
            for name, low, high, default in (
                ("bass", 60.0, 600.0, 250.0),
                ("mid", 300.0, 3000.0, 900.0),
                ("presence", 1500.0, 10000.0, 3500.0),
            )
            for setting in (
                Setting(f"{name}_hz", low, high, default, logarithmic=True),
                Setting(f"{name}_gain_db", -24.0, 24.0, 0.0, neutral=0.0),
                Setting(f"{name}_q", 0.2, 10.0, 1.0, logarithmic=True),
            )
        ),
        Setting("high_hz", 2000.0, 16000.0, 7000.0, logarithmic=True),
        Setting("high_gain_db", -24.0, 24.0, 0.0, neutral=0.0),
    )

    def sections(self) -> Tensor:
        flat = self.panel.low_hz * 0 + FLAT_Q
        bells = [
            bell(self.g(hz), q, gain_db)
            for hz, gain_db, q in (
                (self.panel.bass_hz, self.panel.bass_gain_db, self.panel.bass_q),
                (self.panel.mid_hz, self.panel.mid_gain_db, self.panel.mid_q),
                (self.panel.presence_hz, self.panel.presence_gain_db, self.panel.presence_q),
            )
        ]
        low = low_shelf(self.g(self.panel.low_hz), flat, self.panel.low_gain_db)
        return torch.stack(
            [low, *bells, high_shelf(self.g(self.panel.high_hz), flat, self.panel.high_gain_db)]
        )
