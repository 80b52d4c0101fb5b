"""The JSON of GuitarML's plugins (NeuralPi, Proteus, TS-M1N3) and of the trainer that they share: one LSTM.

The plugins are compiled for one size each and always add the dry sound. Matrices are those of a torch state, with
torch's order of gates; knobs are inputs beside the sound, each 0 to 1.
"""

from pathlib import Path

import torch
from torch import Tensor

from tonewright import storage
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.facts import USUAL_RATE, assumed, rate_of
from tonewright.export.fields import field, matrix, only, shown, words
from tonewright.export.recurrent import Weights, check_single, config_of, model_of, weights_of
from tonewright.layers.recurrent import CELLS
from tonewright.runtime.player import Player

# units: (plugin, the numbers of knobs that it takes, the rate in Hz at which it plays, or else that of its host)
PLUGINS = {20: ("NeuralPi", (0, 1, 2), None), 32: ("TS-M1N3", (2,), 48000), 40: ("Proteus", (0, 1, 2), 44100)}
UNITS = {"LSTM": "lstm", "GRU": "gru"}


def check(player: Player) -> None:
    """Refuse what none of the plugins was compiled for.

    Raises:
        ConfigError: saying what.
    """
    check_single(player, "GuitarML")
    config = player.model.config
    if config.cell != "lstm":
        raise ConfigError(
            f"GuitarML players hold an LSTM, and this model is a {config.cell.upper()}; teach --preset 1x40"
        )
    if config.hidden not in PLUGINS:
        raise ConfigError(
            f"GuitarML players are compiled for 20, 32 or 40 units, and this model has {config.hidden}; "
            "teach --preset 1x40"
        )
    if not config.direct:
        raise ConfigError(
            "GuitarML players always add the dry sound, and this model does not; teach --preset 1x40"
        )
    plugin, knobs, _ = PLUGINS[config.hidden]
    if len(config.knobs) not in knobs:
        wants = "2 knobs" if knobs == (2,) else "at most 2 knobs"
        has = words(config.knobs) if config.knobs else "none"
        raise ConfigError(
            f"a model of {config.hidden} units is for {plugin}, which takes {wants}, and this one has {has}"
        )


def write(player: Player, path: Path) -> str:
    """Write the model; the scale of its output goes into its last weights.

    Args:
        player: of the model.
        path: of the file.

    Returns:
        What was written and which plugin opens it, in words.

    Raises:
        ConfigError: the format cannot hold the model.
        FileError: it cannot be written there.
    """
    check(player)
    config, weights = player.model.config, weights_of(player.model)
    shape = {"model": "SimpleRNN", "input_size": 1 + len(config.knobs), "skip": 1, "output_size": 1}
    shape |= {"unit_type": "LSTM", "num_layers": 1, "hidden_size": config.hidden, "bias_fl": True}
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    state = {f"rec.{name}_l0": getattr(weights, name).tolist() for name in names}
    state |= {"lin.weight": weights.weight.tolist(), "lin.bias": weights.bias.tolist()}
    stranger.write(path, {"model_data": shape, "state_dict": state})
    plugin, _, rate = PLUGINS[config.hidden]
    knobs = f" and {words(config.knobs)} as its knobs" if config.knobs else ""
    habit = f"plays it at {'the rate of its host' if rate is None else f'{rate} Hz'}"
    made = f"an LSTM of {config.hidden} units{knobs}, for {plugin}, which {habit}"
    return f"{made}; it was learned at {player.sample_rate} Hz{_warning(rate, player.sample_rate)}"


def _warning(rate: int | None, learned: int) -> str:
    """What to know where the plugin has another rate than the model."""
    if rate in (None, learned):
        return f", so run its host at {learned} Hz" if rate is None else ""
    return f".\nIt will sound wrong there: teach it from recordings at {rate} Hz"


def looks_like(values: dict) -> bool:
    """Whether these are the values of such a file."""
    return "model_data" in values and "state_dict" in values


def from_values(values: dict, rate: int | None = None) -> storage.Tone:
    """The model of the values of such a file, of any size.

    Args:
        values: of the file.
        rate: at how many Hz it plays, for the file tells none; None for 44100.

    Returns:
        The model. The file does not name its knobs, so they are knob1, knob2 and so on.

    Raises:
        ConfigError: when they ask for what this version does not play.
    """
    if not looks_like(values):
        raise ConfigError("it is not a GuitarML file")
    shape, state = field(values, "model_data", dict), field(values, "state_dict", dict)
    for name, wanted in (("model", "SimpleRNN"), ("output_size", 1), ("num_layers", 1)):
        only(shape, name, wanted)
    unit, skip = field(shape, "unit_type", str), field(shape, "skip", int)
    if unit not in UNITS:
        raise ConfigError(f"its 'unit_type' is {shown(unit)}, and this version plays {words(UNITS)}")
    if skip not in (0, 1):
        raise ConfigError(f"its 'skip' is {shown(skip)}, and this version plays 0 and 1")
    config = config_of(
        UNITS[unit], field(shape, "hidden_size", int), field(shape, "input_size", int), direct=skip == 1
    )
    learned = rate_of(None, rate, USUAL_RATE)
    return storage.Tone(
        "lstm", model_of(config, _weights(config, state)), learned, provenance=assumed(None, rate)
    )


def _weights(config, state: dict) -> Weights:
    rows, hidden = CELLS[config.cell].gates * config.hidden, config.hidden
    shapes = {"weight_ih": (rows, 1 + len(config.knobs)), "weight_hh": (rows, hidden)}
    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    cells = [_tensor(state, f"rec.{name}_l0", shape) for name, shape in shapes.items()]
    # a network that was taught without a bias has none
    bias = _tensor(state, "lin.bias", (1,)) if state.get("lin.bias") is not None else torch.zeros(1)
    return Weights(*cells, _tensor(state, "lin.weight", (1, hidden)), bias)


def _tensor(state: dict, name: str, shape: tuple[int, ...]) -> Tensor:
    return matrix(field(state, name, list), shape, name)
