"""The settings of a chain that are to be found, as one row of positions from 0 to 1."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.models.chain.model import Chain
from tonewright.models.chain.setting import Setting

ASIDE = 0.2  # of a range: how far from where it is stuck a setting is tried again
MOST = 32  # numbers of a setting that are looked for one by one


@dataclass(frozen=True)
class Place:
    """One number that can be moved.

    Attributes:
        processor: name of the processor; `link` is its number in the chain.
        setting: whose position it is.
        element: which number of a setting that has several; None for a plain one.
    """

    processor: str
    link: int
    setting: Setting
    element: int | None

    def __str__(self) -> str:
        place = f"{self.processor}.{self.setting.name}"
        return place if self.element is None else f"{place}[{self.element}]"


class Knobs:
    """All that is free of a chain, as positions. What has choices only, what is as long as a sound and what a person
    has fixed is not.

    Args:
        chain: the chain, whose settings are written to.
        fixed: places that stay where they are, "compressor.ratio".

    >>> from tonewright.models.chain import Config, Link
    >>> chain = Chain(Config((Link("gain"), Link("compressor")))).double()
    >>> knobs = Knobs(chain, fixed=("compressor.knee_db",))
    >>> [str(place) for place in knobs.places][:3]
    ['gain.gain_db', 'compressor.threshold_db', 'compressor.ratio']
    >>> float(knobs.read()[0])
    0.5
    """

    def __init__(self, chain: Chain, fixed: tuple[str, ...] = ()):
        self.chain, self.fixed = chain, fixed
        self.places: list[Place] = []
        for place in fixed:
            chain.find(place)
        for link, (name, processor) in enumerate(chain.processors.items()):
            for setting in processor.settings:
                short = setting.count > 0 or processor.size <= MOST
                if short and not setting.choices and f"{name}.{setting.name}" not in fixed:
                    count = getattr(processor.panel, setting.name).numel()
                    elements = [None] if setting.count == 1 else range(count)
                    self.places += [Place(name, link, setting, element) for element in elements]
        self.cyclic = np.array([place.setting.cyclic for place in self.places], bool)
        # where each does nothing, NaN where there is no such place
        self.neutral = np.array([place.setting.rest for place in self.places], float)
        self.stuck = np.array([place.setting.stuck_at for place in self.places], float)

    def __len__(self) -> int:
        return len(self.places)

    @torch.no_grad()
    def read(self) -> np.ndarray:
        """Where the chain is, [K]."""
        return np.array([float(place.setting.position(self._of(place))) for place in self.places])

    @torch.no_grad()
    def write(self, positions: np.ndarray) -> None:
        """Turn the chain to these positions, [K]."""
        for place, position in zip(self.places, positions, strict=True):
            self._of(place).copy_(place.setting.at(torch.tensor(position, dtype=torch.float64)))

    @torch.no_grad()
    def write_one(self, index: int, position: float) -> None:
        """Turn one."""
        place = self.places[index]
        self._of(place).copy_(place.setting.at(torch.tensor(position, dtype=torch.float64)))

    @torch.no_grad()
    def read_one(self, index: int) -> float:
        """Where one is."""
        place = self.places[index]
        return float(place.setting.position(self._of(place)))

    def within(self, positions: np.ndarray) -> np.ndarray:
        """The nearest positions that there are: between the ends, and around where those are the same place."""
        return np.where(self.cyclic, positions % 1.0, np.clip(positions, 0.0, 1.0))

    def unstuck(self, positions: np.ndarray) -> np.ndarray:
        """The positions, those that no slope leads away from a little to the side."""
        near = np.abs(positions - self.stuck) < ASIDE / 4  # never of NaN
        return np.where(near, positions + ASIDE, positions)

    def values(self, positions: np.ndarray) -> np.ndarray:
        """In their units."""
        return np.array(
            [
                float(place.setting.at(torch.tensor(position, dtype=torch.float64)))
                for place, position in zip(self.places, positions, strict=True)
            ]
        )

    def parameters(self, positions: Tensor) -> dict[str, Tensor]:
        """The settings at these positions [K], by the names of the chain's weights, differentiable."""
        made: dict[str, Tensor] = {}
        for place, position in zip(self.places, positions.unbind(), strict=True):
            name = f"processors.{place.processor}.panel.{place.setting.name}"
            value = place.setting.at(position)
            if place.element is not None:
                whole = made.get(name, self.chain.get_parameter(name).detach())
                value = torch.cat([whole[: place.element], value[None], whole[place.element + 1 :]])
            made[name] = value
        return made

    def _of(self, place: Place) -> Tensor:
        parameter = getattr(self.chain.processors[place.processor].panel, place.setting.name).data
        return parameter if place.element is None else parameter[place.element]
