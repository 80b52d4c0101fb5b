"""Our LSTM as the settings and weights of a .nam file.

Each layer has its two matrices side by side, the sum of its two biases, and the state that it begins from. Players
warm up with silence, but not all of them for long: so that state is the one after a second of it, unless the model
brought another.
"""

import torch
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.facts import no_knobs
from tonewright.export.nam.read_lstm import FROM_ZERO, begins_from_zero
from tonewright.export.nam.version import OLD
from tonewright.layers.recurrent import LSTM
from tonewright.models.base import Model
from tonewright.runtime.player import Player
from tonewright.threads import one_thread

REST = 48000  # samples of silence after which a model is at rest


def check(player: Player) -> None:
    """Refuse a recurrent network that .nam files have no words for.

    Raises:
        ConfigError: saying which part of it.
    """
    config = player.model.config
    no_knobs(player, ".nam")
    if config.cell != "lstm":
        raise ConfigError(".nam players have LSTMs and no GRUs; teach --preset 1x16")
    if config.direct:
        raise ConfigError(
            ".nam players do not add the dry sound to an LSTM, and this model wants it; teach --preset 1x16"
        )


def content(player: Player) -> dict:
    """The version, settings and weights of the model, as the file has them."""
    config = player.model.config
    return {
        "version": OLD,
        "architecture": "LSTM",
        "config": {"input_size": 1, "hidden_size": config.hidden, "num_layers": config.layers},
        "weights": stranger.short(
            flat(player.model, FROM_ZERO.items() <= player.tone.provenance.items()).numpy()
        ),
    }


def weights(player: Player) -> int:
    """How many weights the file will hold."""
    hidden, layers = player.model.config.hidden, player.model.config.layers
    return 4 * hidden * (1 + hidden + (layers - 1) * 2 * hidden) + 6 * hidden * layers + hidden + 1


@torch.no_grad()
def flat(model: Model, from_zero: bool = False) -> Tensor:
    """Every weight in the order of the file; the scale of the output goes into the last ones. [n]

    Args:
        model: of a .tone file or another.
        from_zero: begin as it does, although that is no rest, for so did the file that it was read from.
    """
    *cells, head = model.body.layers
    states = [(cell.initial_h, cell.initial_c) for cell in cells]
    if begins_from_zero(cells) and not from_zero:
        states = at_rest(cells)
    parts = []
    for cell, (h, c) in zip(cells, states, strict=True):
        both = torch.cat([cell.weight_ih, cell.weight_hh], dim=1)
        parts += [both.flatten(), cell.bias_ih + cell.bias_hh, h, c]
    return torch.cat([*parts, (head.weight * model.head_scale).flatten(), head.bias * model.head_scale])


@one_thread()
@torch.no_grad()
def at_rest(cells: list[LSTM]) -> list[tuple[Tensor, Tensor]]:
    """The state (h, c), each [hidden], of each layer after silence."""
    x, states = torch.zeros(1, 1, REST), []
    for cell in cells:
        x, state = cell(x, cell.initial_state(1))
        states.append((state[0][0], state[1][0]))
    return states
