"""Activations as a .nam file names them: a name, or a name with its numbers."""

import torch
from torch import Tensor, nn

from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.fields import each, gentle, number, numbers, shown, words
from tonewright.layers.activations import SLOPE

# the file's name: ours
KINDS = {
    "Tanh": "tanh",
    "Fasttanh": "tanh",  # which it stands for
    "Hardtanh": "hardtanh",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "Sigmoid": "sigmoid",
    "SiLU": "silu",
    "Hardswish": "hardswish",
    "LeakyHardtanh": "leaky_hardtanh",
    "LeakyHardTanh": "leaky_hardtanh",
    "Softsign": "softsign",
}
BOUNDS = {  # the file's name: ours, and what it is where the file says nothing
    "min_val": ("low", -1.0),
    "max_val": ("high", 1.0),
    "min_slope": ("low_slope", SLOPE),
    "max_slope": ("high_slope", SLOPE),
}
USUAL = {"negative_slope": SLOPE} | {name: usual for name, (_, usual) in BOUNDS.items()}

Bend = tuple[str, dict]  # our name, and the numbers by the name of the weight that holds them


def bends(array: dict, gatings: list[str]) -> list[tuple[Bend, str, Bend]]:
    """Of each layer of an array: its activation, how it is gated, and by what.

    Raises:
        ConfigError: for what is no activation, or one that the format does not have.
    """
    count = len(gatings)
    firsts, seconds = (each(array, name, count) for name in ("activation", "secondary_activation"))
    return [
        (bend(first), gating, bend("Sigmoid" if second is None or gating == "none" else second))
        for first, gating, second in zip(firsts, gatings, seconds, strict=True)
    ]


def bend(activation) -> Bend:
    """One activation.

    Raises:
        ConfigError: as `bends`.

    >>> bend("Tanh"), bend({"type": "LeakyReLU", "negative_slope": 0.2})
    (('tanh', {}), ('prelu', {'slopes': tensor([0.2000])}))
    """
    values = activation if isinstance(activation, dict) else {"type": activation}
    name = values.get("type")
    if not isinstance(name, str):
        raise ConfigError(f"'activation' wants a name, and is {shown(name)}")
    if name not in KINDS:
        raise ConfigError(f"its activation is {shown(name)}, and this version plays {words(KINDS)}")
    kind = KINDS[name]
    if kind == "leaky_hardtanh":
        numbered = {
            ours: torch.tensor(_number(values, told, usual)) for told, (ours, usual) in BOUNDS.items()
        }
        gentle(torch.stack([numbered["low_slope"], numbered["high_slope"]]))
        return kind, numbered
    if kind == "leaky_relu" and stranger.short(_number(values, "negative_slope", SLOPE)) == SLOPE:
        return kind, {}
    if kind in ("leaky_relu", "prelu"):
        return "prelu", {"slopes": _slopes(values)}
    return kind, {}


def told(activation: nn.Module, kind: str) -> dict:
    """An activation of ours of that kind, as the file names it with its numbers.

    Raises:
        ConfigError: for one that the format does not have.

    >>> told(nn.LeakyReLU(), "leaky_relu")
    {'type': 'LeakyReLU', 'negative_slope': 0.01}
    """
    name = next((name for name, ours in KINDS.items() if ours == kind), None)
    if name is None:
        raise ConfigError(
            f".nam players have no activation '{kind}', only {words(dict.fromkeys(KINDS.values()))}"
        )
    values = {"type": name}
    if kind == "leaky_relu":
        values["negative_slope"] = SLOPE
    if kind == "prelu":
        slopes = stranger.short(gentle(activation.slopes.detach()).flatten())
        if len(set(slopes)) == 1:  # which more players have, and in more places
            return {"type": "LeakyReLU", "negative_slope": slopes[0]}
        values["negative_slopes"] = slopes
    if kind == "leaky_hardtanh":
        bounds = {name: getattr(activation, ours).detach() for name, (ours, _) in BOUNDS.items()}
        values |= {name: stranger.short(bound) for name, bound in bounds.items()}
    return values


def fill(activation: nn.Module, bend: Bend) -> None:
    """Gives an activation of ours its numbers.

    Raises:
        ConfigError: when there is not one for each channel, or one for all.
    """
    for name, value in bend[1].items():
        weight = getattr(activation, name)
        if value.numel() not in (1, weight.numel()):
            told = f"{weight.numel()} channels, and has {value.numel()}"
            raise ConfigError(f"'negative_slopes' wants one number for each of {told}")
        with torch.no_grad():
            weight.copy_(value.reshape(-1, 1) if weight.ndim else value)


def _slopes(values: dict) -> Tensor:
    """One for each channel, or one for all."""
    slopes = values.get("negative_slopes")
    if slopes is None:
        return gentle(torch.tensor([_number(values, "negative_slope", SLOPE)]))
    if not isinstance(slopes, list) or not slopes:
        raise ConfigError(f"'negative_slopes' wants a list of numbers, and is {shown(slopes)}")
    return gentle(numbers(slopes, "negative_slopes"))


def _number(values: dict, name: str, usual: float) -> float:
    return usual if values.get(name) is None else number(values, name)
