"""What a .nam file tells of its model beside how to play it: who made it, of what, how loud it is and how true."""

import datetime

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.export.facts import ESR, clean, said, within
from tonewright.export.nam.facts import DATE, LEVELS, PROVENANCE
from tonewright.export.nam.loudness import loudness_and_gain
from tonewright.runtime.player import Player

GEAR = ("amp", "pedal", "pedal_amp", "amp_cab", "amp_pedal_cab", "preamp", "studio")
TONES = ("clean", "overdrive", "crunch", "hi_gain", "fuzz")
CHOICES = {"gear_type": GEAR, "tone_type": TONES}


def metadata(player: Player, about: dict[str, str]) -> dict:
    """What the file will tell: what is known of the model, and over it what a person says.

    Args:
        player: of the model.
        about: words by name.

    Raises:
        ConfigError: a word that the file has no place for.
    """
    tone, spoken = player.tone, {name: _checked(name, value) for name, value in about.items()}
    told = {"date": _date(tone.provenance.get("date")), **_levels(player)}
    told |= {name: clean(str(tone.provenance[name])) for name in PROVENANCE if name in tone.provenance}
    if within(esr := tone.metrics.get("esr"), ESR):
        told |= {"training": {"validation_esr": esr}}
    told |= spoken
    # in one order, so that what was read is written as it was
    return {
        name: told[name]
        for name in ("date", *LEVELS, *PROVENANCE, "training")
        if told.get(name) not in (None, "")
    }


def _levels(player: Player) -> dict[str, float]:
    """What is known of them, and where loudness or gain is not, as measured."""
    levels = player.tone.levels
    known = {
        name: levels[ours] for name, (ours, bounds) in LEVELS.items() if within(levels.get(ours), bounds)
    }
    if {"loudness", "gain"} <= known.keys():
        return known
    loudness_db, gain = loudness_and_gain(player)
    return {"loudness": loudness_db, "gain": gain} | known


def _checked(name: str, value: str):
    """What a person said, as the file has it."""
    if name == "date":
        return _said_date(value)
    if name in CHOICES and value not in CHOICES[name]:
        raise ConfigError(f"{name} is no {value!r}{did_you_mean(value, CHOICES[name])}")
    if name in LEVELS:
        return _dbu(name, value)
    return said(name, value)


def _said_date(value: str) -> dict[str, int]:
    try:
        date = datetime.datetime.fromisoformat(value)
    except ValueError:
        date = None
    if date is None or date.tzinfo:
        raise ConfigError(f"date is written as 2026-11-26 or 2026-11-26T20:15:00, and not as {value!r}")
    return _parts(date)


def _dbu(name: str, value: str) -> float:
    try:
        level = float(value)
    except ValueError:
        level = None
    if not within(level, LEVELS[name][1]):
        raise ConfigError(f"{name} is a number of dBu, such as 12.2, and not {value!r}")
    return level


def _date(known: str | None) -> dict[str, int] | None:
    """When the model was made, which is left out where nobody knows: the same model makes the same file."""
    try:
        return _parts(datetime.datetime.fromisoformat(known))
    except (TypeError, ValueError):
        return None


def _parts(date: datetime.datetime) -> dict[str, int]:
    return {name: getattr(date, name) for name in DATE}
