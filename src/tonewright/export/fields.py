"""What a stranger's JSON says, each value as what it should be or as one sentence."""

import math
import reprlib
from collections.abc import Iterable
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError

MAX_SHOWN = 100  # characters
MAX_NUMERAL = 64  # characters of a number
MAX_SLOPE = 100.0  # of what a sound is multiplied by below 0, layer after layer
MAX_NUMBER = 1e9  # of a setting; of a weight it is what float32 can hold


def field(values: dict, name: str, kind: type):
    """The value of that name.

    Raises:
        ConfigError: when it is missing or of another kind.

    >>> field({"channels": "8"}, "channels", int)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: 'channels' wants a whole number, and is '8'
    """
    value = values.get(name)
    if kind is int and is_whole(value):
        return int(value)
    if type(value) is not kind:
        wants = {
            int: "a whole number",
            str: "a word",
            list: "a list",
            dict: "settings",
            bool: "true or false",
        }
        raise ConfigError(f"'{name}' wants {wants[kind]}, and is {shown(value)}")
    return value


def number(values: dict, name: str) -> float:
    """The number of that name.

    Raises:
        ConfigError: when it is missing or of another kind, or beyond all reason.

    >>> number({"in_gain": -6}, "in_gain")
    -6.0
    """
    value = values.get(name)
    if not is_number(value):
        raise ConfigError(f"'{name}' wants a number, and is {shown(value)}")
    return float(value)


def is_number(value) -> bool:
    """Whether it is a finite number, of a size that a setting may have."""
    return type(value) in (int, float) and abs(value) < MAX_NUMBER and math.isfinite(value)


def is_whole(value) -> bool:
    """Whether it is a whole number, also where it is written as 3.0.

    >>> is_whole(3), is_whole(3.0), is_whole(3.5), is_whole(True)
    (True, True, False, False)
    """
    return type(value) is int or (is_number(value) and value == int(value))


def unspelled(value):
    """A value, and of a number that is written as a word that number.

    >>> unspelled("0.5"), unspelled("half")
    (0.5, 'half')
    """
    if type(value) is not str or len(value) > MAX_NUMERAL or not value.isascii() or "_" in value:
        return value
    try:
        return float(value)
    except ValueError:
        return value


def rate_of_sound(value: float) -> int:
    """A sample rate in Hz.

    Raises:
        ConfigError: when it is none.
    """
    if value != int(value) or not 1000 <= value <= 1_000_000:
        raise ConfigError(f"its sample rate is {value:g} Hz, which is no rate of sound")
    return int(value)


def numbers(values: list, name: str) -> Tensor:
    """A flat list of weights as float32 [n].

    Raises:
        ConfigError: when one of them is no finite number.

    >>> numbers([1, 0.5], "weights")
    tensor([1.0000, 0.5000])
    """
    if not {*map(type, values)} <= {int, float}:
        odd = next(value for value in values if type(value) not in (int, float))
        raise ConfigError(f"its {name} hold {shown(odd)}, which is no number")
    try:
        # what float32 cannot hold becomes infinite, which is told below
        with np.errstate(over="ignore"):
            array = np.array(values, np.float64).astype(np.float32)
    except OverflowError as error:
        raise ConfigError(f"its {name} hold a number that is too large") from error
    if not np.isfinite(array).all():
        raise ConfigError(f"its {name} hold NaN or infinite numbers")
    return torch.from_numpy(array)


def gentle(slopes: Tensor) -> Tensor:
    """Those slopes of activations, none of them so steep that a few layers make a sound infinite.

    Raises:
        ConfigError: for one that is.

    >>> gentle(torch.tensor([0.01, 1e8]))
    Traceback (most recent call last):
    tonewright.errors.ConfigError: slopes of activations are -100 to 100, and one is 1e+08
    """
    steepest = float(slopes.flatten()[slopes.abs().argmax()])
    if abs(steepest) > MAX_SLOPE:
        raise ConfigError(
            f"slopes of activations are {-MAX_SLOPE:g} to {MAX_SLOPE:g}, and one is {steepest:g}"
        )
    return slopes


def expect(weights: Tensor, count: int) -> None:
    """Refuses another number of weights than the settings need.

    Raises:
        ConfigError: when it is another.

    >>> expect(torch.zeros(3), 4)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: its settings need 4 weights, and it has 3
    """
    if len(weights) != count:
        raise ConfigError(f"its settings need {count} weights, and it has {len(weights)}")


def matrix(value, shape: tuple[int, ...], name: str) -> Tensor:
    """Lists in lists as float32 of that shape.

    Raises:
        ConfigError: when they have another shape, or one of them is no finite number.

    >>> matrix([[1, 2], [3, 4]], (2, 2), "W")
    tensor([[1., 2.],
            [3., 4.]])
    """
    rows = [value]
    for size in shape:
        if not all(type(row) is list and len(row) == size for row in rows):
            raise ConfigError(
                f"'{name}' wants lists of {' x '.join(map(str, shape))} numbers, and has others"
            )
        rows = [*chain.from_iterable(rows)]
    return numbers(rows, name).reshape(shape)


def only(values: dict, name: str, wanted) -> None:
    """Accepts a setting that is not there, or is the one that our models have.

    Raises:
        ConfigError: for any other.

    >>> only({"groups_input": 2}, "groups_input", 1)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: '...' is 2, and this version plays only 1
    """
    value = values.get(name)
    if type(wanted) is int and is_whole(value):
        value = int(value)
    if value is not None and (type(value) is not type(wanted) or value != wanted):
        wanted = "without it" if wanted is None else shown(wanted)
        raise ConfigError(f"'{name}' is {shown(value)}, and this version plays only {wanted}")


def known(names: Iterable[str], among: Iterable[str], what: str) -> None:
    """Accepts names that are all among those.

    Raises:
        ConfigError: for the first that is not.

    >>> known(["gain", "tnah"], ["gain", "tanh"], "this chain")
    Traceback (most recent call last):
    tonewright.errors.ConfigError: this chain has no 'tnah'; did you mean 'tanh'?
    """
    among = [*among]
    for name in names:
        if name not in among:
            raise ConfigError(f"{what} has no {shown(name)}{did_you_mean(name[:MAX_SHOWN], among)}")


def each(values: dict, name: str, count: int) -> list:
    """A setting that is given once for all layers, or once for each of `count`, as a list; of None without it.

    Raises:
        ConfigError: when there is another number of them.

    >>> each({"gating_mode": "none"}, "gating_mode", 2)
    ['none', 'none']
    """
    value = values.get(name)
    if not isinstance(value, list):
        return [value] * count
    if len(value) != count:
        raise ConfigError(f"'{name}' wants one value for each of {count} layers, and has {len(value)}")
    return value


def shown(value) -> str:
    """A value as a sentence can hold it; a file from a stranger may hold a book."""
    told = reprlib.repr(value)
    return told if len(told) <= MAX_SHOWN else f"{told[:MAX_SHOWN]}..."


def words(known) -> str:
    """Names, as a sentence lists them.

    >>> words(["WaveNet", "LSTM"])
    'WaveNet and LSTM'
    """
    *others, last = known
    return f"{', '.join(others)} and {last}" if others else last
