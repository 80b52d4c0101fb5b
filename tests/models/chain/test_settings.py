"""Settings: what they are called, where they go, and what is said to whoever asks for something else."""

import math

import pytest
import torch

from tests.models.chain.made import by_chance, made
from tonewright.errors import ConfigError
from tonewright.models.chain.processors import PROCESSORS
from tonewright.models.chain.setting import Setting

SETTINGS = [(kind, setting) for kind, made in PROCESSORS.items() for setting in made.settings]
ALL = pytest.mark.parametrize("kind,setting", SETTINGS, ids=[f"{kind}.{s.name}" for kind, s in SETTINGS])


def listed(setting: Setting, count: int, value: float):
    return [value] * count if setting.count != 1 else value


@ALL
def test_positions_are_the_inverse_of_values(kind, setting):
    positions = torch.linspace(0, 1, 11, dtype=torch.float64)
    values = setting.at(positions)
    assert float(values[0]) == setting.low and math.isclose(float(values[-1]), setting.high)
    assert (values.diff() > 0).all()
    torch.testing.assert_close(setting.position(values), positions, rtol=0, atol=1e-12)
    steps = values.log().diff() if setting.logarithmic else values.diff()
    torch.testing.assert_close(steps, steps[:1].expand_as(steps))


@ALL
def test_begins_within_the_range(kind, setting):
    assert setting.low < setting.high and setting.low <= setting.default <= setting.high
    assert setting.neutral is None or setting.low <= setting.neutral <= setting.high
    assert math.isnan(setting.rest) if setting.neutral is None else -1e-9 <= setting.rest <= 1 + 1e-9
    assert not setting.logarithmic or setting.low > 0
    assert all(setting.low <= choice <= setting.high for choice in setting.choices)


@ALL
def test_ends_can_be_had_and_nothing_beyond(kind, setting):
    processor = made(kind)
    count = getattr(processor.panel, setting.name).numel()
    for value in (setting.low, setting.high):
        processor.set(**{setting.name: listed(setting, count, value)})
        got = torch.tensor(processor.values()[setting.name])
        assert torch.allclose(got, torch.tensor(0.0 if setting.cyclic else value))
    before = processor.values()
    wide = setting.high - setting.low
    beyond = [setting.low - 0.01 * wide, setting.high + 0.01 * wide, math.nan, math.inf, -math.inf]
    for value in beyond[2 if setting.cyclic else 0 :]:
        with pytest.raises(ConfigError) as error:
            processor.set(**{setting.name: listed(setting, count, value)})
        words = f"{kind}.{setting.name} goes from {setting.low:g} to {setting.high:g}"
        words = f"{kind}.{setting.name} is -1 or 1" if setting.choices else words
        words += f" {setting.unit}" if setting.unit else ""
        assert str(error.value) == f"{words}, and not {'' if setting.choices else 'to '}{value:g}"
    assert processor.values() == before


@ALL
def test_a_number_too_much_is_told(kind, setting):
    processor = made(kind)
    count = getattr(processor.panel, setting.name).numel()
    with pytest.raises(
        ConfigError, match=rf"{kind}\.{setting.name} wants {count} numbers, and got {count + 1}"
    ):
        processor.set(**{setting.name: [setting.default] * (count + 1)})


def test_one_number_for_many_is_told():
    with pytest.raises(ConfigError, match=r"room\.level_db wants 8 numbers, and got 1"):
        made("room").set(level_db=-3.0)


@pytest.mark.parametrize("kind", PROCESSORS)
def test_what_is_set_is_there(kind):
    processor, values = made(kind), by_chance(kind, 1)
    processor.set(**values)
    for name, value in processor.values().items():
        assert value == pytest.approx(values[name], rel=1e-6)


@pytest.mark.parametrize("kind", PROCESSORS)
def test_names_are_told_apart(kind):
    processor = made(kind)
    first = processor.settings[0].name
    with pytest.raises(ConfigError, match=f"{kind} has no setting called '{first}x'; did you mean '{first}'"):
        processor.set(**{first + "x": 0.0})
    assert len({setting.name for setting in processor.settings}) == len(processor.settings)


@pytest.mark.parametrize("given,kept", [(1.25, 0.25), (-0.25, 0.75), (7.0, 0.0), (1.0, 0.0), (0.5, 0.5)])
def test_a_phase_comes_around(given, kept):
    tremolo = made("tremolo")
    tremolo.set(phase=given)
    assert tremolo.values()["phase"] == kept


@pytest.mark.parametrize("kind", PROCESSORS)
def test_sizes(kind):
    sizes = PROCESSORS[kind].sizes
    if sizes is None:
        assert made(kind).size == 0
        with pytest.raises(ConfigError, match=f"{kind} comes in one size; leave the size out"):
            made(kind, size=3)
        return
    least, usual, most = sizes
    assert made(kind, size=0).size == usual and made(kind, size=least).size == least
    for size in (least - 1 or -1, most + 1, -5):
        with pytest.raises(ConfigError, match=f"the size of {kind} is {least} to {most}, and not {size}"):
            made(kind, size=size)


@pytest.mark.parametrize(
    "kind,size", [("phaser", 24), ("curve", 32), ("hall", 16), ("hall", 2), ("curve", 1)]
)
def test_largest_and_least_play(kind, size):
    processor = made(kind, size=size)
    y, _ = processor(torch.rand(1, 1, 500), processor.initial_state(1))
    assert y.isfinite().all() and y.abs().max() > 0.1


def test_units():
    units = {setting.unit for _, setting in SETTINGS}
    assert units == {"", "Hz", "dB", "ms", "s", "octaves"}
