"""Models that are not taught: with a block and a latency of their own, too loud, or of several channels."""

from dataclasses import dataclass

import torch

from tonewright.layers.conv import Conv1d, Delay
from tonewright.models.base import Model, Port
from tonewright.models.wavenet import Config, Stack
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime.player import Player
from tonewright.storage import Tone


@dataclass(frozen=True)
class NoSettings:
    """A model without any."""


class Late(Model):
    """The sound `gain` times as loud and two samples late, in blocks of four."""

    inputs = outputs = 1
    block, latency, settle = 4, 2, 2

    def __init__(self, gain: float = 1.0):
        super().__init__()
        self.config, self.gain, self.delay = NoSettings(), gain, Delay(1, 2)

    def initial_state(self, batch):
        return self.delay.initial_state(batch)

    def forward(self, x, state):
        self.check(x)
        y, state = self.delay(x, state)
        return self.gain * y, state


class Gain(Model):
    """The sound times a knob, which moves in 20 ms."""

    inputs = outputs = 1
    ports = (Port("gain", maximum=2.0, default=1.0), Port("channels"), Port("model"))

    def __init__(self, block: int = 1):
        super().__init__()
        self.config, self.block = NoSettings(), block

    def forward(self, x, state, gain, channels, model):
        return x * gain, state


class Remembers(Model):
    """A constant at its start that is gone after `settle` samples of silence; the memory holds a million."""

    inputs = outputs = 1

    def __init__(self):
        super().__init__()
        self.config, self.conv = NoSettings(), Conv1d(1, 1, 2, dilation=1 << 20)
        self.settle = self.conv.settle

    def initial_state(self, batch):
        return [torch.ones_like(s) for s in self.conv.initial_state(batch)]

    def forward(self, x, state):
        return self.conv(x, state)


class Crossed(Model):
    """Left: the right channel plus 0.25, three samples late. Right: the left one and `amount` of the right."""

    inputs = outputs = 2
    settle = 3
    ports = (Port("amount"),)

    def __init__(self, config: NoSettings | None = None, block: int = 1):
        super().__init__()
        self.config, self.block, self.delay = config or NoSettings(), block, Delay(1, 3)

    def initial_state(self, batch):
        return self.delay.initial_state(batch)

    def forward(self, x, state, amount):
        self.check(x)
        left, right = x[:, :1], x[:, 1:]
        late, state = self.delay(right + 0.25, state)
        return torch.cat([late, left + amount * right], dim=1), state


class Spread(Model):
    """The sound on the left, and on the right the other way round and a sample late."""

    inputs, outputs, settle = 1, 2, 1

    def __init__(self, config: NoSettings | None = None, block: int = 1):
        super().__init__()
        self.config, self.block, self.delay = config or NoSettings(), block, Delay(1, 1)

    def initial_state(self, batch):
        return self.delay.initial_state(batch)

    def forward(self, x, state):
        self.check(x)
        late, state = self.delay(x, state)
        return torch.cat([x, -late], dim=1), state


class Middle(Model):
    """The mean of two channels."""

    inputs, outputs = 2, 1

    def __init__(self, config: NoSettings | None = None):
        super().__init__()
        self.config = config or NoSettings()

    def forward(self, x, state):
        return 0.5 * (x[:, :1] + x[:, 1:]), state


TINY = Config((Stack(2, (1, 2, 4)),))


def player(model: Model | None = None, rate: int = 48000) -> Player:
    """A player of this model, or of a small WaveNet."""
    return Player(Tone("wavenet", model or WaveNet(TINY), rate))
