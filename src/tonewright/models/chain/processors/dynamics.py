"""Dynamics: what turns the level by the level.

All in decibels and in this order: how loud the sound is, what the curve makes of that, and how fast the gain follows.

Source: Giannoulis, Massberg and Reiss, "Digital dynamic range compressor design", JAES 2012.
"""

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.dynamics import Follow
from tonewright.models.chain.processor import DB, Processor
from tonewright.models.chain.setting import Setting

FLOOR, SILENCE_DB = 1e-6, -120.0  # no sound is quieter
TIMES = (
    Setting("attack_ms", 0.02, 200.0, 5.0, logarithmic=True),
    Setting("release_ms", 1.0, 2000.0, 100.0, logarithmic=True),
)
KNEE = Setting("knee_db", 0.0, 24.0, 6.0, stuck=0.0)
MAKEUP = Setting("makeup_db", -24.0, 36.0, 0.0, neutral=0.0)


class Dynamics(Processor):
    """The gain follows what `reduction_db` makes of the level."""

    past_s, nonlinear = 0.3, "changes its gain with the level"

    def build(self) -> None:
        self.follow = self.add(Follow(self.inputs))

    def reduction_db(self, level_db: Tensor) -> Tensor:
        """By how much a steady sound of this level is turned, in dB, less `extra_db`; 0 for silence."""
        raise NotImplementedError

    def rates(self) -> tuple[Tensor, Tensor]:
        """How fast the gain falls and how fast it rises, as tonewright.dsp.follow takes it."""
        return self.rate(self.panel.attack_ms), self.rate(self.panel.release_ms)

    def rate(self, milliseconds: Tensor) -> Tensor:
        return rate_of(milliseconds, self.sample_rate)

    def level(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """How loud the sound is, and the memory of what has measured that."""
        return torch.abs(x), []

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        level, before = self.level(x, state[1:])
        level_db = torch.log(level + FLOOR) * (1.0 / DB)
        gain_db, after = self.follow(self.reduction_db(level_db), state[:1], *self.rates())
        return x * torch.exp((gain_db + self.extra_db()) * DB), [*after, *before]

    def extra_db(self) -> Tensor:
        """What is added to the gain all the time, in dB."""
        return self.panel.makeup_db


class Compressor(Dynamics):
    """Above the threshold, `ratio` dB more come out as one. With average_ms it hears the mean, not the peaks."""

    kind = "compressor"
    settings = (
        Setting("threshold_db", -60.0, 0.0, -20.0),
        Setting("ratio", 1.0, 20.0, 4.0, logarithmic=True, neutral=1.0),
        KNEE,
        *TIMES,
        Setting("average_ms", 0.01, 300.0, 0.01, logarithmic=True, neutral=0.01),
        MAKEUP,
    )

    def build(self) -> None:
        super().build()
        self.average = self.add(Follow(self.inputs))

    def level(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        rate = self.rate(self.panel.average_ms)
        return self.average(torch.abs(x), state, rate, rate)

    def reduction_db(self, level_db: Tensor) -> Tensor:
        return bent(level_db - self.panel.threshold_db, self.panel.knee_db) * (1.0 / self.panel.ratio - 1.0)


class Limiter(Dynamics):
    """A compressor whose ratio is without end: steady sounds stay below the threshold."""

    kind = "limiter"
    settings = (Setting("threshold_db", -60.0, 0.0, -6.0, neutral=0.0), KNEE, *TIMES, MAKEUP)

    def reduction_db(self, level_db: Tensor) -> Tensor:
        return -bent(level_db - self.panel.threshold_db, self.panel.knee_db)


class Expander(Dynamics):
    """Below the threshold, one dB less comes out as `ratio`, down to `range_db`. Attack is how fast it opens.

    Silence has shut it, so it begins shut: what is followed is how far it is open.
    """

    kind = "expander"
    settings = (
        Setting("threshold_db", -80.0, 0.0, -40.0),
        Setting("ratio", 1.0, 20.0, 2.0, logarithmic=True, neutral=1.0),
        KNEE,
        Setting("range_db", -100.0, 0.0, -60.0, neutral=0.0),
        *TIMES,
    )

    def reduction_db(self, level_db: Tensor) -> Tensor:
        return self.closed_db(level_db) - self.closed_db(self.panel.threshold_db * 0 + SILENCE_DB)

    def closed_db(self, level_db: Tensor) -> Tensor:
        """By how much a steady sound of this level is turned, in dB."""
        below = bent(self.panel.threshold_db - level_db, self.panel.knee_db)
        return torch.maximum(below * (1.0 - self.panel.ratio), self.panel.range_db)

    def rates(self) -> tuple[Tensor, Tensor]:
        return self.rate(self.panel.release_ms), self.rate(self.panel.attack_ms)

    def extra_db(self) -> Tensor:
        return self.closed_db(self.panel.threshold_db * 0 + SILENCE_DB)


class Gate(Expander):
    """An expander that shuts: a ratio of 10 to begin with."""

    kind = "gate"
    settings = tuple(
        Setting("ratio", 1.0, 20.0, 10.0, logarithmic=True, neutral=1.0) if s.name == "ratio" else s
        for s in Expander.settings
    )


def bent(over_db: Tensor, knee_db: Tensor) -> Tensor:
    """How far a level is above a threshold: 0 below it, with a parabola of knee_db between the two."""
    width = torch.clamp(knee_db, min=1e-3)
    # relu(a) - relu(a - w) is a held between 0 and w
    rising = torch.relu(over_db + width * 0.5)
    within = rising - torch.relu(over_db - width * 0.5)
    return within * within * (0.5 / width) + torch.relu(over_db - width * 0.5)


def rate_of(milliseconds: Tensor, sample_rate: int) -> Tensor:
    """The part of a way that is gone within a sample, when 63 % of it are gone in that time."""
    return -torch.expm1(-1000.0 / (milliseconds * sample_rate))
