"""What the formats that hold a recurrent network share: one LSTM or GRU, and a sum over its units.

Matrices are torch's: a row for each gate of each unit, the gates one after another (layers/recurrent.py).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.models.base import Model
from tonewright.runtime.player import Player

MAX_INPUTS = 65  # the sound and 64 knobs


@dataclass(frozen=True)
class Weights:
    """Of one recurrent layer and the sum over its units.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: [gates * H, inputs], [gates * H, H] and twice [gates * H].
        weight, bias: of the sum, [1, H] and [1].
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor
    weight: Tensor
    bias: Tensor


def check_single(player: Player, title: str) -> None:
    """Refuse all but a recurrent network of one layer.

    Raises:
        ConfigError: saying what players of that title want.
    """
    if player.tone.architecture != "lstm":
        raise ConfigError(f"{title} files hold an LSTM, and this model is of kind {player.tone.architecture}")
    layers = player.model.config.layers
    if layers > 1:
        raise ConfigError(
            f"{title} players have one layer, and this model has {layers}; teach --setting layers=1"
        )


@torch.no_grad()
def weights_of(model: Model, scaled: bool = True) -> Weights:
    """What a model of one layer plays with; the scale of its output goes into the sum, unless it is kept apart."""
    cell, head = model.body.layers
    scale = model.head_scale if scaled else 1.0
    matrices = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    return Weights(*matrices, head.weight[..., 0] * scale, head.bias * scale)


def config_of(cell: str, hidden: int, inputs: int, direct: bool):
    """The settings of a model of one layer; what it hears beside the sound are knobs, knob1 and so on.

    Raises:
        ConfigError: a size that our models do not have.
    """
    if not 1 <= inputs <= MAX_INPUTS:
        raise ConfigError(f"it hears {inputs} inputs, and this version plays 1 to {MAX_INPUTS}")
    knobs = tuple(f"knob{i + 1}" for i in range(inputs - 1))
    return models.find("lstm").Config(hidden, 1, cell, direct, knobs)


@torch.no_grad()
def model_of(config, weights: Weights) -> Model:
    """The model of these settings that plays with these weights."""
    model = models.find("lstm").Model(config)
    layer, head = model.body.layers
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(layer, name).copy_(getattr(weights, name))
    head.weight.copy_(weights.weight[..., None])
    head.bias.copy_(weights.bias)
    return model.eval()
