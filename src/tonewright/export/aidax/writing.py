"""Writing what AIDA-X plays: one LSTM or GRU, a sum over its units, and the dry sound beside it or not."""

from pathlib import Path

import torch
from torch import Tensor

from tonewright import storage
from tonewright.export import stranger
from tonewright.export.aidax.layers import swapped
from tonewright.export.aidax.reading import FACTS
from tonewright.export.aidax.single import Single, single
from tonewright.export.fields import words
from tonewright.export.recurrent import Weights, model_of
from tonewright.runtime.player import Player

BATCH = 2048  # samples with which a player tests itself


def check(player: Player) -> None:
    """Refuse what AIDA-X was not compiled for.

    Raises:
        ConfigError: saying what.
    """
    single(player)


def write(player: Player, path: Path, about: dict[str, str] | None = None) -> str:
    """Write the model, and how it answers a short sound, with which players test themselves.

    Args:
        player: of the model; the scale of the output of an LSTM goes into its last weights.
        path: of the file.
        about: what is told of it, name, source, style, based, author, dataset or license.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: the format cannot hold the model.
        FileError: it cannot be written there.
    """
    made, rate = single(player), player.sample_rate
    config = made.config
    values = {"in_shape": [None, None, 1 + len(config.knobs)], "in_skip": int(config.direct)}
    values |= made.gains_db | {"layers": layers_of(config.cell, made.weights)}
    x = storage.probe(rate, BATCH)
    values |= {"input_batch": x.tolist(), "output_batch": first_answer(made, x).tolist()}
    # some players look for the rate here, and take a number only
    values |= {"samplerate": rate, "metadata": metadata(player, about or {})}
    stranger.write(path, values)
    knobs = f" with {words(config.knobs)} as PARAM1 and on" if config.knobs else ""
    return (
        f"{'an LSTM' if config.cell == 'lstm' else 'a GRU'} of {config.hidden} units{knobs}, for AIDA-X and "
        f"RTNeural; AIDA-X plays it at the rate of its host, so run that at {rate} Hz"
    )


def layers_of(cell: str, weights: Weights) -> list[dict]:
    """The two layers of such a file."""
    both = (weights.weight_ih, weights.weight_hh)
    biases = (weights.bias_ih, weights.bias_hh)
    if cell == "gru":
        both, biases = ([swapped(part) for part in parts] for parts in (both, biases))
        bias = torch.stack(list(biases))
    else:
        bias = biases[0] + biases[1]
    hidden = weights.weight_hh.shape[1]
    return [
        _layer(cell, hidden, [*(matrix.mT for matrix in both), bias]),
        _layer("dense", 1, [weights.weight.mT, weights.bias]),
    ]


def _layer(kind: str, outputs: int, weights: list[Tensor]) -> dict:
    row = {"type": kind, "activation": "", "shape": [None, None, outputs]}
    return row | {"weights": [weight.tolist() for weight in weights]}


@torch.no_grad()
def first_answer(made: Single, x: Tensor) -> Tensor:
    """What a player makes of x [T] right after it read the file: memory empty, every knob at 0 and no gains. [T]"""
    model, x = model_of(made.config, made.weights), x[None, None]
    y, _ = model(x, model.initial_state(1), **{port.name: torch.zeros_like(x) for port in model.ports})
    return y[0, 0]


def metadata(player: Player, about: dict[str, str]) -> dict:
    """What is told of the model: what we know of it, and over it what a person says."""
    tone = player.tone
    told = {name: tone.provenance[ours] for name, ours in FACTS.items() if ours in tone.provenance}
    told |= {"samplerate": str(tone.sample_rate)}
    if "esr" in tone.metrics:
        told |= {"esr": tone.metrics["esr"]}
    return told | about
