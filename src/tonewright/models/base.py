"""What every model has: settings, named input ports, and a forward that is a layer's."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

SURE = "sure."  # begins the names of metrics that say how far a setting may be off, in its unit
UNSURE = 0.1  # of its range: a setting that may be anywhere there was not found
NOTHING_TO_GO_ON_FROM = (
    "this model does not hear what it made, so there is nothing that it could go on from; leave the prime out"
)


@dataclass(frozen=True)
class Port:
    """A named control of a model: a slow signal handed in beside the sound.

    Attributes:
        name: as people call it.
        unit: "" for a plain knob.
        minimum, maximum, default: in that unit.
        smoothing_ms: how long a player takes from one value to the next.
        rate: values for one input sample; 1 for a knob.
    """

    name: str
    unit: str = ""
    minimum: float = 0.0
    maximum: float = 1.0
    default: float = 0.5
    smoothing_ms: float = 20.0
    rate: Fraction = Fraction(1)


@dataclass(frozen=True)
class Curve:
    """What a part of a model does, as lines that can be drawn.

    Attributes:
        title: of the picture.
        words: what there is to see in it, for people who have never seen such a picture.
        x: where the lines go through, [N].
        ys: the lines by what they are, each [N]; those in `faint` only help the eye.
        x_label, y_label: what the two are, and their units.
        log_x, log_y: equal ratios are equally far apart.
        shown: from and to where y is shown at least, so that next to nothing looks like it.
        floor: the lowest y that is shown.
        filled: drawn as an area above the floor.
    """

    title: str
    words: str
    x: np.ndarray
    ys: dict[str, np.ndarray]
    x_label: str
    y_label: str
    log_x: bool = False
    log_y: bool = False
    faint: tuple[str, ...] = ()
    shown: tuple[float, float] | None = None
    floor: float = -math.inf
    filled: bool = False


@dataclass(frozen=True)
class Row:
    """A setting of a model, in its unit.

    Attributes:
        processor, setting: which; a number of several has its place in brackets, "level_db[2]".
        value: where it is; NaN for what is too much to be listed, of which `note` tells.
        unit: "" for a plain number.
        low, high: its range.
        logarithmic: equal ratios are equal steps within it.
        uncertainty: how far it may be off, in its unit; NaN when nobody knows.
        note: what else there is to say.
    """

    processor: str
    setting: str
    value: float
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    uncertainty: float = math.nan
    note: str = ""

    @property
    def place(self) -> str:
        """As a person names it, "compressor.ratio"."""
        return f"{self.processor}.{self.setting}"

    def position(self, value: float) -> float:
        """Where a value is within the range, 0 to 1; beyond it is at its end.

        >>> round(Row("peak", "centre_hz", 200.0, "Hz", 20.0, 20000.0, logarithmic=True).position(200.0), 3)
        0.333
        """
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Impulse:
    """What a linear model makes of a click, which is all that there is to say of it.

    Attributes:
        response: what a sample of 1 on each input becomes on each output, [inputs, outputs, N], in float64.
        constant: what it makes of silence, on each output, [outputs].
        finite: whether nothing can be behind the N samples; a model that rings has been left once it is faint.
    """

    response: np.ndarray
    constant: np.ndarray
    finite: bool


def check_knobs(knobs: tuple[str, ...]) -> None:
    """Refuse names that no model can have for its controls.

    Raises:
        ConfigError: a name that is no word of letters, digits and _, or one that is there twice.

    >>> check_knobs(("drive", "tone"))
    """
    for knob in knobs:
        if not knob.isidentifier() or knob in ("x", "state", "self"):
            raise ConfigError(f"a knob is named by letters, digits and _, and not {knob!r}")
    if len(set(knobs)) != len(knobs):
        raise ConfigError(f"each knob has its own name, and these are {', '.join(knobs)}")


def channels_of(model: Layer) -> tuple[int, int]:
    """How many channels a model hears and makes.

    A model of (1, 1), which most are, plays each channel of a sound by itself; any other hears all channels at once.

    >>> layer = Layer()
    >>> layer.inputs, layer.outputs = 1, 2
    >>> channels_of(layer)
    (1, 2)
    """
    inputs = model.inputs or 1
    return inputs, model.outputs or inputs


class Model(Layer):
    """A layer with settings and ports: forward(x, state, **ports) -> (y, state).

    Attributes:
        config: the dataclass that it was built from, stored whole in the file.
        ports: its controls, each handed to forward by name as [B, 1, T * rate].
        inputs, outputs: 1 and 1 for one that plays each channel of a sound by itself; else it hears and makes so many
            at once, as a stereo width (2 and 2) or a pan (1 and 2) does.
    """

    config: object
    ports: tuple[Port, ...] = ()

    def forward(self, x: Tensor, state: State, **ports: Tensor) -> tuple[Tensor, State]:
        raise NotImplementedError

    def primed(self, x: Tensor, y: Tensor, state: State) -> State:
        """The state of a model that has heard x and has made y, both [B, 1, T], T at least 1; not for most models.

        Raises:
            ConfigError: when what it makes does not depend on what it made.
        """
        raise ConfigError(NOTHING_TO_GO_ON_FROM)

    def values(self) -> dict[str, dict]:
        """Settings in their units, by processor and name; most models have none."""
        return {}

    def set(self, changes: dict[str, float]) -> None:
        """Turn settings, named "processor.setting".

        Raises:
            ConfigError: no such setting, or a value out of its range.
        """
        raise ConfigError(
            "this model has no settings to turn; only a chain has, which `tonewright match` makes"
        )

    @property
    def nonlinear(self) -> str:
        """Why what it does cannot be said by its response to a click, in words; "" when it can."""
        return "it is no chain of linear effects"

    def check_linear(self) -> None:
        """Refuse a model of which a response to a click does not say all.

        Raises:
            ConfigError: with the reason.
        """
        if self.nonlinear:
            raise ConfigError(f"an impulse response cannot hold this model, for {self.nonlinear}")

    def impulse(self, longest: int) -> Impulse:
        """Its response to a click, of a linear model.

        Args:
            longest: samples after which one that still rings is left.

        Raises:
            ConfigError: for a model that is not linear.
        """
        self.check_linear()
        raise NotImplementedError

    def fold(self) -> None:
        """Bring the weights into the form in which they are measured, saved and played, once they are taught."""

    def curves(self) -> list[Curve]:
        """What its parts do, for pictures; most models have no parts that mean something by themselves."""
        return []

    def table(self) -> list[Row]:
        """Its settings in their units; most models have none."""
        return []
