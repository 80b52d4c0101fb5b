"""The settings of a loop."""

from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.models.base import check_knobs

HEARD = ("linear", "mulaw", "bits")
MADE = ("linear", "mulaw", "classes", "classes+residual", "bits")
MAX_WINDOW, MAX_WIDTH, MAX_LAYERS, MAX_KNOBS = (
    1 << 14,
    4096,
    64,
    64,
)  # a file from a stranger may ask for no more


@dataclass(frozen=True)
class Config:
    """A network of `layers` inner layers that sees a window of what came in and of what it made.

    Attributes:
        window: input samples that it sees; of its own output it sees one fewer.
        width: units of each layer.
        layers: inner ones, between the first, which reads the window, and the last, which makes the sample.
        dry: how the inputs are told to it; "linear", "mulaw" (companded) or "bits" (a binary word for each sample).
        past: how its own outputs are told to it; the same.
        target: what it makes: the sample itself ("linear"), the sample companded ("mulaw"), how likely each of 256
            mu-law classes is ("classes", or "classes+residual" with a fine correction on top), or how likely each bit
            of a binary word is ("bits").
        knobs: the device's controls, each 0..1, in panel order.
    """

    window: int = 128
    width: int = 256
    layers: int = 5
    dry: str = "linear"
    past: str = "linear"
    target: str = "linear"
    knobs: tuple[str, ...] = ()

    def __post_init__(self):
        for name, value, low, high in (
            ("window", self.window, 2, MAX_WINDOW),
            ("width", self.width, 1, MAX_WIDTH),
            ("layers", self.layers, 0, MAX_LAYERS),
            ("number of knobs", len(self.knobs), 0, MAX_KNOBS),
        ):
            if not low <= value <= high:
                raise ConfigError(f"{name} is {low} to {high}, and not {value}")
        for name, value, known in (
            ("dry", self.dry, HEARD),
            ("past", self.past, HEARD),
            ("target", self.target, MADE),
        ):
            if value not in known:
                raise ConfigError(f"{name} is one of {', '.join(known)}, and not {value!r}")
        check_knobs(self.knobs)


# The seed of this idea had the shape of "standard". The smaller ones are for slower machines.
PRESETS = {
    "standard": Config(),
    "small": Config(64, 96, 3),
    "tiny": Config(32, 32, 2),
}
