"""What files tell of a model beside how to play it: in words, in levels, and at which rate it plays."""

import unicodedata

from tonewright.errors import ConfigError
from tonewright.export.fields import is_number, rate_of_sound, words
from tonewright.runtime.player import Player

MAX_WORDS = 200  # characters of anything that is told in words
USUAL_RATE = 44100  # Hz; of files of formats that tell none
ASSUMED = {"sample_rate": "assumed, for the file tells none"}  # among what is told of where a model is from
ESR = (0.0, 100.0)  # an error beyond it is a slip, and so is one below


def clean(told: str) -> str:
    """Words as a terminal and a file can show them, cut to what anybody reads.

    >>> clean("My\\x1b[31m amp\\n")
    'My [31m amp'
    """
    # control characters, halves of a character that is written as two, ends of lines, and what turns the line around
    odd, turns = ("Cc", "Cs", "Zl", "Zp"), ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    return "".join(
        " " if unicodedata.category(c) in odd or unicodedata.bidirectional(c) in turns else c
        for c in told[:MAX_WORDS]
    ).strip()


def kept(told: dict, names: dict[str, str]) -> dict[str, str]:
    """What is told in words, of those names, by our names of the same things; what is no words is left out.

    >>> kept({"author": "me", "style": 3}, {"author": "modeled_by", "style": "style"})
    {'modeled_by': 'me'}
    """
    rows = {ours: clean(told[name]) for name, ours in names.items() if isinstance(told.get(name), str)}
    return {ours: line for ours, line in rows.items() if line}


def within(value, bounds: tuple[float, float]) -> bool:
    """Whether it is a number that somebody may have meant.

    >>> within(0.02, ESR), within(-3, ESR), within("0.02", ESR)
    (True, False, False)
    """
    return is_number(value) and bounds[0] <= value <= bounds[1]


def said(name: str, told: str) -> str:
    """What a person tells of a model, which is refused and not cut when it is too long.

    Raises:
        ConfigError: when it is, or is no line of words.
    """
    if len(told) > MAX_WORDS:
        raise ConfigError(f"{name} has at most {MAX_WORDS} characters, and this has {len(told)}")
    if clean(told) != told:
        raise ConfigError(f"{name} is one line of plain words, and not {told!r}")
    return told


def rate_of(told: float | None, given: int | None, usual: int) -> int:
    """The rate in Hz at which a file plays.

    Args:
        told: by the file; None where it tells none.
        given: by a person, for files that tell none.
        usual: where nobody knows it.

    Raises:
        ConfigError: it is none, or a person wants another than the file tells.

    >>> rate_of(None, None, 44100), rate_of(48000.0, None, 44100)
    (44100, 48000)
    """
    if told is None:
        return rate_of_sound(usual if given is None else given)
    rate = rate_of_sound(told)
    if given not in (None, rate):
        raise ConfigError(f"it says itself that its sample rate is {rate} Hz; leave the rate out")
    return rate


def assumed(told: float | None, given: int | None) -> dict[str, str]:
    """What is told of where a model is from, when nobody knows its rate: neither its file nor a person.

    >>> assumed(None, None)["sample_rate"], assumed(48000, None)
    ('assumed, for the file tells none', {})
    """
    return dict(ASSUMED) if told is None and given is None else {}


def no_knobs(player: Player, title: str) -> None:
    """Refuse a model with knobs, for players of that title.

    Raises:
        ConfigError: when it has some.
    """
    if knobs := player.model.config.knobs:
        raise ConfigError(
            f"{title} players have no knobs, and this model has {words(knobs)}; teach it at one setting"
        )
