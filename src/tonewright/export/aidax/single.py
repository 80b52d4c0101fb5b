"""What AIDA-X was compiled for, of a model of ours: one LSTM or GRU, a sum over its units, and gains around them."""

import math
from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.export.fields import words
from tonewright.export.recurrent import Weights, check_single, config_of, weights_of
from tonewright.layers.recurrent import CELLS
from tonewright.models.base import Model
from tonewright.runtime.player import Player

SIZES = (8, 12, 16, 20, 24, 32, 40, 64, 80)  # units
MAX_KNOBS = 2
CLOSE = 1e-6  # relative, of gains that are float32


@dataclass(frozen=True)
class Single:
    """A network that AIDA-X plays.

    Attributes:
        config: of models/lstm.
        weights: with the scale of the output in them.
        gains: factors on what goes in and on what comes out, the dry sound too.
    """

    config: object
    weights: Weights
    gains: tuple[float, float] = (1.0, 1.0)

    @property
    def gains_db(self) -> dict[str, float]:
        """As the file names them, unless they do nothing; rounded to what float32 can tell apart."""
        named = dict(zip(("in_gain", "out_gain"), self.gains, strict=True))
        return {name: round(20.0 * math.log10(gain), 6) for name, gain in named.items() if gain != 1.0}


def single(player: Player) -> Single:
    """What AIDA-X plays of this model, which is all of it.

    Raises:
        ConfigError: it was not compiled for such a model.
    """
    if player.tone.architecture == "row":
        made = _of_row(player.model)
    else:
        check_single(player, "AIDA-X")
        made = Single(player.model.config, weights_of(player.model))
    hidden, knobs = made.config.hidden, made.config.knobs
    if hidden not in SIZES:
        sizes = words([str(size) for size in SIZES])
        raise ConfigError(
            f"AIDA-X is compiled for {sizes} units, and this model has {hidden}; teach --setting hidden=16"
        )
    if len(knobs) > MAX_KNOBS:
        raise ConfigError(f"AIDA-X takes at most {MAX_KNOBS} knobs, and this model has {words(knobs)}")
    return made


def _of_row(model: Model) -> Single:
    """Of a row that is such a network, as one is that was read from a file with gains."""
    parts, config = model.config.parts, model.config
    wanted = len(parts) == 2 and parts[0].kind in CELLS and parts[1].kind == "conv"
    if not wanted or parts[1].kernel > 1 or not parts[1].bias:
        kinds = words([part.kind for part in parts[:6]]) + (" and more" if len(parts) > 6 else "")
        raise ConfigError(f"AIDA-X plays one LSTM or GRU and a sum over its units, and this model is {kinds}")
    before, after = float(model.input_gain), float(model.head_scale)
    if before <= 0.0 or after <= 0.0:
        raise ConfigError("AIDA-X has its gains in dB, and this model turns the sound over or off")
    dry = float(model.direct_gain) if config.direct else before * after
    if not math.isclose(dry, before * after, rel_tol=CLOSE):
        raise ConfigError("AIDA-X adds the dry sound as loud as its gains make it, and this model does not")
    weights = weights_of(model, scaled=False)
    made = config_of(parts[0].kind, parts[0].outputs, 1 + len(config.knobs), config.direct)
    return Single(made, weights, (before, after))
