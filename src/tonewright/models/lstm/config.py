"""The settings of a recurrent capture."""

from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.layers.recurrent import CELLS, SETTLE
from tonewright.models.base import check_knobs
from tonewright.models.limits import STEP, playable, within

MAX_HIDDEN, MAX_LAYERS, MAX_KNOBS = 1024, 8, 64  # a file from a stranger may ask for no more


@dataclass(frozen=True)
class Config:
    """Recurrent layers and a sum over the last one's units. Without arguments: the "standard" preset.

    Attributes:
        hidden: units of each layer.
        layers: one after another.
        cell: "lstm" or "gru".
        direct: the dry sound is added to what comes out, so that only the difference is learned.
        knobs: the device's controls, each 0..1, in panel order; the first layer hears them beside the sound.
    """

    hidden: int = 16
    layers: int = 1
    cell: str = "lstm"
    direct: bool = False
    knobs: tuple[str, ...] = ()

    def __post_init__(self):
        within("hidden", self.hidden, 1, MAX_HIDDEN)
        within("layers", self.layers, 1, MAX_LAYERS)
        within("number of knobs", len(self.knobs), 0, MAX_KNOBS)
        if self.cell not in CELLS:
            raise ConfigError(f"cell is {' or '.join(CELLS)}, and not {self.cell!r}")
        check_knobs(self.knobs)
        heard = 1 + len(self.knobs) + (self.layers - 1) * self.hidden
        weights = 4 * self.hidden * (heard + self.layers * self.hidden)
        playable("all layers", 0, SETTLE, weights, self.layers * (STEP + self.hidden))


# layers x units. The sizes that other players are compiled for: players of .nam files add no dry sound, and those of
# the GuitarML family (20, 32 and 40 units) and AIDA-X (which knows GRUs too) always do.
PRESETS = {
    "standard": Config(),
    "1x8": Config(8),
    "1x12": Config(12),
    "1x16": Config(16),
    "1x24": Config(24),
    "2x8": Config(8, layers=2),
    "2x12": Config(12, layers=2),
    "2x16": Config(16, layers=2),
    "1x20": Config(20, direct=True),
    "1x32": Config(32, direct=True),
    "1x40": Config(40, direct=True),
    "gru-1x16": Config(16, cell="gru", direct=True),
    "gru-1x40": Config(40, cell="gru", direct=True),
}
