"""The settings of a chain: which processors stand in a row. Where they are turned to is in its weights."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.models.chain.processors import PROCESSORS

MAX_LINKS, MAX_RATE = 32, 1_000_000  # a file from a stranger may ask for no more
SPOKEN = re.compile(r"([a-z0-9-]+)(?:\[(\d+)\])?")


@dataclass(frozen=True)
class Link:
    """One processor of a chain.

    Attributes:
        kind: of PROCESSORS.
        size: 0 for the usual one, of a processor that comes in several.
    """

    kind: str
    size: int = 0

    def __post_init__(self):
        if self.kind not in PROCESSORS:
            raise ConfigError(f"no processor called '{self.kind}'{did_you_mean(self.kind, PROCESSORS)}")
        PROCESSORS[self.kind].checked_size(self.size)

    def sized(self, values: Mapping[str, object]) -> "Link":
        """The one that can be turned to these values: where no size is told, as many numbers as there are tell it.

        >>> Link("response").sized({"taps": [1.0, 0.5]})
        Link(kind='response', size=2)
        """
        each = (values.get(setting.name) for setting in PROCESSORS[self.kind].settings if setting.count == 0)
        told = next((len(value) for value in each if isinstance(value, list)), 0)
        usual = told == PROCESSORS[self.kind].checked_size(0)
        return self if self.size or usual else Link(self.kind, told)


@dataclass(frozen=True)
class Config:
    """A chain of processors. Without arguments: the "standard" preset.

    Attributes:
        links: in the order that the sound runs through them.
        channels: of the sound that comes in, 1 or 2.
        sample_rate: that it is built at, in Hz.
    """

    links: tuple[Link, ...] = (Link("gain"), Link("eq"), Link("compressor"))
    channels: int = 1
    sample_rate: int = 44100

    def __post_init__(self):
        if not 1 <= len(self.links) <= MAX_LINKS:
            raise ConfigError(f"a chain has 1 to {MAX_LINKS} processors, and not {len(self.links)}")
        if self.channels not in (1, 2):
            raise ConfigError(f"a chain hears 1 channel or 2, and not {self.channels}")
        if not 1000 <= self.sample_rate <= MAX_RATE:
            raise ConfigError(f"the rate of a chain is 1000 to {MAX_RATE} Hz, and not {self.sample_rate}")

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each processor: its kind, with a number when there are several of it.

        >>> Config((Link("eq"), Link("tanh"), Link("eq"))).names
        ('eq1', 'tanh', 'eq2')
        """
        counts, seen = Counter(link.kind for link in self.links), Counter()
        names = []
        for link in self.links:
            seen[link.kind] += 1
            names.append(f"{link.kind}{seen[link.kind]}" if counts[link.kind] > 1 else link.kind)
        return tuple(names)


def reach_s(config: Config) -> float:
    """Seconds by which a chain can delay all of the sound.

    >>> reach_s(Config((Link("gain"), Link("chorus"))))
    0.06
    """
    return sum(PROCESSORS[link.kind].reach_s for link in config.links)


def spoken(text: str) -> tuple[Link, ...]:
    """The processors that a person names: "gain,eq,phaser[6]", where a number in brackets is a size.

    Raises:
        ConfigError: what is not written so, or a processor that there is none of.

    >>> spoken("gain, phaser[6]")
    (Link(kind='gain', size=0), Link(kind='phaser', size=6))
    """
    links = []
    for word in text.split(","):
        match = SPOKEN.fullmatch(word.strip())
        if not match:
            raise ConfigError(
                f"a chain is written as processors with commas between them, such as gain,eq,compressor, and not "
                f"as '{text}'"
            )
        links.append(Link(match[1], int(match[2] or 0)))
    return tuple(links)


PRESETS = {
    "standard": Config(),
    "channel": Config(tuple(map(Link, ("highpass", "eq", "compressor", "gain")))),
    "drive": Config(tuple(map(Link, ("highpass", "tanh", "eq", "gain")))),
    "movement": Config(tuple(map(Link, ("tremolo", "chorus", "phaser")))),
    "space": Config(tuple(map(Link, ("echo", "hall", "pan")))),
}
