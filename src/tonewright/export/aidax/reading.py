"""The model of an AIDA-X or RTNeural file.

One recurrent layer with a sum over its units is an LSTM of ours, its gains within its weights. Anything else is a row
of layers, and so is a network that adds the dry sound louder or softer than it heard it.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from tonewright import models, storage
from tonewright.errors import ConfigError
from tonewright.export.aidax.layers import Filled, parts_of, width
from tonewright.export.facts import ESR, assumed, kept, rate_of, within
from tonewright.export.fields import field, is_number, is_whole, number, rate_of_sound, shown, unspelled
from tonewright.export.recurrent import Weights, config_of, model_of
from tonewright.layers.recurrent import CELLS
from tonewright.models.base import Model

USUAL_RATE = 48000  # Hz; of a file that tells none
MAX_LAYERS, MAX_GAIN_DB = 128, 120.0
# what a file tells of its model: our names of the same things
FACTS = {name: name for name in ("name", "source", "style", "based", "author", "dataset", "license")}
FACTS |= {"author": "modeled_by"}


class Gains(NamedTuple):
    """Factors, of all that goes in and of all that comes out."""

    before: float
    after: float


def looks_like(values: dict) -> bool:
    """Whether these are the values of such a file."""
    return "in_shape" in values and "layers" in values


def from_values(values: dict, rate: int | None = None) -> storage.Tone:
    """The model of the values of such a file.

    Args:
        values: of the file.
        rate: at how many Hz it plays, where the file tells none or two; None for 48000.

    Returns:
        The model, with its gains in its weights and what is told of it. Its knobs are knob1 and knob2.

    Raises:
        ConfigError: when they ask for what this version does not play.
    """
    if not looks_like(values):
        raise ConfigError("it is not an AIDA-X file")
    inputs, filled = _parts(values)
    direct = _skip(values)
    levels_db = [_level_db(values, name) for name in ("in_gain", "out_gain")]
    gains = Gains(*(10.0 ** (level_db / 20.0) for level_db in levels_db))
    told = values["metadata"] if isinstance(values.get("metadata"), dict) else {}
    rate, from_where = _rate(values, told, rate)
    if _is_recurrent(filled) and (not direct or sum(levels_db) == 0.0):
        tone = storage.Tone("lstm", _recurrent(filled, inputs, direct, gains), rate)
    else:
        tone = storage.Tone("row", _row(filled, inputs, direct, gains), rate)
    tone.provenance = kept(told, FACTS) | from_where
    esr = unspelled(told.get("esr"))
    tone.metrics = {"esr": float(esr)} if within(esr, ESR) else {}
    return tone


def _parts(values: dict) -> tuple[int, list[Filled]]:
    """How many inputs it hears, and its layers."""
    layers = field(values, "layers", list)
    if not 1 <= len(layers) <= MAX_LAYERS or not all(isinstance(layer, dict) for layer in layers):
        raise ConfigError(f"'layers' wants 1 to {MAX_LAYERS} groups of settings, and is {shown(layers)}")
    channels = inputs = width(values, "in_shape")
    filled = []
    for layer in layers:
        parts, channels = parts_of(layer, channels)
        filled += parts
    return inputs, filled


def _skip(values: dict) -> bool:
    """Whether the dry sound is added."""
    skip = values.get("in_skip")
    if skip is None:
        return False
    if not (type(skip) is bool or is_whole(skip)) or skip not in (0, 1):
        raise ConfigError(f"its 'in_skip' is {shown(skip)}, and this version plays 0 and 1")
    return bool(skip)


def _level_db(values: dict, name: str) -> float:
    if values.get(name) is None:
        return 0.0
    level_db = number(values, name)
    if abs(level_db) > MAX_GAIN_DB:
        raise ConfigError(f"'{name}' is within {MAX_GAIN_DB:g} dB, and not {level_db:g}")
    return level_db


def _rate(values: dict, told: dict, given: int | None) -> tuple[int, dict[str, str]]:
    """The rate, and what is told of it: beside the layers, or among what is told, often as a word.

    Players of these files do not ask for it, so what is no number is left out.
    """
    found = [unspelled(place.get("samplerate")) for place in (values, told)]
    rates = [rate_of_sound(rate) for rate in found if is_number(rate)]
    if len(set(rates)) < 2:
        own = rates[0] if rates else None
        return rate_of(own, given, USUAL_RATE), assumed(own, given)
    if given not in rates:
        raise ConfigError(
            f"it tells two sample rates, {rates[0]} and {rates[1]} Hz; say which is right as the rate"
        )
    return given, {}


def _is_recurrent(filled: list[Filled]) -> bool:
    """Whether it is one recurrent layer and a sum over its units."""
    kinds = [row.part.kind for row in filled]
    last = filled[-1].part
    return (
        len(kinds) == 2 and kinds[0] in CELLS and kinds[1] == "conv" and (last.outputs, last.kernel) == (1, 1)
    )


def _recurrent(filled: list[Filled], inputs: int, direct: bool, gains: Gains) -> Model:
    cell, head = filled
    heard = cell.tensors["weight_ih"]
    sound = _louder(heard[:, :1], gains.before)  # and not the knobs
    tensors = cell.tensors | {"weight_ih": torch.cat([sound, heard[:, 1:]], dim=1)}
    weight, bias = (_louder(head.tensors[name], gains.after) for name in ("weight", "bias"))
    config = config_of(cell.part.kind, cell.part.outputs, inputs, direct)
    return model_of(config, Weights(**tensors, weight=weight[..., 0], bias=bias))


def _louder(weights: Tensor, gain: float) -> Tensor:
    made = (weights.double() * gain).float()
    if not bool(torch.isfinite(made).all()):
        raise ConfigError("its gains make its weights infinite")
    return made


@torch.no_grad()
def _row(filled: list[Filled], inputs: int, direct: bool, gains: Gains) -> Model:
    room = models.find("row")
    knobs = tuple(f"knob{i + 1}" for i in range(inputs - 1))
    model = room.Model(room.Config(tuple(row.part for row in filled), direct, knobs))
    for layer, row in zip(model.body.layers, filled, strict=True):
        own = {name.rpartition(".")[2]: tensor for name, tensor in layer.state_dict(keep_vars=True).items()}
        for name, tensor in row.tensors.items():
            own[name].copy_(tensor)
    model.input_gain.fill_(gains.before)
    model.head_scale.fill_(gains.after)
    if direct:
        model.direct_gain.fill_(gains.before * gains.after)
    return model.eval()
