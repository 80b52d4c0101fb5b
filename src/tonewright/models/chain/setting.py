"""A setting of a processor: a number with a name, a unit and a range, and how a search moves along it."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tonewright.errors import ConfigError


@dataclass(frozen=True)
class Setting:
    """What can be turned.

    A search does not move in units but in positions, 0 at one end of the range and 1 at the other.

    Attributes:
        name: with the unit in it, cutoff_hz.
        low, high: the range, in that unit.
        default: where it stands when nobody says anything.
        logarithmic: equal ratios are equal steps, as for frequencies and times; low is above 0 then.
        cyclic: the ends of the range are the same place, as for a phase.
        choices: the only values it may have; empty for all of the range.
        count: numbers in it; a plain setting has one, and 0 means as many as the processor's size.
        stuck: a value at which the sound does not change with it, so that no search leaves it; None where there is
            none.
        neutral: where it does nothing, if there is such a place; what cannot be heard is best left there.
    """

    name: str
    low: float
    high: float
    default: float
    logarithmic: bool = False
    cyclic: bool = False
    choices: tuple[float, ...] = ()
    count: int = 1
    neutral: float | None = None
    stuck: float | None = None

    @property
    def unit(self) -> str:
        """ "Hz" of cutoff_hz; "" for a plain number.

        >>> Setting("cutoff_hz", 20, 20000, 1000).unit, Setting("ratio", 1, 20, 4).unit
        ('Hz', '')
        """
        return UNITS.get(self.name.rsplit("_", 1)[-1], "")

    @property
    def rest(self) -> float:
        """The position where it does nothing; NaN when there is none."""
        return self._position_of(self.neutral)

    @property
    def stuck_at(self) -> float:
        """The position that no slope leads away from; NaN when there is none."""
        return self._position_of(self.stuck)

    def _position_of(self, value: float | None) -> float:
        return math.nan if value is None else float(self.position(torch.tensor(value, dtype=torch.float64)))

    def at(self, position: Tensor) -> Tensor:
        """The value at positions from 0 to 1, differentiable.

        >>> round(float(Setting("cutoff_hz", 20, 20000, 1000, logarithmic=True).at(torch.tensor(0.5))), 1)
        632.5
        """
        if self.logarithmic:
            return self.low * torch.exp(position * math.log(self.high / self.low))
        return self.low + position * (self.high - self.low)

    def position(self, value: Tensor) -> Tensor:
        """Where a value is within the range, 0 to 1; the inverse of `at`."""
        if self.logarithmic:
            return torch.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def check(self, of: str, value: float) -> float:
        """The value, when it may be had; a phase beyond its ends comes around.

        Args:
            of: whose setting, for the sentence.
            value: in its unit.

        Raises:
            ConfigError: a value outside of the range, or none of the choices.

        >>> Setting("ratio", 1, 20, 4).check("compressor", 0.5)
        Traceback (most recent call last):
        tonewright.errors.ConfigError: compressor.ratio goes from 1 to 20, and not to 0.5
        """
        if self.cyclic and math.isfinite(value):
            value = self.low + (value - self.low) % (self.high - self.low)
        if self.choices and value not in self.choices:
            raise ConfigError(
                f"{of}.{self.name} is {' or '.join(f'{c:g}' for c in self.choices)}, and not {value:g}"
            )
        # what was kept as a float may be a rounding beyond the end
        slack = 1e-6 * max(abs(self.low), abs(self.high))
        if not self.low - slack <= value <= self.high + slack:
            unit = f" {self.unit}" if self.unit else ""
            raise ConfigError(
                f"{of}.{self.name} goes from {self.low:g} to {self.high:g}{unit}, and not to {value:g}"
            )
        return min(max(value, self.low), self.high)

    def checked(self, of: str, values: Tensor) -> Tensor:
        """All of these, as `check` takes each.

        >>> Setting("phase", 0.0, 1.0, 0.0, cyclic=True).checked("tremolo", torch.tensor([0.5, 1.25]))
        tensor([0.5000, 0.2500])
        """
        if not (self.choices or self.cyclic) and bool(((values >= self.low) & (values <= self.high)).all()):
            return values  # at once, for a response has many
        numbers = [self.check(of, number) for number in values.double().flatten().tolist()]
        return torch.tensor(numbers, dtype=values.dtype).reshape(values.shape)


UNITS = {"hz": "Hz", "db": "dB", "ms": "ms", "s": "s", "octaves": "octaves"}
