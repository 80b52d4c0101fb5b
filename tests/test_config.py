"""Settings survive JSON, and every wrong one is named."""

from dataclasses import dataclass

import pytest

from tonewright.config import did_you_mean, from_json, to_json
from tonewright.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    size: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    inner: Inner
    parts: tuple[Inner, ...] = (Inner(1),)
    rate: float = 1.0
    on: bool = False
    limit: float | None = None


def test_there_and_back():
    for config in (Outer(Inner(3)), Outer(Inner(1, ("a", "b")), (), 2.5, True, 0.5)):
        assert from_json(Outer, to_json(config)) == config


def test_an_integer_is_a_float_too():
    config = from_json(Outer, {"inner": {"size": 1}, "rate": 3, "limit": 2})
    assert isinstance(config.rate, float) and isinstance(config.limit, float)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"rat": 1}, "no setting called 'rat' in Outer; did you mean 'rate'"),
        ({"inner": 3}, "Outer.inner wants settings by name, and got int"),
        ({"inner": {}}, "Outer.inner wants a setting called 'size', and it is missing"),
        ({"inner": {"size": True}}, "Outer.inner.size wants int, and is True"),
        ({"inner": {"size": 1.0}}, "Outer.inner.size wants int"),
        ({"parts": [{"size": 1}, {"size": "2"}]}, r"Outer.parts\[1\].size wants int, and is '2'"),
        ({"parts": "ab"}, "Outer.parts wants a list"),
        ({"rate": True}, "Outer.rate wants float"),
        ({"rate": 10**400}, "Outer.rate wants float"),
        ({"limit": "x"}, "Outer.limit wants float"),
        ({"on": 1}, "Outer.on wants bool"),
        ({"on": "x" * 10_000}, "Outer.on wants bool"),
    ],
)
def test_what_is_wrong_is_named(change, words):
    with pytest.raises(ConfigError, match=words) as told:
        from_json(Outer, {"inner": {"size": 1}} | change)
    assert len(str(told.value)) < 300


def test_the_whole_may_be_no_settings_at_all():
    for values in (None, [], 3, "x"):
        with pytest.raises(ConfigError, match="by name"):
            from_json(Outer, values)


def test_nothing_near_lists_all():
    assert did_you_mean("zzz", ["lite", "nano"]) == "; there is lite, nano"
    assert did_you_mean("zzz", []) == "; there is none"
