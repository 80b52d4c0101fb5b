"""What a .nm file tells of its model, with the limits that Neutone has."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.runtime.player import Player

LIMITS = {"name": 30, "summary": 150, "description": 500, "technical": 500, "version": 20, "citation": 300}
LISTS = {"author": (5, 100), "tags": (7, 15)}  # how many at most, and of how many characters each
LINKS = ("paper", "code", "website")  # three, as many as Neutone shows
ABOUT = ("name", "author", "summary", "description", "technical", "tags", "version", "citation", *LINKS)
KINDS = {
    "capture": "The sound of a device, learned from recordings of it.",
    "match": "A chain of effects, with settings that were found from recordings.",
    "instrument": "An instrument that plays what it hears sung or played.",
    "timbre": "A timbre that any sound can wear.",
    "import": "The sound of a device, as another program learned it.",
}


@dataclass(frozen=True)
class Card:
    """What is told of a model.

    Attributes:
        name, summary, description, technical, version, citation: words, of the lengths in LIMITS at most.
        author, tags: several of them.
        links: addresses by name.
    """

    name: str
    author: list[str]
    summary: str
    description: str
    technical: str
    tags: list[str]
    version: str
    citation: str
    links: dict[str, str]


def card_of(player: Player, about: dict[str, str]) -> Card:
    """What a person tells of a model; the rest from what is known of it.

    Args:
        player: of the model.
        about: by the names in ABOUT; of authors and tags several, separated by commas.

    Raises:
        ConfigError: something is longer than Neutone shows, or a link is no address.
    """
    known = {name: words[: LIMITS[name]] for name, words in _known(player).items()}
    words = known | {name: _checked(name, about[name]) for name in LIMITS if name in about}
    made_by = player.tone.provenance.get("author") or player.tone.provenance.get("modeled_by") or "unknown"
    return Card(
        **words,
        author=_several("author", about["author"]) if "author" in about else [made_by],
        tags=_several("tags", about["tags"]) if "tags" in about else [player.tone.architecture],
        links={name.capitalize(): _address(name, about[name]) for name in LINKS if name in about},
    )


def _known(player: Player) -> dict[str, str]:
    tone = player.tone
    kind = KINDS.get(models.verb_of(tone.architecture), "A learned sound.")
    preset = tone.provenance.get("preset", "")
    weights = sum(p.numel() for p in player.model.parameters())
    technical = f"A {tone.architecture} model of {weights:,} weights{f', preset {preset}' if preset else ''}"
    technical += f", that plays at {tone.sample_rate} Hz"
    technical += f" with an ESR of {tone.metrics['esr']:.4f}" if "esr" in tone.metrics else ""
    return {
        "name": tone.provenance.get("name") or " ".join(filter(None, (tone.architecture, preset))),
        "summary": kind,
        "description": kind,
        "technical": f"{technical}; made with tonewright.",
        "version": "1",
        "citation": "",
    }


def _checked(name: str, words: str) -> str:
    if len(words) > LIMITS[name]:
        raise ConfigError(
            f"Neutone shows {LIMITS[name]} characters of '{name}' at most, and these are {len(words)}; shorten it"
        )
    return words


def _address(name: str, words: str) -> str:
    """
    >>> _address("paper", "my thesis")
    Traceback (most recent call last):
    tonewright.errors.ConfigError: 'paper' is an address like https://example.org, and not 'my thesis'
    """
    try:
        address = urlsplit(words)
        fits = (
            address.scheme in ("http", "https") and bool(address.hostname) and not set(words) & set(" \t\r\n")
        )
    except ValueError:  # brackets that do not close
        fits = False
    if not fits:
        raise ConfigError(f"'{name}' is an address like https://example.org, and not '{words}'")
    return words


def _several(name: str, words: str) -> list[str]:
    """
    >>> _several("tags", "guitar, amp, guitar")
    ['guitar', 'amp']
    """
    (most, longest), found = LISTS[name], list(dict.fromkeys(filter(None, map(str.strip, words.split(",")))))
    if not 1 <= len(found) <= most:
        raise ConfigError(
            f"Neutone shows 1 to {most} in '{name}', separated by commas, and here are {len(found)}"
        )
    for word in found:
        if len(word) > longest:
            raise ConfigError(
                f"Neutone shows {longest} characters of each in '{name}' at most, and '{word}' has {len(word)}"
            )
    return found
