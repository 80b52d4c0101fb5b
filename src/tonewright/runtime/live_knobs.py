"""What can be turned while playing."""

from dataclasses import dataclass

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.models.base import Model


@dataclass
class Knob:
    """Something to turn while playing: a control of the model, or a level.

    Attributes:
        name: as people call it.
        unit: "" for a plain knob.
        minimum, maximum: in that unit.
        start: where it stood when the playing began.
        value: where it stands now; the sound follows, smoothly.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    start: float
    value: float = 0.0

    def __post_init__(self):
        self.value = self.start

    def turn(self, value: float) -> None:
        """To this value, or as far as it goes.

        >>> knob = Knob("drive", "", 0.0, 1.0, start=0.5)
        >>> knob.turn(7.0)
        >>> knob.value
        1.0
        """
        self.value = min(max(value, self.minimum), self.maximum)


def knobs_of(model: Model, controls: dict[str, float]) -> list[Knob]:
    """One knob for each control of the model, in its order."""
    ports = {port.name: port for port in model.ports}
    for name in controls:
        if name not in ports:
            raise ConfigError(f"this model has no control called '{name}'{did_you_mean(name, ports)}")
    return [
        Knob(port.name, port.unit, port.minimum, port.maximum, controls.get(port.name, port.default))
        for port in ports.values()
    ]


def levels_of(input_db: float, output_db: float) -> tuple[Knob, Knob]:
    """The two knobs that every model has.

    Raises:
        ConfigError: a level outside of its range.
    """
    levels = (
        Knob("input level", "dB", -40.0, 40.0, input_db),
        Knob("output level", "dB", -60.0, 20.0, output_db),
    )
    for level in levels:
        if not level.minimum <= level.start <= level.maximum:
            raise ConfigError(
                f"the {level.name} goes from {level.minimum:g} to {level.maximum:g} dB, and not to {level.start:g}"
            )
    return levels
