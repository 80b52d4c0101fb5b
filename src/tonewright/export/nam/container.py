"""A .nam file that holds one model in several sizes, from which a player chooses."""

from tonewright.errors import ConfigError
from tonewright.export.fields import field, number, rate_of_sound
from tonewright.export.nam.version import check_version

KIND, MAX_DEPTH = "SlimmableContainer", 4  # containers within containers


def is_container(values: dict) -> bool:
    """Whether these are the values of one."""
    return values.get("architecture") == KIND


def models_of(values: dict, size: float | None = None) -> list[dict]:
    """The model of that size, and the containers that it is in, from the innermost out.

    Args:
        values: of a file.
        size: from 0, the smallest, to 1, the largest; None for that one, and for a file of one model.

    Raises:
        ConfigError: for a size that there is not, or a container that the players of these files refuse.
    """
    if size is not None and not 0.0 <= size <= 1.0:
        raise ConfigError(f"a size is from 0, the smallest, to 1, the largest, and not {size:g}")
    if size is not None and not is_container(values):
        raise ConfigError("it holds its model in one size; leave the size out")
    return _within(values, 1.0 if size is None else size, MAX_DEPTH)


def sizes(values: dict) -> int:
    """How many models a file holds."""
    return len(values["config"]["submodels"]) if is_container(values) else 1


def rate_told(models: list[dict]) -> float | None:
    """The rate in Hz that a model or a container around it tells; None where none does.

    Raises:
        ConfigError: when it is none.
    """
    return next((rate for model in models if (rate := _rate(model)) is not None), None)


def _within(values: dict, size: float, depth: int) -> list[dict]:
    check_version(values)
    if not is_container(values):
        return [values]
    if depth == 0:
        raise ConfigError(f"its containers are more than {MAX_DEPTH} deep")
    rows = field(field(values, "config", dict), "submodels", list)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigError("its container wants a list of models")
    ends, inner = [number(row, "max_value") for row in rows], [field(row, "model", dict) for row in rows]
    if sorted(set(ends)) != ends or ends[-1] < 1.0:
        raise ConfigError("its container wants a 'max_value' that grows from model to model, up to 1 or more")
    if len({_rate(model) for model in (values, *inner)} - {None}) > 1:
        raise ConfigError("its container holds models of several sample rates, and wants one")
    chosen = next((model for model, end in zip(inner, ends, strict=True) if size < end), inner[-1])
    return [*_within(chosen, size, depth - 1), values]


def _rate(values: dict) -> int | None:
    return None if values.get("sample_rate") is None else rate_of_sound(number(values, "sample_rate"))
