"""What a .nam file tells of its model beside how to play it: who made it, of what, how loud it is and how true."""

import datetime
import math

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.export.nam.loudness import loudness_and_gain
from tonewright.export.nam.reading import DATE, LEVELS, MAX_WORDS, PROVENANCE
from tonewright.runtime.player import Player

GEAR = ("amp", "pedal", "pedal_amp", "amp_cab", "amp_pedal_cab", "preamp", "studio")
TONES = ("clean", "overdrive", "crunch", "hi_gain", "fuzz")
CHOICES = {"gear_type": GEAR, "tone_type": TONES}
MOST_DBU = 100.0  # either way; beyond that it is a slip of the pen


def metadata(player: Player, about: dict[str, str]) -> dict:
    """What the file will tell: what is known of the model, and over it what a person says.

    Args:
        player: of the model.
        about: words by name.

    Raises:
        ConfigError: a word that the file has no place for.
    """
    tone, said = player.tone, {name: _checked(name, value) for name, value in about.items()}
    told = {"date": _date(tone.provenance.get("date")), **_levels(player)}
    told |= {name: tone.provenance[name][:MAX_WORDS] for name in PROVENANCE if tone.provenance.get(name)}
    if math.isfinite(esr := tone.metrics.get("esr", math.nan)):
        told |= {"training": {"validation_esr": esr}}
    told |= said
    # in one order, so that what was read is written as it was
    return {name: told[name] for name in ("date", *LEVELS, *PROVENANCE, "training") if name in told}


def _levels(player: Player) -> dict[str, float]:
    """What is known of them, and where loudness or gain is not, as measured."""
    levels = {name: player.tone.levels.get(ours, math.nan) for name, ours in LEVELS.items()}
    known = {name: level for name, level in levels.items() if math.isfinite(level)}
    if {"loudness", "gain"} <= known.keys():
        return known
    loudness_db, gain = loudness_and_gain(player)
    return {"loudness": loudness_db, "gain": gain} | known


def _checked(name: str, value: str):
    """What a person said, as the file has it."""
    if name == "date":
        try:
            return _parts(datetime.datetime.fromisoformat(value))
        except ValueError:
            raise ConfigError(
                f"date is written as 2026-11-26 or 2026-11-26T20:15:00, and not as {value!r}"
            ) from None
    if name in CHOICES and value not in CHOICES[name]:
        raise ConfigError(f"{name} is no {value!r}{did_you_mean(value, CHOICES[name])}")
    if name in LEVELS:
        return _dbu(name, value)
    if len(value) > MAX_WORDS:
        raise ConfigError(f"{name} has at most {MAX_WORDS} characters, and this has {len(value)}")
    return value


def _dbu(name: str, value: str) -> float:
    try:
        level = float(value)
    except ValueError:
        level = math.nan
    if not abs(level) <= MOST_DBU:
        raise ConfigError(f"{name} is a number of dBu, such as 12.2, and not {value!r}")
    return level


def _date(known: str | None) -> dict[str, int]:
    """When the model was made, as far as we know, or now."""
    try:
        return _parts(datetime.datetime.fromisoformat(known))
    except (TypeError, ValueError):
        return _parts(datetime.datetime.now())


def _parts(date: datetime.datetime) -> dict[str, int]:
    return {name: getattr(date, name) for name in DATE}
