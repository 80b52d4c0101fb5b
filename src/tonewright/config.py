"""Settings: frozen dataclasses to and from plain JSON, with errors that name the setting."""

import dataclasses
import difflib
import reprlib
import types
import typing

from tonewright.errors import ConfigError


def to_json(config) -> dict:
    """A dataclass, nested or not, as plain JSON values."""
    return dataclasses.asdict(config)


def from_json(cls: type, values: object, what: str | None = None):
    """The dataclass that `to_json` came from. Nothing in `values` is trusted.

    Args:
        cls: a dataclass of bool, int, float, str, other dataclasses, tuples and optionals of these.
        values: what a JSON reader returned.
        what: how to call the whole in an error.

    Raises:
        ConfigError: an unknown setting, a missing one, or a value of the wrong type.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Amp:
    ...     channels: int = 16
    >>> from_json(Amp, {"channels": 8})
    Amp(channels=8)
    >>> from_json(Amp, {"chanels": 8})
    Traceback (most recent call last):
    tonewright.errors.ConfigError: no setting called 'chanels' in Amp; did you mean 'channels'?
    """
    what = what or cls.__name__
    if not isinstance(values, dict):
        raise ConfigError(f"{what} wants settings by name, and got {type(values).__name__}")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    for name in values:
        if name not in fields:
            raise ConfigError(f"no setting called '{name}' in {what}{did_you_mean(name, fields)}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError(f"{what} wants a setting called '{name}', and it is missing")
    return cls(**{name: _value(hints[name], value, f"{what}.{name}") for name, value in values.items()})


def did_you_mean(name: str, known) -> str:
    """The end of a sentence about an unknown name: the nearest known one, or the list of all.

    >>> did_you_mean("standrad", ["standard", "lite"])
    "; did you mean 'standard'?"
    """
    known = [str(k) for k in known]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is {', '.join(known)}" if known else "; there is none"


def _value(hint, value, what: str):
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _value(arguments[0], value, what)
    if dataclasses.is_dataclass(hint):
        return from_json(hint, value, what)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{what} wants a list, and is {_shown(value)}")
        return tuple(_value(arguments[0], item, f"{what}[{i}]") for i, item in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1023:
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(f"{what} wants {hint.__name__}, and is {_shown(value)}")
    return value


def _shown(value) -> str:
    """A value as a sentence can hold it; a file from a stranger may hold a book."""
    return reprlib.repr(value)
