"""Our LSTM from the settings and weights of a .nam file.

The flat list of weights has, for each layer, its two weight matrices side by side, one bias for each gate, and the
state that it begins from.
"""

import torch
from torch import Tensor

from tonewright import models
from tonewright.export.fields import expect, field, only
from tonewright.models.base import Model

# what is told of an LSTM whose file begins from zeros, so that these are written again
FROM_ZERO = {"begins": "from zero"}


def lstm(config: dict, weights: Tensor, rate: int) -> tuple[str, Model]:
    """The LSTM of these settings, and its key.

    Raises:
        ConfigError: settings that our LSTM does not have, or another number of weights than they need.
    """
    room = models.find("lstm")
    for name in ("input_size", "in_channels", "out_channels"):
        only(config, name, 1)
    hidden, layers = field(config, "hidden_size", int), field(config, "num_layers", int)
    settings = room.Config(hidden, layers)
    sizes = [4 * hidden * (width + hidden) + 6 * hidden for width in (1, *[hidden] * (layers - 1))]
    expect(weights, sum(sizes) + hidden + 1)
    model = room.Model(settings)
    *cells, head = model.body.layers
    *parts, weight, bias = weights.split([*sizes, hidden, 1])
    with torch.no_grad():
        for cell, part in zip(cells, parts, strict=True):
            _fill_cell(cell, part)
        head.weight.copy_(weight.reshape(head.weight.shape))
        head.bias.copy_(bias)
    return "lstm", model


def begins_from_zero(cells) -> bool:
    """Whether no layer has a state that it begins from."""
    return not any(bool(cell.initial_h.any() or cell.initial_c.any()) for cell in cells)


def _fill_cell(cell, part: Tensor) -> None:
    rows, hidden = cell.weight_ih.shape[0], cell.hidden
    matrix, bias, h, c = part.split([rows * (cell.inputs + hidden), rows, hidden, hidden])
    both = matrix.reshape(rows, cell.inputs + hidden)
    cell.weight_ih.copy_(both[:, : cell.inputs])
    cell.weight_hh.copy_(both[:, cell.inputs :])
    cell.bias_ih.copy_(bias)
    cell.bias_hh.zero_()  # the file has their sum
    cell.initial_h.copy_(h)
    cell.initial_c.copy_(c)
