"""A chain of processors, as a model."""

from torch import Tensor, nn

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.layers.base import State
from tonewright.models.base import Curve, Impulse, Model, Row
from tonewright.models.chain import curves, impulse, table
from tonewright.models.chain.config import Config
from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors import PROCESSORS

SETTLING_S = 0.5  # seconds: what a DC blocker at 10 Hz takes to forget a constant, to 1e-13


class Chain(Model):
    """x [B, channels, T] through one processor after another, to [B, outputs, T].

    Attributes:
        processors: by name, in the order that the sound runs through them.

    >>> import torch
    >>> from tonewright.models.chain import Link
    >>> chain = Chain(Config((Link("gain"), Link("highpass"))))
    >>> chain.set({"gain.gain_db": -6.0})
    >>> chain.values()["gain"]
    {'gain_db': -6.0}
    >>> y, state = chain(torch.zeros(1, 1, 64), chain.initial_state(1))
    """

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.inputs = channels = config.channels
        self.settle = self._settling(config)
        self.processors = nn.ModuleDict()
        for name, link in zip(config.names, config.links, strict=True):
            made = PROCESSORS[link.kind](config.sample_rate, channels, link.size, -self.settle)
            self.processors[name] = made
            channels = made.outputs
        self.outputs = channels
        self.latency = sum(made.latency for made in self.processors.values())
        self.counts = [made.state_count for made in self.processors.values()]

    def initial_state(self, batch: int) -> State:
        return [memory for made in self.processors.values() for memory in made.initial_state(batch)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        after, first = [], 0
        for made, count in zip(self.processors.values(), self.counts, strict=True):
            x, memory = made(x, state[first : first + count])
            after += memory
            first += count
        return x, after

    def lined_up(self, dry: Tensor) -> Tensor:
        """What it makes of a whole sound [C, T] after it has settled, without the samples by which it is late."""
        x = nn.functional.pad(dry, (self.settle, self.latency))[None]
        return self(x, self.initial_state(1))[0][0, :, self.settle + self.latency :]

    def values(self) -> dict[str, dict]:
        """All settings in their units, by processor and name."""
        return {name: made.values() for name, made in self.processors.items()}

    def set(self, changes: dict[str, float]) -> None:
        """Turn settings, named "processor.setting".

        Raises:
            ConfigError: no such processor or setting, or a value out of its range.
        """
        for place, value in changes.items():
            processor, name = self.find(place)
            processor.set(**{name: value})

    def find(self, place: str) -> tuple[Processor, str]:
        """The processor and the name of the setting at "compressor.ratio".

        Raises:
            ConfigError: when there is none.
        """
        who, dot, name = place.partition(".")
        if not dot:
            raise ConfigError(
                f"a setting of a chain is named processor.setting, such as gain.gain_db, and not '{place}'"
            )
        if who not in self.processors:
            raise ConfigError(
                f"no processor called '{who}' in this chain{did_you_mean(who, self.processors)}"
            )
        self.processors[who].setting(name)
        return self.processors[who], name

    @property
    def nonlinear(self) -> str:
        bent = ((name, made.nonlinear) for name, made in self.processors.items())
        return next((f"its {name} {why}" for name, why in bent if why), "")

    def impulse(self, longest: int) -> Impulse:
        self.check_linear()
        return impulse.impulse(list(self.processors.values()), self.inputs, longest)

    def curves(self) -> list[Curve]:
        return curves.curves(self.processors)

    def table(self) -> list[Row]:
        return table.table(self.processors)

    @staticmethod
    def _settling(config: Config) -> int:
        """Without what makes sound of silence or begins somewhere, all memories begin as silence leaves them."""
        kinds = [PROCESSORS[link.kind] for link in config.links]
        begins = any(kind.begins for kind in kinds[:-1])
        seconds = max(SETTLING_S if begins else 0.0, *(kind.settle_s for kind in kinds))
        return round(seconds * config.sample_rate)
