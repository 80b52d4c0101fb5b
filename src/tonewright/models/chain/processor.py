"""What all processors of a chain are: layers with settings in the units that people know."""

from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State
from tonewright.models.chain.setting import Setting


class Processor(Layer):
    """A layer whose settings are its only weights, each a number in its unit.

    A processor is built at a rate, because a cutoff and an attack are in Hz and ms, and from the layers that it is
    made of. What a setting means for them is computed in `forward`, so that it can be differentiated; a player gets
    the result of that.

    Attributes:
        kind: the word that people name it by, "compressor".
        settings: what can be turned, in panel order.
        sizes: the least, usual and largest size, of a processor that comes in several; None for others. Stages of a
            phaser, samples of a response.
        panel: the settings, each a weight by its name, in its unit.
        begins: whether it makes sound of silence (an offset): those behind it then have to settle.
        nonlinear: why what it does cannot be said by its response to a click, as words that follow its name; "" when
            it can: beside the constant of one that begins, what it makes of two sounds together is then what it makes
            of each, and the same at any time.
        moves: whether its sound depends on when it began (an LFO).
        reach_s: seconds by which it can delay all of the sound.
        diffuse: whether it is a room that is made up, whose every reflection cannot be that of another.
        past_s: seconds of what came before that its sound depends on.
        settle_s: seconds of silence after which it is as if it had been on for ever.

    Args:
        sample_rate: in Hz.
        channels: of its input.
        size: 0 for the usual one.
        start: number of the first sample that it will be given, for one that moves.
    """

    kind: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]] = ()
    sizes: ClassVar[tuple[int, int, int] | None] = None
    begins: ClassVar[bool] = False
    nonlinear: ClassVar[str] = "is not known to be linear"
    moves: ClassVar[bool] = False
    reach_s: ClassVar[float] = 0.0
    diffuse: ClassVar[bool] = False
    past_s: ClassVar[float] = 0.0
    settle_s: ClassVar[float] = 0.0

    def __init__(self, sample_rate: int, channels: int = 1, size: int = 0, start: int = 0):
        super().__init__()
        self.sample_rate, self.inputs, self.outputs, self.start = sample_rate, channels, channels, start
        self.size = self.checked_size(size)
        # apart, for a layer has a ratio of its own, and a compressor has one too
        self.panel = nn.Module()
        for setting in self.settings:
            shape = () if setting.count == 1 else (setting.count or self.size,)
            made = torch.full(shape, float(setting.default))
            self.panel.register_parameter(setting.name, nn.Parameter(made))
        self.parts = nn.ModuleList()
        self.build()

    def build(self) -> None:
        """Make the layers that it consists of, with `self.add`."""

    def add(self, layer: Layer) -> Layer:
        """One more layer that it consists of; their memories are its memory, in this order."""
        self.parts.append(layer)
        return layer

    def initial_state(self, batch: int) -> State:
        return [memory for part in self.parts for memory in part.initial_state(batch)]

    def taps(self) -> Tensor | None:
        """The whole response to a click, [N], of one that has it at hand and does the same to every channel."""
        return None

    def values(self) -> dict[str, float | list[float]]:
        """The settings, by name, in their units."""
        return {s.name: getattr(self.panel, s.name).detach().double().tolist() for s in self.settings}

    def set(self, **values: float | Iterable[float]) -> None:
        """Turn settings.

        Raises:
            ConfigError: no such setting, or a value that it cannot have.
        """
        for name, value in values.items():
            setting = self.setting(name)
            parameter = getattr(self.panel, name)
            wanted = [*value] if isinstance(value, Iterable) else [value]
            if len(wanted) != parameter.numel():
                raise ConfigError(
                    f"{self.kind}.{name} wants {parameter.numel()} numbers, and got {len(wanted)}"
                )
            numbers = torch.tensor([float(number) for number in wanted], dtype=torch.float64)
            with torch.no_grad():
                parameter.copy_(setting.checked(self.kind, numbers).reshape(parameter.shape))

    @classmethod
    def setting(cls, name: str) -> Setting:
        """The setting of that name.

        Raises:
            ConfigError: when there is none.
        """
        found = next((s for s in cls.settings if s.name == name), None)
        if found is None:
            known = did_you_mean(name, [s.name for s in cls.settings])
            raise ConfigError(f"{cls.kind} has no setting called '{name}'{known}")
        return found

    @classmethod
    def checked_size(cls, size: int) -> int:
        """The size, or the usual one for 0.

        Raises:
            ConfigError: one that it does not come in.
        """
        if cls.sizes is None:
            if size:
                raise ConfigError(f"{cls.kind} comes in one size; leave the size out")
            return 0
        least, usual, most = cls.sizes
        if size and not least <= size <= most:
            raise ConfigError(f"the size of {cls.kind} is {least} to {most}, and not {size}")
        return size or usual

    def _load_from_state_dict(self, state_dict, prefix, *others) -> None:
        """Refuse settings of a file that nobody could have turned there; see torch.nn.Module."""
        for setting in self.settings:
            key = f"{prefix}panel.{setting.name}"
            if key in state_dict:
                state_dict[key] = setting.checked(self.kind, state_dict[key])
        super()._load_from_state_dict(state_dict, prefix, *others)


def gain_of(db: Tensor) -> Tensor:
    """Decibels to a factor, differentiable."""
    return torch.exp(db * DB)


DB = 0.11512925464970229  # ln(10) / 20
