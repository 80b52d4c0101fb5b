"""What every model has: settings, named input ports, and a forward that is a layer's."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

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

    def fold(self) -> None:
        """Bring the weights into the form in which they are measured, saved and played, once they are taught."""
